// gorilla/websocket's two error values as classes, for `instanceof`: ErrReadLimit and ErrCloseSent.
// RFC 6455 §7.4.1 (1009), §5.5.1 (nothing behind a Close frame).

import { hasCode, WebSocketError } from './errors.ts'

/**
 * A message is longer than the read limit: every error with the code ERR_WS_MESSAGE_TOO_BIG, those of another copy of
 * the library included. gorilla's ErrReadLimit.
 */
export class ReadLimitError extends WebSocketError {
  /** The one code of these errors. */
  declare readonly code: 'ERR_WS_MESSAGE_TOO_BIG'

  /** One for an application's tests; the library's say with `offset` where it was. */
  constructor() {
    super('ERR_WS_MESSAGE_TOO_BIG', { message: 'read limit exceeded', remote: true })
  }

  /** Recognizes them by their code; of a subclass, its own only. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: subclasses inherit this, and mean themselves
    if (this !== ReadLimitError) return super[Symbol.hasInstance](value)
    return hasCode(value, 'ERR_WS_MESSAGE_TOO_BIG')
  }
}

/**
 * Something was to be sent behind our Close frame: every error with the code ERR_WS_CLOSE_SENT, those of another copy
 * of the library included. gorilla's ErrCloseSent.
 */
export class CloseSentError extends WebSocketError {
  /** The one code of these errors. */
  declare readonly code: 'ERR_WS_CLOSE_SENT'

  /** One for an application's tests. */
  constructor() {
    super('ERR_WS_CLOSE_SENT', { message: 'close sent' })
  }

  /** Recognizes them by their code; of a subclass, its own only. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: subclasses inherit this, and mean themselves
    if (this !== CloseSentError) return super[Symbol.hasInstance](value)
    return hasCode(value, 'ERR_WS_CLOSE_SENT')
  }
}
