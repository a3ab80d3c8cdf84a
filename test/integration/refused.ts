// Requests that get no connection: the whole answer to one, and what the answers of ours look like, byte for byte.
// RFC 6455 §4.2.2, §4.4; RFC 9112 §9.6 (the end of the connection).

import type { Server } from 'node:http'
import { RawPeer } from './raw-peer.ts'

/** The whole answer, up to the end of the connection, to a request sent as it is. */
export async function answerTo(port: number, request: string | Uint8Array): Promise<string> {
  const peer = await RawPeer.connect(port)
  peer.send(request)
  return (await peer.rest()).toString()
}

export interface RefusalForm {
  /** Lines beyond those that every refusal has. */
  readonly headers?: readonly string[]
  /** Default 'close'. */
  readonly connection?: string
  /** Default 'text/plain; charset=utf-8'; '' where the headers have one. */
  readonly type?: string
}

/** A refusal of ours, which ends its connection. */
export function refusal(
  line: string,
  body: string,
  { headers = [], connection = 'close', type = 'text/plain; charset=utf-8' }: RefusalForm = {},
): string {
  return [
    `HTTP/1.1 ${line}`,
    `Connection: ${connection}`,
    ...(type === '' ? [] : [`Content-Type: ${type}`]),
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Sec-WebSocket-Version: 13',
    ...headers,
    '',
    body,
  ].join('\r\n')
}

/** Sockets that the server has open, upgraded ones included. */
export function connectionCount(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })
}
