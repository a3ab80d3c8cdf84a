// Which web pages may connect: the Origin of a request against the server's own host or a list of origins.
// RFC 6455 §10.2, RFC 6454 §7 (Origin), RFC 9110 §7.2 (Host).

import { typeError } from '../codec/errors.ts'
import { type Field, valuesOf } from './fields.ts'
import { parseAuthority } from './target.ts'
import { asciiLowerCase } from './tokens.ts'

/**
 * An origin that may connect (RFC 6454 §7).
 *
 * - `'https://app.example'`, `'http://localhost:3000'`: this origin. Without a port: the scheme's own.
 * - `'app.example'`, `'localhost:3000'`: this host, whatever the scheme.
 * - `'*.example.com'`, `'https://*.example.com'`: every host below it, not the host itself.
 * - a RegExp: tested on the origin in lower case without its default port. It never sees `null`.
 * - `'null'`: pages without an origin of their own (sandboxed frames, files).
 * - `'*'`: every origin, `null` too.
 */
export type OriginPattern = string | RegExp

/** Says of a request's fields whether its origin may connect. */
export type OriginCheck = (fields: readonly Field[]) => boolean

interface Origin {
  /** Lower case, default port removed. */
  readonly text: string
  readonly scheme: string
  readonly host: string
  readonly port: number | undefined
}

type Matcher = (origin: Origin, fields: readonly Field[]) => boolean

const defaultPorts = new Map([
  ['http', 80],
  ['https', 443],
  ['ws', 80],
  ['wss', 443],
])

const opaque: Origin = { text: 'null', scheme: '', host: '', port: undefined }

/**
 * Makes the check of a server. A request without Origin comes from no web page and passes; an unparsable Origin or two
 * of them never do.
 *
 * Without `origins` the Origin's host and port must be those of Host; the scheme is not compared, as a proxy may have
 * taken the TLS away. With `origins` only these pass, the server's own host no more than any other: that comparison
 * says nothing where an attacker's name points to the server (DNS rebinding).
 *
 * @throws TypeError ERR_WS_ARGUMENT for a pattern that is none
 */
export function originCheck(origins?: readonly OriginPattern[]): OriginCheck {
  const matchers = origins === undefined ? [isSameHost] : origins.map(matcherOf)
  return (fields) => {
    const [text, ...others] = valuesOf(fields, 'origin')
    if (text === undefined) return true
    if (others.length > 0) return false
    const origin = text === opaque.text ? opaque : parseOrigin(text)
    return origin !== undefined && matchers.some((matches) => matches(origin, fields))
  }
}

function parseOrigin(text: string): Origin | undefined {
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/.exec(asciiLowerCase(text)) ?? []
  const authority = rest === undefined ? undefined : parseAuthority(rest)
  if (scheme === undefined || authority === undefined) return undefined
  const port = portOf(scheme, authority.port)
  const { host } = authority
  return { text: `${scheme}://${host}${port === undefined ? '' : `:${port}`}`, scheme, host, port }
}

/** `port`, or undefined where it is the one that the scheme has anyway. */
function portOf(scheme: string, port: number | undefined): number | undefined {
  return port === defaultPorts.get(scheme) ? undefined : port
}

function isSameHost(origin: Origin, fields: readonly Field[]): boolean {
  const [host, ...others] = valuesOf(fields, 'host')
  if (origin === opaque || host === undefined || others.length > 0) return false
  const own = parseAuthority(host)
  return own !== undefined && own.host === origin.host && portOf(origin.scheme, own.port) === origin.port
}

function matcherOf(pattern: OriginPattern): Matcher {
  if (pattern instanceof RegExp) {
    // search() pays no heed to lastIndex, so that a pattern with the flag g has no memory.
    return (origin) => origin !== opaque && origin.text.search(pattern) >= 0
  }
  if (pattern === '*') return () => true
  if (pattern === opaque.text) return (origin) => origin === opaque
  const [, scheme, wildcard, rest] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(\*\.)?([^*]+)$/i.exec(pattern) ?? []
  const authority = rest === undefined ? undefined : parseAuthority(rest)
  if (authority === undefined) {
    throw typeError(`not an origin or a pattern of origins: ${JSON.stringify(pattern)}`)
  }
  const isHost = wildcard
    ? (host: string) => host.length > authority.host.length + 1 && host.endsWith(`.${authority.host}`)
    : (host: string) => host === authority.host
  const wantedScheme = scheme && asciiLowerCase(scheme)
  return (origin) =>
    origin !== opaque &&
    (wantedScheme === undefined || origin.scheme === wantedScheme) &&
    isHost(origin.host) &&
    portOf(origin.scheme, authority.port) === origin.port
}
