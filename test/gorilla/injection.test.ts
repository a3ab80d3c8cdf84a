// Headers that would split a response or a request: gorilla/websocket replaces them in values, and looks at no name.
// RFC 9112 §11.1 (response splitting); RFC 6455 §4.1, §4.2.2.

import { createServer } from 'node:http'
import { describe, expect, test } from 'vitest'
import { dial, type HeaderInput, Upgrader } from '../../src/index.ts'
import { failure } from '../conn/connections.ts'
import { RawPeer, requestText } from '../integration/raw-peer.ts'
import { rawServer } from '../integration/raw-server.ts'
import { listen, serve } from '../integration/serve.ts'
import { errorOf } from './wire.ts'

const headers: readonly (readonly [string, HeaderInput])[] = [
  ['CR and LF in a value', { 'x-a': 'b\r\nSet-Cookie: evil=1' }],
  ['LF in a value', { 'x-a': 'b\nSet-Cookie: evil=1' }],
  ['CR in a value', { 'x-a': 'b\rSet-Cookie: evil=1' }],
  ['NUL in a value', { 'x-a': 'b\0evil' }],
  ['another control character in a value', { 'x-a': 'b\x1bevil' }],
  ['a character in a value that becomes LF as one byte', { 'x-a': 'b\u010aSet-Cookie: evil=1' }],
  ['CR and LF in a name', { 'x-a: b\r\nSet-Cookie': 'evil=1' }],
  ['a colon in a name', { 'x-a:evil': 'b' }],
  ['a space in a name', { 'x-a evil': 'b' }],
  ['no name', { '': 'evil' }],
]

describe.each(headers)('%s:', (_, bad) => {
  test('TestHeaderInjection: authorize gives it, the peer gets 500 and none of it', async () => {
    const errors: unknown[] = []
    const { port } = await serve(() => {}, {
      attach: { authorize: () => ({ data: 0, headers: bad }), onError: (error) => errors.push(error) },
    })
    const peer = await RawPeer.connect(port)
    peer.send(requestText())
    const answer = (await peer.rest()).toString('latin1')
    expect(answer).toMatch(/^HTTP\/1\.1 500 /)
    expect(answer).not.toContain('evil')
    expect(errors).toEqual([failure('ERR_WS_HEADER')])
    expect(errors[0]).toBeInstanceOf(TypeError)
  })

  test('TestHeaderInjection: upgrade() is told it, and rejects', async () => {
    const server = createServer()
    const port = await listen(server)
    const failed = new Promise<unknown>((resolve) => {
      server.on('upgrade', (request, socket, head) =>
        resolve(errorOf(new Upgrader().upgrade(request, socket, head, { headers: bad }))),
      )
    })
    const peer = await RawPeer.connect(port)
    peer.send(requestText())
    const answer = (await peer.rest()).toString('latin1')
    expect(answer).toMatch(/^HTTP\/1\.1 500 /)
    expect(answer).not.toContain('evil')
    expect(await failed).toEqual(failure('ERR_WS_HEADER'))
  })

  test('TestHeaderInjection: dial() throws before it connects', async () => {
    const server = await rawServer()
    const first = server.accept()
    const attempt = () => dial(server.url, { headers: bad })
    expect(attempt).toThrow(TypeError)
    expect(attempt).toThrow(failure('ERR_WS_HEADER') as Error)
    // The first to connect is whoever connects now.
    const mine = await RawPeer.connect(server.port)
    expect((await first).socket.remotePort).toBe(mine.socket.localPort)
  })
})

test('TestHeaderInjection: a subprotocol or an origin that would split the request', async () => {
  const server = await rawServer()
  for (const evil of ['a\r\nx-evil: 1', 'a\nb', 'a\0', 'a\u010ab']) {
    expect(() => dial(server.url, { subprotocols: [evil] }), JSON.stringify(evil)).toThrow(TypeError)
    expect(() => dial(server.url, { origin: evil }), JSON.stringify(evil)).toThrow(TypeError)
    expect(() => new Upgrader({ subprotocols: [evil] }), JSON.stringify(evil)).toThrow(TypeError)
  }
})
