// A server made of a bare socket, for our Dialer: what it answers is up to the test.
// RFC 6455 §4.2.2 (the 101 it can answer with).

import { createHash } from 'node:crypto'
import { createServer as createTcp } from 'node:net'
import { createServer as createTls } from 'node:tls'
import { onTestFinished } from 'vitest'
import { type Conn, type DialOptions, dial } from '../../src/index.ts'
import { cert, key, trust } from './certificate.ts'
import { portOf, RawPeer } from './raw-peer.ts'

export interface RawServer {
  readonly port: number
  readonly url: string
  /** The next client, once it is connected and, over TLS, secure. */
  accept(): Promise<RawPeer>
}

export async function rawServer(tls = false): Promise<RawServer> {
  const waiting: RawPeer[] = []
  const takers: ((peer: RawPeer) => void)[] = []
  const options = { allowHalfOpen: true, noDelay: true }
  const server = tls ? createTls({ ...options, key, cert }) : createTcp(options)
  server.on(tls ? 'secureConnection' : 'connection', (socket) => {
    const peer = new RawPeer(socket)
    const taker = takers.shift()
    if (taker !== undefined) taker(peer)
    else waiting.push(peer)
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
  })
  const port = portOf(server)
  return {
    port,
    url: `${tls ? 'wss' : 'ws'}://127.0.0.1:${port}/`,
    accept() {
      const peer = waiting.shift()
      return peer !== undefined ? Promise.resolve(peer) : new Promise((resolve) => takers.push(resolve))
    },
  }
}

/** The 101 that answers the request; `headers` are lines without their ends. */
export function acceptText(requestHead: string, headers: readonly string[] = []): string {
  const requestKey = /^sec-websocket-key: (.*)\r$/im.exec(requestHead)?.[1]
  const accept = createHash('sha1')
    .update(`${requestKey}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64')
  return [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
    ...headers,
    '',
    '',
  ].join('\r\n')
}

/** Dials a bare socket that answers so that the dial fails; gives its error, its milliseconds, and the other end. */
export async function failedDial(
  answer: (peer: RawPeer, head: string) => unknown,
  options: DialOptions = {},
  tls = false,
): Promise<{ error: unknown; milliseconds: number; peer: RawPeer }> {
  const server = await rawServer(tls)
  const began = performance.now()
  const dialling = dial(server.url, { ...(tls ? { tls: trust } : {}), ...options })
  let peer!: RawPeer
  const error: unknown = await Promise.all([
    dialling,
    server.accept().then(async (accepted) => {
      peer = accepted
      return answer(accepted, await accepted.head())
    }),
  ]).then(
    () => {
      throw new Error('the dial succeeded')
    },
    (error) => error,
  )
  return { error, milliseconds: performance.now() - began, peer }
}

/** A connection of our Dialer to a bare socket. */
export async function dialRaw(
  options: DialOptions = {},
  tls = false,
): Promise<{ conn: Conn; peer: RawPeer }> {
  const server = await rawServer(tls)
  const dialled = dial(server.url, { ...(tls ? { tls: trust } : {}), ...options })
  const peer = await server.accept()
  peer.send(acceptText(await peer.head()))
  const conn = await dialled
  onTestFinished(() => conn.terminate())
  return { conn, peer }
}
