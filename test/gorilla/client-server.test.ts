// Rows of gorilla/websocket's client_server_test.go about the opening handshake as a whole, between our Dialer and our Upgrader.
// RFC 6455 §4.1, §4.2.

import { describe, expect, test } from 'vitest'
import type { MessageReader } from '../../src/index.ts'
import { frame, RawPeer, requestText } from '../integration/raw-peer.ts'
import { echo, open, serve } from '../integration/serve.ts'
import { readAll } from './wire.ts'

test('TestHandshake: the origin of the server’s own pages; its cookie and the subprotocol are on the connection', async () => {
  const { url, port } = await serve(echo, {
    subprotocols: ['p0', 'p1'],
    attach: { authorize: () => ({ data: 0, headers: { 'Set-Cookie': 'sessionID=1234' } }) },
  })
  const conn = await open(url, { origin: `http://127.0.0.1:${port}`, subprotocols: ['p1', 'p2'] })
  expect(conn.handshake).toMatchObject({ status: 101, headers: { 'set-cookie': 'sessionID=1234' } })
  expect(conn.subprotocol).toBe('p1')
  await conn.writeMessage('Hello World!')
  expect(await conn.readText({ timeout: 10_000 })).toBe('Hello World!')
})

describe.each([
  ['as little as can be', 1],
  ['1,024', 1024],
  ['as much as by default', undefined],
])('reading ahead %s', (_, readBufferSize) => {
  const hello = frame('client', 1, 'Hello')

  test.each(Array.from({ length: hello.length + 1 }, (_, cut) => cut))(
    'TestDataReceivedBeforeHandshake: %i bytes of the first frame with the request, the rest behind the 101',
    async (cut) => {
      const texts: string[] = []
      let done!: () => void
      const both = new Promise<void>((resolve) => {
        done = resolve
      })
      const { port } = await serve(
        async (conn) => {
          texts.push((await conn.readMessage()).text())
          const reader: MessageReader = await conn.nextReader()
          texts.push((await readAll(reader)).toString())
          done()
        },
        readBufferSize === undefined ? {} : { readBufferSize },
      )
      const peer = await RawPeer.connect(port)
      peer.send(Buffer.concat([Buffer.from(requestText()), hello.subarray(0, cut)]))
      expect(await peer.head()).toMatch(/^HTTP\/1\.1 101 /)
      peer.send(Buffer.concat([hello.subarray(cut), frame('client', 1, 'and more')]))
      await both
      expect(texts).toEqual(['Hello', 'and more'])
    },
  )
})
