// What an application may do wrong with a connection: it hears of it at once, the peer never does, and nobody else suffers.
// RFC 6455 §5.5.1 (nothing behind a Close frame), §5.6 (text is UTF-8).

import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { CloseMessage, type Conn, formatCloseMessage, PingMessage, PongMessage } from '../../src/index.ts'
import { patternOf, same } from './bytes.ts'
import { frame, type RawPeer } from './raw-peer.ts'
import { dialRaw } from './raw-server.ts'
import { acceptRaw, openBoth } from './serve.ts'

/** Everything that sends. */
const writes: Record<string, (conn: Conn) => Promise<unknown>> = {
  'a text': (conn) => conn.writeMessage('late'),
  'a small binary message': (conn) => conn.writeMessage(patternOf(10)),
  'a large binary message': (conn) => conn.writeMessage(patternOf(100_000)),
  'a text given as bytes': (conn) => conn.writeMessage(1, Buffer.from('late')),
  'a Ping': (conn) => conn.writeControl(PingMessage, 'late'),
  'a Pong': (conn) => conn.writeControl(PongMessage, 'late'),
  'a Close': (conn) => conn.writeControl(CloseMessage, formatCloseMessage(4001, 'late')),
  'ping()': (conn) => conn.ping('late'),
}

describe.each(['server', 'client'] as const)('a %s', (role) => {
  const from = role === 'server' ? 'client' : 'server'
  const pair = (): Promise<{ conn: Conn; peer: RawPeer }> => (role === 'server' ? acceptRaw() : dialRaw())

  test.each(Object.entries(writes))(
    'N1: rejects %s behind its Close frame and behind the end; the peer gets none of it',
    async (_, write) => {
      const { conn, peer } = await pair()
      await conn.writeMessage('in time')
      const closed = conn.close(4000)
      expect(conn.state).toBe('closing')
      await expect(write(conn)).rejects.toMatchObject({ code: 'ERR_WS_CLOSE_SENT', remote: false })
      expect((await peer.frame()).payload.toString()).toBe('in time')
      expect(await peer.closeFrame()).toEqual({ code: 4000, reason: '' })
      await expect(write(conn)).rejects.toMatchObject({ code: 'ERR_WS_CLOSE_SENT' })
      peer.send(frame(from, 8, Uint8Array.of(0x0f, 0xa0)))
      peer.socket.end()
      expect(await peer.rest()).toEqual(Buffer.alloc(0))
      await closed
      expect(conn.state).toBe('closed')
      await expect(write(conn)).rejects.toMatchObject({ code: 'ERR_WS_CLOSED', closeCode: 4000 })
    },
  )

  test.each(Object.entries(writes))(
    'N1: rejects %s behind a failure, with that failure',
    async (_, write) => {
      const { conn, peer } = await pair()
      peer.send(frame(from, 3, ''))
      expect((await peer.closeFrame()).code).toBe(1002)
      await expect(write(conn)).rejects.toMatchObject({ code: 'ERR_WS_OPCODE', closeCode: 1002 })
      peer.socket.end()
      expect(await peer.rest()).toEqual(Buffer.alloc(0))
      await conn.closed
      await expect(write(conn)).rejects.toMatchObject({ code: 'ERR_WS_OPCODE', closeCode: 1002 })
    },
  )

  test('N2: sends what is written without waiting in the order of the calls, each with its own outcome', async () => {
    const { conn, peer } = await pair()
    const broken = Uint8Array.of(0x61, 0xff)
    const outcomes: Promise<unknown>[] = []
    const sent: Buffer[] = []
    for (let n = 0; n < 300; n++) {
      // One in ten is more than is copied, one in seven is no text.
      const bytes = n % 10 === 0 ? patternOf(50_000 + n, n) : patternOf(n, n)
      if (n % 7 === 0) outcomes.push(conn.writeMessage(1, broken))
      else {
        outcomes.push(conn.writeMessage(bytes))
        sent.push(bytes)
      }
    }
    for (const bytes of sent) expect(same((await peer.frame()).payload, bytes)).toBe(true)
    const results = await Promise.allSettled(outcomes)
    results.forEach((result, n) => {
      if (n % 7 > 0) expect(result.status).toBe('fulfilled')
      else expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ERR_WS_INVALID_UTF8' } })
    })
    expect(conn.state).toBe('open')
  })

  test('N3: rejects a second read at once; the first gets the message, and the third the next', async () => {
    const { conn, peer } = await pair()
    const first = conn.readMessage()
    const refused = { code: 'ERR_WS_CONCURRENT_READ', remote: false }
    await expect(conn.readMessage()).rejects.toMatchObject(refused)
    await expect(conn[Symbol.asyncIterator]().next()).rejects.toMatchObject(refused)
    peer.send(Buffer.concat([frame(from, 1, 'one'), frame(from, 1, 'two')]))
    expect((await first).text()).toBe('one')
    expect((await conn.readMessage()).text()).toBe('two')
  })

  test('K1: throws a RangeError for a read limit that is none, and the one before holds', async () => {
    const { conn, peer } = await pair()
    conn.setReadLimit(5)
    for (const limit of [Number.NaN, -1, 1.5, 2 ** 53, Number.NEGATIVE_INFINITY]) {
      expect(() => conn.setReadLimit(limit)).toThrow(
        expect.objectContaining({ name: 'RangeError', code: 'ERR_WS_ARGUMENT' }),
      )
    }
    peer.send(Buffer.concat([frame(from, 1, 'five.'), frame(from, 1, 'longer')]))
    expect((await conn.readMessage()).text()).toBe('five.')
    await expect(conn.readMessage()).rejects.toMatchObject({ code: 'ERR_WS_MESSAGE_TOO_BIG' })
    expect((await peer.closeFrame()).code).toBe(1009)
  })

  test.each<[string, unknown]>([
    ['a number', 1],
    ['nothing', undefined],
    ['null', null],
    ['an object', { data: 'x' }],
    ['an array of bytes', [1, 2, 3]],
    ['a symbol', Symbol('x')],
    ['a promise', Promise.resolve('x')],
  ])('N11: throws a TypeError for %s as a message, of which the peer gets nothing', async (_, value) => {
    const { conn, peer } = await pair()
    for (const call of [
      () => conn.writeMessage(value as string),
      () => conn.writeMessage(1, value as string),
      () => conn.writeMessage(2, value as string),
      () => conn.ping((value ?? null) as string),
    ]) {
      expect(call).toThrow(expect.objectContaining({ name: 'TypeError', code: 'ERR_WS_ARGUMENT' }))
    }
    await conn.writeMessage('fine')
    expect(await peer.frame()).toMatchObject({ opcode: 1, payload: Buffer.from('fine') })
  })
})

