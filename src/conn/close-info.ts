// How a connection ended: what `conn.closed` resolves to, and the error that reads reject with.
// RFC 6455 §7.1.5 and §7.1.6 (close code and reason), §7.1.7 (failing the connection).

import { closeText } from '../codec/close-text.ts'
import { WebSocketError } from '../codec/errors.ts'

/** How a connection ended. */
export interface CloseInfo {
  /**
   * The received close code (RFC 6455 §7.1.5), 1000 to 4999; 1005 when the Close frame had none; that of the fault when
   * the peer broke the protocol or a limit (1002, 1007, 1008, 1009), 1011 when a handler failed or a message was left
   * unfinished; 1006 when it ended without a Close frame.
   */
  readonly code: number
  /** The received reason (RFC 6455 §7.1.6), at most 123 bytes in UTF-8; '' when there was none. */
  readonly reason: string
  /** Whether the peer's Close frame was received, before or behind ours (RFC 6455 §7.1.4). */
  readonly wasClean: boolean
  /** Why, when it was not: the error that reads reject with, or, behind a Close handler that failed, its ERR_WS_HANDLER. */
  readonly error?: WebSocketError
}

/** The error of reads behind a received Close frame. */
export function closedError(code: number, reason: string): WebSocketError {
  return new WebSocketError('ERR_WS_CLOSED', {
    message: closeText(code, reason),
    closeCode: code,
    reason,
    remote: true,
  })
}

/** The error of a connection that ended on our side without a Close frame from the peer. */
export function abnormalClosure(message: string, cause?: unknown): WebSocketError {
  const details = cause === undefined ? { message } : { message, cause }
  return new WebSocketError('ERR_WS_ABNORMAL_CLOSURE', details)
}
