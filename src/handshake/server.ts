// The server's side of the opening handshake: judge a request, build the 101. Without I/O and without waiting.
// RFC 6455 §4.2; refusals beyond it are RFC 9112's (Host, body) and those that keep other protocols out.

import { typeError } from '../codec/errors.ts'
import { acceptKey, isWebSocketKey } from './accept-key.ts'
import { type ExtensionOffer, formatExtensions, parseExtensions } from './extension-header.ts'
import { applicationFields, type Field, type HeaderInput, onlyValue, valuesOf } from './fields.ts'
import { MAX_HEAD_FIELDS, type RequestHead } from './head-parser.ts'
import { formatMessage } from './head-writer.ts'
import { type Refusal, refuse } from './refusal.ts'
import { type RequestFields, requestFields } from './request-fields.ts'
import { chooseSubprotocol, parseSubprotocols } from './subprotocol.ts'
import { isOriginForm, parseAuthority } from './target.ts'
import { hasToken, isToken } from './tokens.ts'

/** What a server wants of a request. */
export interface RequestPolicy {
  /** Subprotocols that the server speaks, the one it likes best first. Default: none. */
  readonly subprotocols?: readonly string[]
}

/** A request that can be answered with 101. */
export interface Acceptance {
  /** Sec-WebSocket-Key */
  readonly key: string
  /** The one chosen; '' for none. */
  readonly subprotocol: string
  /** All that the client offers, in its order. */
  readonly offeredSubprotocols: readonly string[]
  /** Extensions that the client offers, in its order; none is granted yet. */
  readonly extensions: readonly ExtensionOffer[]
}

/**
 * Whether a request asks for an upgrade to WebSocket; nothing else is checked. gorilla's IsWebSocketUpgrade.
 *
 * @param request its fields, or Node's IncomingMessage
 */
export function isWebSocketUpgrade(request: RequestFields): boolean {
  const fields = requestFields(request)
  return (
    hasToken(valuesOf(fields, 'Upgrade'), 'websocket') && hasToken(valuesOf(fields, 'Connection'), 'upgrade')
  )
}

/**
 * Judges the head of a request (RFC 6455 §4.2.1). A {@link Refusal} is told by its `status`. Never throws for what a
 * peer sent. The origin and whatever the application wants to know are to be checked by the caller, before it answers.
 */
export function judgeRequest(head: RequestHead, policy: RequestPolicy = {}): Acceptance | Refusal {
  const { fields } = head
  // First, as everything below walks the fields, and a longer list may have been cut off by the HTTP server.
  if (fields.length > MAX_HEAD_FIELDS) return refuse(400, `more than ${MAX_HEAD_FIELDS} header fields`)
  const fault = httpFault(head) ?? upgradeFault(fields)
  if (fault !== undefined) return fault

  const key = onlyValue(fields, 'Sec-WebSocket-Key')
  if (!isWebSocketKey(key)) {
    return refuse(400, 'Sec-WebSocket-Key must be the base64 of 16 bytes')
  }
  const offeredSubprotocols = parseSubprotocols(valuesOf(fields, 'Sec-WebSocket-Protocol'))
  if (offeredSubprotocols === undefined) return refuse(400, 'malformed Sec-WebSocket-Protocol')
  const extensionValues = valuesOf(fields, 'Sec-WebSocket-Extensions')
  const extensions = extensionValues.length === 0 ? [] : parseExtensions(extensionValues.join(', '))
  if (extensions === undefined) return refuse(400, 'malformed Sec-WebSocket-Extensions')
  const subprotocol = chooseSubprotocol(policy.subprotocols ?? [], offeredSubprotocols)
  return { key, subprotocol, offeredSubprotocols, extensions }
}

/** What is wrong with the request as one of HTTP/1.1. */
function httpFault({ method, target, httpVersion, fields }: RequestHead): Refusal | undefined {
  if (httpVersion !== '1.1') return refuse(400, 'the HTTP version must be 1.1')
  if (method !== 'GET') return refuse(405, 'the method must be GET', [['Allow', 'GET']])
  // An absolute-form would name another host than Host does; whoever forwards by it can be sent anywhere.
  if (!isOriginForm(target)) return refuse(400, 'the request target must be a path')
  if (parseAuthority(onlyValue(fields, 'Host')) === undefined) {
    return refuse(400, 'there must be one Host field with a host')
  }
  // A body would arrive where the first frames are expected.
  const isBodyless = valuesOf(fields, 'Content-Length').every((length) => /^0+$/.test(length))
  if (!isBodyless || valuesOf(fields, 'Transfer-Encoding').length > 0) {
    return refuse(400, 'the request must have no body')
  }
  return undefined
}

/** What is wrong with the request as one for WebSocket, version 13. */
function upgradeFault(fields: readonly Field[]): Refusal | undefined {
  if (!hasToken(valuesOf(fields, 'Upgrade'), 'websocket')) {
    const headers: Field[] = [
      ['Upgrade', 'websocket'],
      ['Connection', 'Upgrade'],
    ]
    return refuse(426, 'this is a WebSocket endpoint', headers)
  }
  if (!hasToken(valuesOf(fields, 'Connection'), 'upgrade')) {
    return refuse(400, 'the Connection field must have the token upgrade')
  }
  if (onlyValue(fields, 'Sec-WebSocket-Version') !== '13') {
    return refuse(400, 'Sec-WebSocket-Version must be 13', [['Sec-WebSocket-Version', '13']])
  }
  return undefined
}

/**
 * Bytes of the 101 (RFC 6455 §4.2.2 item 5).
 *
 * @param headers of the application, Set-Cookie for one; those of the handshake itself are not taken
 * @param extensions granted ones, with their agreed parameters
 * @throws TypeError ERR_WS_HEADER for headers, extensions or a subprotocol that cannot be sent
 */
export function acceptResponse(
  acceptance: Acceptance,
  headers: HeaderInput = [],
  extensions: readonly ExtensionOffer[] = [],
): Uint8Array {
  const { key, subprotocol } = acceptance
  const fields: Field[] = [
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Accept', acceptKey(key)],
  ]
  if (subprotocol !== '') {
    if (!isToken(subprotocol)) throw typeError('the subprotocol must be a token', 'ERR_WS_HEADER')
    fields.push(['Sec-WebSocket-Protocol', subprotocol])
  }
  if (extensions.length > 0) fields.push(['Sec-WebSocket-Extensions', formatExtensions(extensions)])
  fields.push(...applicationFields(headers))
  return formatMessage('HTTP/1.1 101 Switching Protocols', fields)
}
