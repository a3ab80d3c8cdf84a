// upgrade(), the server's way in without attach(): what it resolves with, what it rejects with, and what the peer gets then.
// RFC 6455 §4.2.2; RFC 9112 §9.3.2 (requests behind requests), §11.1 (response splitting).

import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { type HeaderInput, Upgrader } from '../../src/index.ts'
import { patternOf, same } from './bytes.ts'
import { frame, RawPeer, requestText } from './raw-peer.ts'
import { answerTo, connectionCount, refusal } from './refused.ts'
import { listen } from './serve.ts'

const fine = requestText('/')

/** The good request with one part replaced. */
const changed = (from: string, to: string) => fine.replace(from, to)

describe('upgrade()', () => {
  test('opens a connection from an upgrade event', async () => {
    const server = createServer()
    const port = await listen(server)
    server.on('upgrade', async (request, socket, head) => {
      const conn = await new Upgrader().upgrade(request, socket, head, {
        authorize: () => ({ data: 'from authorize' }),
        headers: { 'X-One': '1' },
      })
      await conn.writeMessage(String(conn.data))
      await conn.close()
    })
    const peer = await RawPeer.connect(port)
    peer.send(fine)
    expect(await peer.head()).toContain('\r\nX-One: 1\r\n')
    expect((await peer.frame()).payload.toString()).toBe('from authorize')
    expect(await peer.closeFrame()).toEqual({ code: 1000, reason: '' })
  })

  test('rejects once it has refused', async () => {
    const server = createServer()
    const port = await listen(server)
    const outcome = once(server, 'upgrade').then(([request, socket, head]) =>
      new Upgrader().upgrade(request, socket, head).catch((error) => error),
    )
    await answerTo(port, changed('Version: 13', 'Version: 12'))
    expect(await outcome).toMatchObject({ code: 'ERR_WS_BAD_REQUEST', remote: true })
  })

  test('A29: rejects the second time and writes nothing', async () => {
    const server = createServer()
    const port = await listen(server)
    const upgrader = new Upgrader()
    const outcomes: unknown[] = []
    server.on('upgrade', async (request, socket, head) => {
      const first = upgrader.upgrade(request, socket, head)
      outcomes.push(await new Upgrader().upgrade(request, socket, head).catch((error) => error))
      const conn = await first
      outcomes.push(await upgrader.upgrade(request, socket, head).catch((error) => error))
      await conn.writeMessage('the one connection')
    })
    const peer = await RawPeer.connect(port)
    peer.send(fine)
    await peer.head()
    expect((await peer.frame()).payload.toString()).toBe('the one connection')
    expect(outcomes).toEqual([
      expect.objectContaining({ code: 'ERR_WS_UPGRADED' }),
      expect.objectContaining({ code: 'ERR_WS_UPGRADED' }),
    ])
  })

  test('A29: rejects after a refusal that somebody else has sent, writes nothing and asks nobody', async () => {
    const server = createServer()
    const port = await listen(server)
    let asked = 0
    const authorize = () => {
      asked++
    }
    const outcome = once(server, 'upgrade').then(([request, socket, head]) => {
      socket.end('HTTP/1.1 418 Mine\r\n\r\n')
      return new Upgrader().upgrade(request, socket, head, { authorize }).catch((error) => error)
    })
    expect(await answerTo(port, fine)).toBe('HTTP/1.1 418 Mine\r\n\r\n')
    expect(await outcome).toMatchObject({ code: 'ERR_WS_UPGRADED' })
    expect(asked).toBe(0)
  })

  test('A29: rejects when the application answers while it decides, and cuts nothing off that answer', async () => {
    const server = createServer()
    const port = await listen(server)
    const body = patternOf(8_000_000)
    const outcome = once(server, 'upgrade').then(([request, socket, head]) =>
      new Upgrader()
        .upgrade(request, socket, head, {
          async authorize() {
            socket.write('HTTP/1.1 418 Mine\r\n\r\n')
            socket.end(body)
          },
        })
        .catch((error) => error),
    )
    const peer = await RawPeer.connect(port)
    peer.send(fine)
    expect(await outcome).toMatchObject({ code: 'ERR_WS_UPGRADED' })
    expect(await peer.head()).toBe('HTTP/1.1 418 Mine\r\n\r\n')
    expect(same(await peer.rest(), body)).toBe(true)
  })

  test.each<[string, HeaderInput]>([
    ['A27: LF in a value', { a: 'b\nc' }],
    ['A27: CR in a value', { a: 'b\rc' }],
    ['A27: NUL in a value', { a: 'b\0c' }],
    ['A27: a character above U+00FF', { a: '\u0141' }],
    ['A27: CR LF in a name', { 'a\r\nb': 'c' }],
    ['A28: Sec-WebSocket-Extensions', { 'sec-websocket-extensions': 'permessage-deflate' }],
    ['A28: Sec-WebSocket-Accept', { 'Sec-WebSocket-Accept': 'x' }],
    ['A28: Connection', { Connection: 'close' }],
    ['A28: Content-Length', { 'Content-Length': '1' }],
  ])(
    '%s among the headers rejects with a TypeError, and the peer gets 500 and nothing of it',
    async (_, headers) => {
      const server = createServer()
      const port = await listen(server)
      const outcome = once(server, 'upgrade').then(([request, socket, head]) =>
        new Upgrader().upgrade(request, socket, head, { headers }).catch((error) => error),
      )
      expect(await answerTo(port, fine)).toBe(refusal('500 Internal Server Error', 'Internal Server Error'))
      expect(await outcome).toMatchObject({ name: 'TypeError', code: 'ERR_WS_HEADER' })
    },
  )

  test.each([
    ['a reset', (peer: RawPeer) => peer.socket.resetAndDestroy()],
    ['an end without anything', (peer: RawPeer) => peer.socket.destroy()],
    ['an end behind frames', (peer: RawPeer) => peer.socket.end(frame('client', 1, 'unread'))],
  ])('A30: rejects on %s while the application decides', async (_, leave) => {
    for (const decision of [undefined, { status: 401 }, new Error('mine')]) {
      const server = createServer()
      const port = await listen(server)
      const peer = await RawPeer.connect(port)
      const outcome = once(server, 'upgrade').then(([request, socket, head]) =>
        new Upgrader()
          .upgrade(request, socket, head, {
            async authorize() {
              leave(peer)
              await sleep(30)
              if (decision instanceof Error) throw decision
              return decision
            },
          })
          .then(
            () => 'opened',
            (error) => error,
          ),
      )
      peer.send(fine)
      if (decision instanceof Error) expect(await outcome).toBe(decision)
      else {
        const code = decision === undefined ? 'ERR_WS_ABNORMAL_CLOSURE' : 'ERR_WS_BAD_REQUEST'
        expect(await outcome).toMatchObject({ code, remote: true })
      }
      await expect.poll(() => connectionCount(server)).toBe(0)
    }
  })

  describe.each<[string, (response: ServerResponse) => unknown, RegExp]>([
    ['has no answer so far', () => {}, /^$/],
    [
      'is being answered',
      (response) => response.write('the beginning'),
      /^HTTP\/1.1 200 OK\r\n.*\r\n\r\nd\r\nthe beginning\r\n$/s,
    ],
  ])('behind a request that %s', (_, answer, expected) => {
    test.each([
      ['A29: rejects, and sends no 101, which would pass for its answer', fine],
      [
        'A29: rejects, and sends no refusal, which would pass for its answer',
        changed('Version: 13', 'Version: 12'),
      ],
    ])('%s', async (_, request) => {
      let closed: Promise<unknown> | undefined
      const server = createServer((_, response) => {
        closed = once(response, 'close')
        answer(response)
      })
      const port = await listen(server)
      const outcome = once(server, 'upgrade').then(([request, socket, head]) =>
        new Upgrader().upgrade(request, socket, head).catch((error) => error),
      )
      expect(await answerTo(port, `GET / HTTP/1.1\r\nHost: a\r\n\r\n${request}`)).toMatch(expected)
      expect(await outcome).toMatchObject({ code: 'ERR_WS_BAD_REQUEST', remote: true })
      // The application hears that its answer has nowhere to go.
      await closed
      await expect.poll(() => connectionCount(server)).toBe(0)
    })
  })

  test('opens a connection that served ordinary requests before', async () => {
    const server = createServer((_, response) => response.end('the answer'))
    const port = await listen(server)
    server.on('upgrade', async (request, socket, head) => {
      const conn = await new Upgrader().upgrade(request, socket, head)
      await conn.writeMessage(await conn.readMessage())
    })
    const peer = await RawPeer.connect(port)
    for (let i = 0; i < 3; i++) {
      peer.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      expect(await peer.head()).toMatch(/^HTTP\/1.1 200 OK\r\n/)
      expect((await peer.take(10)).toString()).toBe('the answer')
    }
    peer.send(fine)
    expect(await peer.head()).toMatch(/^HTTP\/1.1 101 /)
    peer.send(frame('client', 1, 'still here'))
    expect((await peer.frame()).payload.toString()).toBe('still here')
  })

  test('K1: throws at once for options that are none', () => {
    for (const options of [
      { readLimit: -1 },
      { subprotocols: ['a b'] },
      { subprotocols: ['a', 'a'] },
      { origins: ['https://'] },
      { handshakeTimeout: Number.NaN },
      { keepAlive: { interval: 2 ** 31, timeout: 1 } },
    ]) {
      expect(() => new Upgrader(options)).toThrow(expect.objectContaining({ code: 'ERR_WS_ARGUMENT' }))
    }
  })
})
