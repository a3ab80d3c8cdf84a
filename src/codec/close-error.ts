// The end of a connection as an error: gorilla/websocket's CloseError, and its two questions about one.
// RFC 6455 §7.1.5 (the close code), §7.1.6 (the reason).

import { closeText } from './close-text.ts'
import { CloseAbnormalClosure } from './constants.ts'
import { hasCode, rangeError, typeError, WebSocketError } from './errors.ts'

/** gorilla/websocket's names of the two codes that no Close frame has; the library's own errors have other words for them. */
const others: Readonly<Record<number, string>> = { 1006: 'abnormal closure', 1015: 'TLS handshake error' }

/** How many causes below an error are looked at. */
const MAX_DEPTH = 8

/**
 * The connection ended, with a Close frame of the peer's (ERR_WS_CLOSED) or without one (ERR_WS_ABNORMAL_CLOSURE).
 * `instanceof` holds for every error with one of these codes, those of another copy of the library included. gorilla's
 * CloseError.
 */
export class CloseError extends WebSocketError {
  /** Whether there was a Close frame of the peer's. */
  declare readonly code: 'ERR_WS_CLOSED' | 'ERR_WS_ABNORMAL_CLOSURE'
  /** The peer's close code, 1000 to 4999; 1005 when its Close frame had none, 1006 when there was no Close frame. */
  declare readonly closeCode: number

  /**
   * One as reads reject with it, for an application's tests: 'websocket: close 1000 (normal): bye'. The code is
   * ERR_WS_ABNORMAL_CLOSURE for 1006, and ERR_WS_CLOSED for every other.
   *
   * @param closeCode 1000 to 4999
   * @param reason default ''
   * @throws RangeError ERR_WS_ARGUMENT for another close code; TypeError ERR_WS_ARGUMENT for a reason that is no string
   */
  constructor(closeCode: number, reason = '') {
    if (!Number.isInteger(closeCode) || closeCode < 1000 || closeCode > 4999)
      throw rangeError('a close code is a whole number from 1000 to 4999')
    if (typeof reason !== 'string') throw typeError('a close reason is a string')
    super(closeCode === CloseAbnormalClosure ? 'ERR_WS_ABNORMAL_CLOSURE' : 'ERR_WS_CLOSED', {
      message: closeText(closeCode, reason, others[closeCode]),
      closeCode,
      reason,
      remote: true,
    })
  }

  /** Recognizes them by their code; of a subclass, its own only. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: subclasses inherit this, and mean themselves
    if (this !== CloseError) return super[Symbol.hasInstance](value)
    return hasCode(value, 'ERR_WS_CLOSED') || hasCode(value, 'ERR_WS_ABNORMAL_CLOSURE')
  }
}

/**
 * The first {@link CloseError} among `error` and its causes, of which at most 8 are followed; undefined when there is
 * none.
 */
export function closeErrorOf(error: unknown): CloseError | undefined {
  let each = error
  for (let depth = 0; depth <= MAX_DEPTH; depth++) {
    if (each instanceof CloseError) return each
    each = (each as { cause?: unknown } | null | undefined)?.cause
  }
  return undefined
}

/**
 * Whether {@link closeErrorOf} `error` has one of the close codes; without codes never. A boolean and no type guard,
 * since it may be a cause that has the code. gorilla's IsCloseError.
 */
export function isCloseError(error: unknown, ...codes: number[]): boolean {
  const found = closeErrorOf(error)
  return found !== undefined && codes.includes(found.closeCode)
}

/**
 * Whether {@link closeErrorOf} `error` has a close code that is not among the expected ones, 1006 included. False for
 * every other error. gorilla's IsUnexpectedCloseError.
 */
export function isUnexpectedCloseError(error: unknown, ...expected: number[]): boolean {
  const found = closeErrorOf(error)
  // Go's read behind one's own Close is no CloseError either.
  return found?.remote === true && !expected.includes(found.closeCode)
}
