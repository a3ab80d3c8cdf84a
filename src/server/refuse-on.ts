// Answers a request that gets no connection, and ends its socket.
// RFC 6455 §4.2.2: an ordinary HTTP response, after which nothing of the peer's is read.

import type { Duplex } from 'node:stream'
import type { WebSocketError } from '../codec/errors.ts'
import { type Refusal, responseOf } from '../handshake/index.ts'

function ignore(): void {}

/** @returns the refusal's error, for those who tell the application */
export function refuseOn(socket: Duplex, refusal: Refusal): WebSocketError {
  // The peer may reset the connection before it has read the answer.
  socket.on('error', ignore)
  if (socket.writable) socket.end(responseOf(refusal), () => socket.destroy())
  return refusal.error
}
