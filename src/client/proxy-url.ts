// The URL of a proxy, taken apart: which protocol, where, and as whom.
// RFC 3986 §3.2.1 (user information), RFC 7617 §2 (Basic), RFC 1929 (SOCKS).

import { typeError } from '../codec/errors.ts'

/** Scheme → the port where the URL has none. */
const ports = { 'http:': 80, 'https:': 443, 'socks5:': 1080, 'socks5h:': 1080 } as const

/** A proxy to go through. */
export interface ProxyServer {
  readonly scheme: keyof typeof ports
  /** Lower case, an IPv6 address without brackets. */
  readonly hostname: string
  /** 1..65535 */
  readonly port: number
  /** Percent-decoded bytes; undefined when the URL has neither a user nor a password. */
  readonly credentials: { readonly user: Uint8Array; readonly password: Uint8Array } | undefined
}

/**
 * Takes the URL of a proxy apart. Path, query and fragment mean nothing.
 *
 * @throws TypeError ERR_WS_ARGUMENT; its message leaves the URL out, which may have a password
 */
export function parseProxyUrl(input: string | { readonly href: string }): ProxyServer {
  const url = parse(typeof input === 'string' ? input : String(input?.href))
  if (url === undefined) throw typeError('proxy must be a URL')
  if (!(url.protocol in ports)) {
    throw typeError('the scheme of the proxy must be http, https, socks5 or socks5h')
  }
  const scheme = url.protocol as keyof typeof ports
  // Only of schemes that it knows does the parser bring the host into its own form.
  const host = url.host === '' ? undefined : parse(`http://${url.hostname}`)
  if (host === undefined) throw typeError('the proxy must have a host')
  const port = url.port === '' ? ports[scheme] : Number(url.port)
  if (port === 0) throw typeError('the port of the proxy must not be 0')
  return {
    scheme,
    hostname: host.hostname.replace(/^\[(.*)\]$/, '$1'),
    port,
    credentials: credentialsOf(url),
  }
}

function credentialsOf({ protocol, username, password }: URL): ProxyServer['credentials'] {
  if (username === '' && password === '') return undefined
  const credentials = { user: percentDecode(username), password: percentDecode(password) }
  if (protocol.startsWith('socks')) {
    if (credentials.user.length === 0 || credentials.user.length > 255) {
      throw typeError('the user of a SOCKS proxy must have 1 to 255 bytes')
    }
    if (credentials.password.length > 255) {
      throw typeError('the password of a SOCKS proxy must have at most 255 bytes')
    }
  } else if (credentials.user.includes(0x3a)) {
    // Basic could not tell it from the colon before the password.
    throw typeError('the user of a proxy must have no colon')
  }
  return credentials
}

/** Bytes, as they need not be UTF-8; what is no escape stands for itself. */
function percentDecode(text: string): Uint8Array {
  const latin1 = text.replace(/%([0-9A-Fa-f]{2})/g, (_, digits) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  )
  return Buffer.from(latin1, 'latin1')
}

function parse(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}
