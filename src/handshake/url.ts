// A ws or wss URL, taken apart for the request and for the socket under it.
// RFC 6455 §3.

import { typeError } from '../codec/errors.ts'

/** What a URL says about where to go and what to ask for. */
export interface WebSocketUrl {
  /** wss: TLS below. */
  readonly secure: boolean
  /** For the Host field: lower case, an IPv6 address in brackets, the port only where it is not the scheme's own. */
  readonly host: string
  /** For the resolver and the certificate: as `host` without port and without brackets. */
  readonly hostname: string
  /** 1..65535 */
  readonly port: number
  /** For the request line: path and query. */
  readonly target: string
}

/**
 * Takes a URL apart. `url` is parsed as the web platform does; a fragment and user information are refused, and so are
 * control characters, which that parser would drop or encode.
 *
 * @throws TypeError ERR_WS_URL
 */
export function parseUrl(url: string | { readonly href: string }): WebSocketUrl {
  const text = typeof url === 'string' ? url : String(url?.href)
  const parsed = hasControl(text) ? undefined : parse(text)
  if (parsed === undefined) throw malformed('it is no URL')
  const secure = parsed.protocol === 'wss:'
  if (!secure && parsed.protocol !== 'ws:') throw malformed('the scheme must be ws or wss')
  // An empty fragment shows only here.
  if (parsed.href.includes('#')) throw malformed('it must have no fragment')
  if (parsed.username !== '' || parsed.password !== '') throw malformed('it must have no user information')
  const port = parsed.port === '' ? (secure ? 443 : 80) : Number(parsed.port)
  if (port === 0) throw malformed('the port must not be 0')
  return {
    secure,
    host: parsed.host,
    hostname: parsed.hostname.replace(/^\[(.*)\]$/, '$1'),
    port,
    target: parsed.pathname + parsed.search,
  }
}

function parse(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || code === 0x7f) return true
  }
  return false
}

/** The URL itself is left out of the message: its query may hold a secret. */
function malformed(why: string): TypeError {
  return typeError(`malformed ws or wss URL: ${why}`, 'ERR_WS_URL')
}