describe('reading on behind the end', () => {
  const ends: readonly (readonly [string, (ends: { server: Conn; client: Conn }) => unknown])[] = [
    ['a Close frame', ({ server }) => server.close(4000)],
    ['a terminate() of its own', ({ client }) => client.terminate()],
    ['the end of TCP', ({ server }) => server.terminate()],
  ]

  /** Far more turns than a loop may take while others wait. */
  const TOO_MANY = 200_000

  test.each(ends)('N6: by %s gives the same error for ever, and stops nobody else', async (_, end) => {
    const [ended, other] = [await openBoth(), await openBoth()]
    const { client } = ended
    await end(ended)
    await client.closed
    const errors = new Set<unknown>()
    let reads = 0
    let stopped = false
    // A loop with a mistake: it takes every error for one of a single message.
    const loop = (async () => {
      while (!stopped && reads < TOO_MANY) {
        reads++
        await client.readMessage().catch((error) => errors.add(error))
      }
    })()
    await other.client.writeMessage('not disturbed')
    expect((await other.server.readMessage()).text()).toBe('not disturbed')
    await sleep(20)
    stopped = true
    await loop
    expect(errors.size).toBe(1)
    expect(reads).toBeGreaterThan(1_000)
    expect(reads).toBeLessThan(TOO_MANY)
  })

  test.each(ends)('N6: by %s is no endless loop of loops', async (_, end) => {
    const ended = await openBoth()
    const { client } = ended
    await end(ended)
    await client.closed
    let loops = 0
    let stopped = false
    const loop = (async () => {
      while (!stopped && loops < TOO_MANY) {
        loops++
        try {
          for await (const _ of client);
        } catch {
          // Once more.
        }
      }
    })()
    await sleep(20)
    stopped = true
    await loop
    expect(loops).toBeLessThan(TOO_MANY)
  })
})
