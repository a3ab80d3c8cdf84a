// Answers a request that gets no connection, and ends its socket.
// RFC 6455 §4.2.2: an ordinary HTTP response, after which nothing of the peer's is read.

import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocketError } from '../codec/errors.ts'
import { fieldsOfRefusal, type Refusal, responseOf } from '../handshake/refusal.ts'
import { isAnswering } from './incoming.ts'

function ignore(): void {}

/**
 * Refuses an upgrade. Where an earlier request of the socket is still being answered the refusal is not sent, as it
 * would be taken for that answer.
 *
 * @returns the refusal's error, for those who tell the application
 */
export function refuseOn(socket: Duplex, refusal: Refusal): WebSocketError {
  // The peer may reset the connection before it has read the answer.
  socket.on('error', ignore)
  const destroy = () => socket.destroy()
  if (isAnswering(socket)) socket.end(destroy)
  else if (socket.writable) socket.end(responseOf(refusal), destroy)
  return refusal.error
}

/** Refuses a request that asked for no upgrade, in its turn behind those before it. */
export function refuseBy(response: ServerResponse, refusal: Refusal): void {
  const fields = fieldsOfRefusal(refusal).flat()
  response.writeHead(refusal.status, fields).end(refusal.body)
}
