// The error of a server that refused a request, with the status of its answer: gorilla/websocket's HandshakeError.
// RFC 6455 §4.2.2, RFC 9110 §15 (status codes).

import { hasCode, WebSocketError } from '../codec/errors.ts'

/**
 * ERR_WS_BAD_REQUEST: the request got no connection and was answered. `instanceof` holds for those of another copy of
 * the library too. gorilla's HandshakeError.
 */
export class HandshakeError extends WebSocketError {
  /** The one code of these errors. */
  declare readonly code: 'ERR_WS_BAD_REQUEST'
  /** The status it was refused with, 300 to 599; `onError` may have sent another one. */
  readonly status: number

  /** The message is 'websocket: handshake refused with 403: ' and the reason. */
  constructor(status: number, reason: string) {
    super('ERR_WS_BAD_REQUEST', { message: `handshake refused with ${status}: ${reason}`, remote: true })
    this.status = status
  }

  /** Recognizes them by their code; of a subclass, its own only. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: subclasses inherit this, and mean themselves
    if (this !== HandshakeError) return super[Symbol.hasInstance](value)
    return hasCode(value, 'ERR_WS_BAD_REQUEST')
  }
}
