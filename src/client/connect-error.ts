// The error of a stream that did not come about, or failed before the handshake was over.
// RFC 6455 §4.1: the client then fails the connection.

import { WebSocketError } from '../codec/errors.ts'

const FAILURE = 'could not connect'

/** ERR_WS_CONNECT of what a stream failed with; an error of the library's own stays as it is. */
export function connectError(cause: unknown, failure: string = FAILURE): unknown {
  const code: unknown = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' && code.startsWith('ERR_WS_') ? cause : hookError(cause, failure)
}

/** ERR_WS_CONNECT of what a function of the application failed with, whatever that is. */
export function hookError(cause: unknown, failure: string = FAILURE): WebSocketError {
  return new WebSocketError('ERR_WS_CONNECT', { message: `${failure}: ${reasonOf(cause)}`, cause })
}

/** In words, for a message. */
export function reasonOf(error: unknown): string {
  // Happy eyeballs fails with several errors and no message of its own.
  const first = error instanceof AggregateError ? error.errors[0] : error
  return first instanceof Error ? first.message.replace(/^websocket: /, '') : String(first)
}
