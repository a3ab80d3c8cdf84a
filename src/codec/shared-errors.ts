// Errors that are made in more than one place, each with its words.
// What their codes mean is in the table of errors.ts.

import { type ErrorCode, WebSocketError } from './errors.ts'

/** A fault of the peer, at byte `offset` of the incoming stream. */
export function peerError(code: ErrorCode, message: string, offset: number): WebSocketError {
  return new WebSocketError(code, { message, remote: true, offset })
}

/** ERR_WS_CLOSE_SENT */
export function closeSentError(): WebSocketError {
  return new WebSocketError('ERR_WS_CLOSE_SENT', { message: 'a Close frame was sent' })
}

/** ERR_WS_ABNORMAL_CLOSURE by the peer, whose stream ended. */
export function peerGoneError(message = 'the connection ended without a Close frame'): WebSocketError {
  return new WebSocketError('ERR_WS_ABNORMAL_CLOSURE', { message, remote: true })
}

/** ERR_WS_RANDOM_SOURCE */
export function randomSourceError(cause: unknown): WebSocketError {
  return new WebSocketError('ERR_WS_RANDOM_SOURCE', {
    message: 'the random source failed',
    cause,
  })
}
