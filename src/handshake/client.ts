// The client's side of the opening handshake: build the request, judge the response. Without I/O and without waiting.
// RFC 6455 §4.1.

import { typeError } from '../codec/errors.ts'
import { acceptKey, isWebSocketKey } from './accept-key.ts'
import { BadHandshakeError } from './bad-handshake-error.ts'
import { type ExtensionOffer, formatExtensions, parseExtensions } from './extension-header.ts'
import { applicationFields, type Field, fieldsOf, type HeaderInput, onlyValue, valuesOf } from './fields.ts'
import type { ResponseHead } from './head-parser.ts'
import { formatMessage } from './head-writer.ts'
import { checkSubprotocols } from './subprotocol.ts'
import { isOriginForm, parseAuthority } from './target.ts'
import { asciiLowerCase, hasToken } from './tokens.ts'
import type { WebSocketUrl } from './url.ts'

/** What a client offers; {@link judgeResponse} holds the server to it. */
export interface ClientOffer {
  /** Sec-WebSocket-Key, by {@link makeKey}. */
  readonly key: string
  /** The one that the client likes best first; different tokens. Default: none. */
  readonly subprotocols?: readonly string[]
  /** The one that the client likes best first. Default: none. */
  readonly extensions?: readonly ExtensionOffer[]
}

/** What a request is made of. */
export interface RequestParts extends ClientOffer {
  /**
   * Of the application. `Host` replaces that of the URL; those of the handshake itself are not taken. Default: none.
   */
  readonly headers?: HeaderInput
  /** The Origin field, for clients that act for a page; default none. */
  readonly origin?: string
}

/** What both sides agreed on. */
export interface Agreement {
  /** '' when the server chose none. */
  readonly subprotocol: string
  /** Granted extensions in the server's order, each of a name that was offered, none twice; parameters unchecked. */
  readonly extensions: readonly ExtensionOffer[]
}

/**
 * Bytes of the request (RFC 6455 §4.1).
 *
 * @param url by {@link parseUrl}
 * @throws TypeError ERR_WS_HEADER for a header that is malformed or of the handshake itself and for an extension that
 *   is no token, ERR_WS_ARGUMENT for a key that {@link makeKey} does not make and for a subprotocol that is no token or
 *   there twice, ERR_WS_URL for parts of a URL that {@link parseUrl} does not make
 */
export function buildRequest(url: WebSocketUrl, parts: RequestParts): Uint8Array {
  const { key, subprotocols = [], extensions = [], headers = [], origin } = parts
  if (!isWebSocketKey(key)) throw typeError('the key must be the base64 of 16 bytes')
  if (!isOriginForm(url.target) || parseAuthority(url.host) === undefined) {
    throw typeError('malformed host or target', 'ERR_WS_URL')
  }
  checkSubprotocols(subprotocols)
  const given = applicationFields(headers)
  const fields: Field[] = [
    ['Host', hostOf(given) ?? url.host],
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Key', key],
    ['Sec-WebSocket-Version', '13'],
  ]
  if (subprotocols.length > 0) fields.push(['Sec-WebSocket-Protocol', subprotocols.join(', ')])
  if (extensions.length > 0) fields.push(['Sec-WebSocket-Extensions', formatExtensions(extensions)])
  if (origin !== undefined) fields.push(...originField(origin, given))
  fields.push(...given.filter(([name]) => asciiLowerCase(name) !== 'host'))
  return formatMessage(`GET ${url.target} HTTP/1.1`, fields)
}

function hostOf(given: readonly Field[]): string | undefined {
  const hosts = valuesOf(given, 'Host')
  if (hosts.length > 1) throw typeError('duplicate header not allowed: Host', 'ERR_WS_HEADER')
  if (hosts.length === 1 && parseAuthority(hosts[0]!) === undefined) {
    throw typeError('invalid value of the header Host', 'ERR_WS_HEADER')
  }
  return hosts[0]
}

function originField(origin: string, given: readonly Field[]): Field[] {
  if (valuesOf(given, 'Origin').length > 0) {
    throw typeError('duplicate header not allowed: Origin', 'ERR_WS_HEADER')
  }
  return fieldsOf([['Origin', origin]])
}

/**
 * Judges the head of the response (RFC 6455 §4.1). Where the client offered subprotocols and the server chose none, the
 * connection opens without one.
 *
 * @param offer the one that the request was built of
 * @param body beginning of the body of a response that is no 101, for the error; default none
 * @throws BadHandshakeError ERR_WS_BAD_HANDSHAKE
 */
export function judgeResponse(head: ResponseHead, offer: ClientOffer, body?: Uint8Array): Agreement {
  const fault = responseFault(head, offer)
  if (fault !== undefined) throw new BadHandshakeError(fault, head, body)
  return {
    subprotocol: valuesOf(head.fields, 'Sec-WebSocket-Protocol')[0] ?? '',
    extensions: grantedExtensions(head) ?? [],
  }
}

/** What is wrong with the response, by the items of RFC 6455 §4.1. */
function responseFault(head: ResponseHead, offer: ClientOffer): string | undefined {
  const values = (name: string) => valuesOf(head.fields, name)
  if (head.status !== 101) return `the server answered with status ${head.status}`
  if (head.httpVersion !== '1.1') return 'the HTTP version must be 1.1'
  if (!hasToken(values('Upgrade'), 'websocket')) return 'the Upgrade field must have the token websocket'
  if (!hasToken(values('Connection'), 'upgrade')) return 'the Connection field must have the token upgrade'

  if (onlyValue(head.fields, 'Sec-WebSocket-Accept') !== acceptKey(offer.key))
    return 'wrong or missing Sec-WebSocket-Accept'

  const [subprotocol, ...otherSubprotocols] = values('Sec-WebSocket-Protocol')
  if (otherSubprotocols.length > 0) return 'more than one Sec-WebSocket-Protocol'
  if (subprotocol !== undefined && !offer.subprotocols?.includes(subprotocol)) {
    return 'the server chose a subprotocol that was not offered'
  }

  const granted = grantedExtensions(head)
  if (granted === undefined) return 'malformed Sec-WebSocket-Extensions'
  const names = granted.map(({ name }) => name)
  const offered = offer.extensions?.map(({ name }) => name) ?? []
  if (!names.every((name) => offered.includes(name)))
    return 'the server chose an extension that was not offered'
  if (new Set(names).size < names.length) return 'the server chose an extension twice'
  return undefined
}

/** Extensions of the response; undefined when the field breaks the grammar or is there twice (RFC 6455 §11.3.2). */
function grantedExtensions(head: ResponseHead): ExtensionOffer[] | undefined {
  const [value, ...others] = valuesOf(head.fields, 'Sec-WebSocket-Extensions')
  if (others.length > 0) return undefined
  return value === undefined ? [] : parseExtensions(value)
}
