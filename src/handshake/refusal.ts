// A refused handshake: the HTTP answer that says why, after which the connection ends.
// RFC 6455 §4.2.2, §4.4 (Sec-WebSocket-Version), RFC 9110 §15 (status codes).

import { rangeError, WebSocketError } from '../codec/errors.ts'
import { type Field, fieldsOf, type HeaderInput, valuesOf, withoutBody } from './fields.ts'
import type { HandshakeError } from './handshake-error.ts'
import type { HeadError } from './head-parser.ts'
import { formatMessage } from './head-writer.ts'
import { asciiLowerCase } from './tokens.ts'

/** Most bytes of a refusal's body in UTF-8. */
export const MAX_REFUSAL_BODY = 1024

/** The answer to a request that is not accepted; {@link responseOf} makes its bytes. */
export interface Refusal {
  /** 300..599 */
  readonly status: number
  /** Beyond those that every refusal has. */
  readonly headers: readonly Field[]
  /** Text of at most {@link MAX_REFUSAL_BODY} bytes. */
  readonly body: string
  /** For the application. */
  readonly error: HandshakeError
}

/** The reason phrases of the statuses that are common in refusals (RFC 9110 §15, RFC 6585); any other has none (RFC 9112 §4). */
const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  426: 'Upgrade Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

const encoder = new TextEncoder()

/**
 * Makes a refusal.
 *
 * @param status 300..599
 * @param message the body, at most 1024 bytes in UTF-8, and the message of `error`; the reason phrase when not given
 * @param headers added to the answer. Content-Type replaces ours; Content-Length and Transfer-Encoding are not taken
 * @throws RangeError ERR_WS_ARGUMENT for another status or a longer message; TypeError ERR_WS_HEADER for headers that
 *   cannot be sent
 */
export function refuse(status: number, message = reasons[status] ?? '', headers: HeaderInput = []): Refusal {
  if (!Number.isInteger(status) || status < 300 || status > 599) {
    throw rangeError('a refusal has a status of 300 to 599')
  }
  if (encoder.encode(message).length > MAX_REFUSAL_BODY) {
    throw rangeError(`a refusal has at most ${MAX_REFUSAL_BODY} bytes of body`)
  }
  const error = new WebSocketError('ERR_WS_BAD_REQUEST', {
    message: `handshake refused with ${status}: ${message}`,
    remote: true,
  })
  return {
    status,
    headers: withoutBody(fieldsOf(headers)),
    body: message,
    error: Object.assign(error, { status }) as HandshakeError,
  }
}

/** The refusal of a request whose head could not be parsed: 400, or 431 when it is too long. */
export function refuseHead(error: HeadError): Refusal {
  return refuse(error.status, error.fault)
}

/**
 * Header fields of the answer. It ends the connection: `Connection: close`, and nothing that follows the request is
 * read.
 */
export function fieldsOfRefusal({ headers, body }: Refusal): Field[] {
  const unlessGiven = (name: string, value: string): Field[] =>
    valuesOf(headers, name).length > 0 ? [] : [[name, value]]
  return [
    ['Connection', [...valuesOf(headers, 'Connection'), 'close'].join(', ')],
    ...unlessGiven('Content-Type', 'text/plain; charset=utf-8'),
    ['Content-Length', `${encoder.encode(body).length}`],
    ...unlessGiven('Sec-WebSocket-Version', '13'),
    ...headers.filter(([name]) => asciiLowerCase(name) !== 'connection'),
  ]
}

/** Bytes of the answer, head and body. */
export function responseOf(refusal: Refusal): Uint8Array {
  const { status, body } = refusal
  const startLine = `HTTP/1.1 ${status} ${reasons[status] ?? ''}`
  return formatMessage(startLine, fieldsOfRefusal(refusal), encoder.encode(body))
}
