// The error of a dial that reached a server which did not accept: with what the server said instead.
// RFC 6455 §4.1, the client's checks of the response.

import { hasCode, WebSocketError } from '../codec/errors.ts'
import { headersOf, setCookiesOf } from './fields.ts'
import type { ResponseHead } from './head-parser.ts'

/** Most bytes of a response's body that are kept. */
export const MAX_ERROR_BODY = 1024

/**
 * ERR_WS_BAD_HANDSHAKE, with the response: look at `status` to tell a refusal (401, 403, 503) from a broken peer (101).
 * `instanceof` holds for those of another copy of the library too. gorilla's ErrBadHandshake.
 */
export class BadHandshakeError extends WebSocketError {
  /** The one code of these errors. */
  declare readonly code: 'ERR_WS_BAD_HANDSHAKE'
  /** The response's status, 101 or 200..999. */
  readonly status: number
  /** Lower-case name → value, several values joined with ', '; frozen, without prototype. */
  readonly headers: Readonly<Record<string, string>>
  /** The value of each Set-Cookie field, as received (RFC 6265 §4.1); frozen. */
  readonly setCookies: readonly string[]
  /** The beginning of the body, at most {@link MAX_ERROR_BODY} bytes. */
  readonly body: Uint8Array

  /** @param body of which at most {@link MAX_ERROR_BODY} bytes are copied */
  constructor(message: string, head: ResponseHead, body: Uint8Array = new Uint8Array(0)) {
    super('ERR_WS_BAD_HANDSHAKE', { message: `bad handshake: ${message}`, remote: true })
    this.status = head.status
    this.headers = headersOf(head.fields)
    this.setCookies = setCookiesOf(head.fields)
    // A copy, so that the error does not keep the chunk of a socket alive; slice() of a Node Buffer would be a view.
    this.body = new Uint8Array(body.subarray(0, MAX_ERROR_BODY))
  }

  /** Recognizes them by their code; of a subclass, its own only. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: subclasses inherit this, and mean themselves
    if (this !== BadHandshakeError) return super[Symbol.hasInstance](value)
    return hasCode(value, 'ERR_WS_BAD_HANDSHAKE')
  }
}
