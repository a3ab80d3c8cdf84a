// The server of the README, word for word but for its port, survives what peers do to it, and serves the next one.
// RFC 6455 §4.2.2 (refusals), §7.1.5 (Close without a code), §7.1.7 (faults).

import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { Upgrader } from '../../src/index.ts'
import { patternOf } from './bytes.ts'
import { frame, portOf, RawPeer, requestText } from './raw-peer.ts'

const app: RequestListener = (_, response) => {
  response.writeHead(200).end('the application')
}

async function start() {
  const upgrader = new Upgrader({ readLimit: 1 << 20 })
  const server = createServer(app)
  upgrader.attach(server, { path: '/echo' }, async (conn) => {
    for await (const message of conn) await conn.writeMessage(message)
  })
  server.listen(0)
  await once(server, 'listening')
  return server
}

describe('the server of the README', () => {
  let server: Awaited<ReturnType<typeof start>>
  let port: number

  beforeEach(async () => {
    server = await start()
    port = portOf(server)
    return () => {
      server.closeAllConnections()
      server.close()
    }
  })

  async function openWs(): Promise<WebSocket> {
    const ws = new WebSocket(`ws://127.0.0.1:${port}/echo`)
    onTestFinished(() => ws.terminate())
    await once(ws, 'open')
    return ws
  }

  async function expectEcho(ws: WebSocket, text: string): Promise<void> {
    ws.send(text)
    const [data, isBinary] = await once(ws, 'message')
    expect([String(data), isBinary]).toEqual([text, false])
  }

  /** What it did before, it does for a new client; and no connection of the accident is left. */
  async function expectService(): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })
    expect(await response.text()).toBe('the application')
    const ws = await openWs()
    await expectEcho(ws, 'still here 👋')
    ws.close(1000)
    const [code] = await once(ws, 'close')
    expect(code).toBe(1000)
    await expect.poll(() => connectionCount(), { timeout: 5_000 }).toBe(0)
  }

  function connectionCount(): Promise<number> {
    return new Promise((resolve, reject) => {
      server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
    })
  }

  test.each([
    ['a foreign origin', requestText('/echo', ['Origin: http://elsewhere.example']), 403],
    ['an unknown version', requestText('/echo').replace('Version: 13', 'Version: 12'), 400],
    ['another method', requestText('/echo').replace('GET', 'POST'), 405],
    ['another protocol', requestText('/echo').replace('Upgrade: websocket', 'Upgrade: h2c'), 426],
    ['another path', requestText('/elsewhere'), 404],
  ])('survives a handshake that it refused for %s', async (_, request, status) => {
    const peer = await RawPeer.connect(port)
    peer.send(request)
    expect((await peer.rest()).toString()).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    peer.socket.destroy()
    await expectService()
  })

  test('survives a peer that resets the connection as soon as it has been refused', async () => {
    for (let i = 0; i < 20; i++) {
      const peer = await RawPeer.connect(port)
      peer.socket.write(requestText('/echo', ['Origin: http://elsewhere.example']), () => {
        peer.socket.resetAndDestroy()
      })
    }
    await expectService()
  })

  test('survives ws.close() without a code', async () => {
    const ws = await openWs()
    await expectEcho(ws, 'before')
    ws.close()
    const [code, reason] = await once(ws, 'close')
    expect([code, String(reason)]).toEqual([1005, ''])
    await expectService()
  })

  test('survives a reset in the middle of a message', async () => {
    const peer = await RawPeer.open(port, '/echo')
    peer.send(frame('client', 2, patternOf(100_000)).subarray(0, 50_000))
    await sleep(20)
    peer.socket.resetAndDestroy()
    await expectService()
  })

  test('survives resets at every moment of a conversation', async () => {
    for (let i = 0; i < 30; i++) {
      const peer = await RawPeer.connect(port)
      peer.send(requestText('/echo'))
      for (let n = 0; n < i % 5; n++) peer.send(frame('client', 1, `message ${n}`))
      if (i % 3 > 0) await sleep(i % 3)
      peer.socket.resetAndDestroy()
    }
    await expectService()
  })

  test('survives a bad frame, and says 1002', async () => {
    const peer = await RawPeer.open(port, '/echo')
    peer.send(frame('client', 1, 'good'))
    expect((await peer.frame()).payload.toString()).toBe('good')
    peer.send(frame('server', 1, 'not masked'))
    expect((await peer.closeFrame()).code).toBe(1002)
    expect(await peer.rest()).toEqual(Buffer.alloc(0))
    peer.socket.destroy()
    await expectService()
  })

  test('survives writing to a peer that closed in the same breath', async () => {
    const peer = await RawPeer.open(port, '/echo')
    const messages = Array.from({ length: 100 }, (_, i) => frame('client', 1, `message ${i}`))
    peer.send(Buffer.concat([...messages, frame('client', 8, Buffer.from([0x03, 0xe8]))]))
    peer.socket.end()
    await peer.rest()
    await expectService()
  })

  test('survives writing to a peer that is gone', async () => {
    const peer = await RawPeer.open(port, '/echo')
    for (let i = 0; i < 200; i++) peer.send(frame('client', 2, patternOf(100_000, i)))
    // It never reads: the echo waits in the middle of a write when it goes.
    await sleep(200)
    peer.socket.resetAndDestroy()
    await expectService()
  })

  test('survives writing to a peer that ended its side without a Close frame', async () => {
    const peer = await RawPeer.open(port, '/echo')
    peer.send(Buffer.concat(Array.from({ length: 100 }, () => frame('client', 2, patternOf(10_000)))))
    peer.socket.end()
    await peer.rest()
    await expectService()
  })
})
