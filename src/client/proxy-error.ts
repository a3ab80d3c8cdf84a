// The error of a proxy that was reached and did not make the connection.
// RFC 9110 §9.3.6, RFC 1928.

import { WebSocketError } from '../codec/errors.ts'

/** @param message without credentials */
export function proxyError(message: string, cause?: unknown): WebSocketError {
  return new WebSocketError('ERR_WS_PROXY', {
    message,
    remote: true,
    ...(cause === undefined ? {} : { cause }),
  })
}
