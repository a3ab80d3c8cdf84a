// Pressure in both directions: who does not read stops the other side, and what waits meanwhile has bounds.
// RFC 6455 §5.5.2, §5.5.3 (a pong for the newest ping only is allowed), §10.4 (limits).

import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Conn } from '../../src/index.ts'
import { join } from '../fuzz/frames.ts'
import { patternOf, same } from './bytes.ts'
import { frame, type RawPeer } from './raw-peer.ts'
import { dialRaw } from './raw-server.ts'
import { acceptRaw, open, serve } from './serve.ts'

const KIB = 1024
const MIB = 1024 * KIB

/** The value once it has stayed the same for 150 ms. */
async function settled(value: () => number): Promise<number> {
  let last = value()
  for (let since = performance.now(); performance.now() - since < 150; await sleep(10)) {
    if (value() !== last) {
      last = value()
      since = performance.now()
    }
  }
  return last
}

/** Whether the promise is still pending after a while. */
async function isPending(promise: Promise<unknown>, milliseconds = 50): Promise<boolean> {
  const pending = Symbol('pending')
  return (await Promise.race([promise, sleep(milliseconds, pending)])) === pending
}

describe('a connection that is not read from', () => {
  describe.each([100, 10_000, 200_000])('and gets messages of %i bytes', (length) => {
    test.each([
      ['a plain socket', false],
      ['TLS', true],
    ])('K2: stops its peer over %s, and misses nothing once it is read from', async (_, tls) => {
      const { conn, peer } = await acceptRaw({ tls })
      const count = Math.ceil((32 * MIB) / length)
      const payload = patternOf(length)
      const message = frame('client', 2, payload)
      const perWrite = Math.ceil(MIB / message.length)
      const many = join(Array.from({ length: perWrite }, () => message))
      const writes = Math.ceil(count / perWrite)
      for (let i = 0; i < writes; i++) peer.send(many)

      const { socket } = conn as { socket: Socket }
      const read = await settled(() => socket.bytesRead)
      // One message and 64 KiB, and what one read and the stream's own buffer hold.
      expect(read).toBeLessThan(Math.max(64 * KIB, length) + length + 512 * KIB)
      expect(peer.socket.writableLength).toBeGreaterThan(MIB)

      for (let n = 0; n < writes * perWrite; n++) {
        const message = await conn.readMessage()
        if (!same(message.data, payload)) expect(n).toBe('the first that differs')
      }
      expect(peer.socket.writableLength).toBe(0)
    })
  })

  test('K2: holds a message of the read limit behind small ones no further than it must', async () => {
    const { conn, peer } = await acceptRaw()
    const large = patternOf(8 * MIB)
    peer.send(join([frame('client', 1, 'small'), frame('client', 2, large)]))
    const read = await settled(() => (conn.socket as Socket).bytesRead)
    expect(read).toBeLessThan(MIB)
    expect((await conn.readMessage()).text()).toBe('small')
    expect(same((await conn.readMessage()).data, large)).toBe(true)
  })

  test('still answers pings, and still sees the Close frame, below its limit', async () => {
    const { conn, peer } = await acceptRaw()
    for (let i = 0; i < 10; i++) peer.send(frame('client', 2, patternOf(1_000)))
    peer.send(frame('client', 9, 'there?'))
    expect(await peer.frame()).toMatchObject({ opcode: 10, payload: Buffer.from('there?') })
    peer.send(frame('client', 8, Uint8Array.of(0x03, 0xe8)))
    expect(await peer.closeFrame()).toEqual({ code: 1000, reason: '' })
    for (let i = 0; i < 10; i++) expect((await conn.readMessage()).byteLength).toBe(1_000)
    await expect(conn.readMessage()).rejects.toMatchObject({ code: 'ERR_WS_CLOSED' })
  })

  test('K2, K3: stops our own Dialer, whose writes then wait', async () => {
    let opened!: (conn: Conn) => void
    const accepted = new Promise<Conn>((resolve) => {
      opened = resolve
    })
    const { url } = await serve(opened)
    const conn = await open(url)
    const reader = await accepted
    let written = 0
    const payload = patternOf(50_000)
    const writing = (async () => {
      for (; written < 1_000; written++) await conn.writeMessage(payload)
    })()
    await settled(() => written)
    expect(written).toBeLessThan(1_000)
    expect(conn.bufferedAmount).toBeLessThan(MIB + 2 * payload.length)
    for (let n = 0; n < 1_000; n++) expect(same((await reader.readMessage()).data, payload)).toBe(true)
    await writing
  })
})

describe.each([
  ['a server', () => acceptRaw({ highWaterMark: MIB, hardLimit: 4 * MIB })],
  ['a client', () => dialRaw({ highWaterMark: MIB, hardLimit: 4 * MIB })],
  ['a server over TLS', () => acceptRaw({ highWaterMark: MIB, hardLimit: 4 * MIB, tls: true })],
] as const)('%s whose peer does not read', (_, pair) => {
  const payload = patternOf(20_000)

  /** Writes, waiting for each, until a write waits; gives that write and how many there were. */
  async function stall(conn: Conn): Promise<{ waiting: Promise<void>; count: number }> {
    for (let count = 1; ; count++) {
      const waiting = conn.writeMessage(payload)
      if (conn.bufferedAmount > MIB && (await isPending(waiting))) return { waiting, count }
      await waiting
    }
  }

  async function expectMessages(peer: RawPeer, count: number): Promise<void> {
    for (let n = 0; n < count; n++) expect(same((await peer.frame()).payload, payload)).toBe(true)
  }

  test('K3: has its writes wait above the high-water mark until it is below', async () => {
    const { conn, peer } = await pair()
    const { waiting, count } = await stall(conn)
    expect(conn.bufferedAmount).toBeLessThanOrEqual(MIB + 2 * payload.length)
    expect(await isPending(waiting, 100)).toBe(true)
    await expectMessages(peer, count)
    await waiting
    await conn.flush()
    expect(conn.bufferedAmount).toBe(0)
  })

  test('K3: has writes rejected past the hard limit, of which nothing is sent', async () => {
    const { conn, peer } = await pair()
    const { waiting, count } = await stall(conn)
    const writes = Array.from({ length: 500 }, () => conn.writeMessage(payload))
    const buffered = conn.bufferedAmount
    expect(buffered).toBeGreaterThan(4 * MIB)
    expect(buffered).toBeLessThanOrEqual(4 * MIB + 2 * payload.length)
    await expect(conn.writeMessage('one more')).rejects.toMatchObject({ code: 'ERR_WS_BUFFER_FULL' })
    expect(conn.bufferedAmount).toBe(buffered)
    expect(conn.state).toBe('open')

    const outcomes = Promise.allSettled(writes)
    // How many were accepted is known once all are settled, which takes a peer that reads.
    let read = 0
    const reading = (async () => {
      for (;;) {
        const { opcode, payload: got } = await peer.frame()
        if (opcode === 1) return got.toString()
        expect(same(got, payload)).toBe(true)
        read++
      }
    })()
    const accepted = (await outcomes).filter(({ status }) => status === 'fulfilled').length
    await waiting
    await conn.writeMessage('the end')
    expect(await reading).toBe('the end')
    expect(accepted).toBeGreaterThan(0)
    expect(accepted).toBeLessThan(500)
    expect(read).toBe(count + accepted)
  })

  test('K3: holds no more memory than the hard limit for small messages', async () => {
    const { conn } = await pair()
    await stall(conn)
    const before = process.memoryUsage()
    const text = 'sixteen letters.'
    for (let i = 0; conn.bufferedAmount <= 4 * MIB; i++) {
      conn.writeMessage(text)
      if (i % 1_000 === 0) await sleep(0)
    }
    for (let refused = 0; refused < 100; refused++) {
      await expect(conn.writeMessage(text)).rejects.toMatchObject({ code: 'ERR_WS_BUFFER_FULL' })
    }
    expect(conn.bufferedAmount).toBeLessThanOrEqual(4 * MIB + 100)
    expect(process.memoryUsage().arrayBuffers - before.arrayBuffers).toBeLessThan(16 * MIB)
  })

  test('L5: fails when a write waits longer than it may', async () => {
    const { conn } = await pair()
    await stall(conn)
    const began = performance.now()
    await expect(conn.writeMessage(payload, { timeout: 100 })).rejects.toMatchObject({
      code: 'ERR_WS_TIMEOUT',
    })
    expect(performance.now() - began).toBeLessThan(2_000)
    expect(await conn.closed).toMatchObject({ code: 1006, wasClean: false })
    await expect(conn.writeMessage('x')).rejects.toMatchObject({ code: 'ERR_WS_TIMEOUT' })
  })

  test('M2: has its waiting writes rejected when the peer leaves', async () => {
    const { conn, peer } = await pair()
    const { waiting } = await stall(conn)
    const flushing = conn.flush()
    // With bytes that nobody has read this is a reset.
    peer.socket.destroy()
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_WS_ABNORMAL_CLOSURE' })
    await expect(flushing).rejects.toMatchObject({ code: 'ERR_WS_ABNORMAL_CLOSURE' })
    expect(conn.bufferedAmount).toBe(0)
  })

  test('keeps flush() waiting until the peer has taken it all', async () => {
    const { conn, peer } = await pair()
    const { count } = await stall(conn)
    const flushing = conn.flush()
    expect(await isPending(flushing, 100)).toBe(true)
    await expectMessages(peer, count)
    await flushing
    expect(conn.bufferedAmount).toBe(0)
  })
})

describe('flush()', () => {
  test('is over at once when nothing waits, and after the hand-over otherwise', async () => {
    const { conn, peer } = await acceptRaw()
    await conn.flush()
    const writes = [conn.writeMessage('one'), conn.writeMessage('two')]
    expect(conn.bufferedAmount).toBe(10)
    await conn.flush()
    expect(conn.bufferedAmount).toBe(0)
    await Promise.all(writes)
    expect((await peer.frame()).payload.toString()).toBe('one')
    expect((await peer.frame()).payload.toString()).toBe('two')
  })

  test('rejects once the connection has ended', async () => {
    const { conn } = await acceptRaw()
    conn.terminate()
    await expect(conn.flush()).rejects.toMatchObject({ code: 'ERR_WS_ABNORMAL_CLOSURE' })
  })
})

describe('pings', () => {
  /** Pings with a number each, the last of them number `count` - 1. */
  function pings(from: number, count: number): Uint8Array {
    return join(
      Array.from({ length: count }, (_, n) => {
        const data = Buffer.alloc(125)
        data.writeUInt32BE(from + n)
        return frame('client', 9, data)
      }),
    )
  }

  /** Numbers of the pongs up to the next text. */
  async function pongsBefore(peer: RawPeer): Promise<number[]> {
    const numbers: number[] = []
    for (;;) {
      const { opcode, payload } = await peer.frame()
      if (opcode === 1) return numbers
      if (opcode === 10) numbers.push(payload.readUInt32BE())
    }
  }

  test('D4: of a peer that reads are all answered, in order, however many come at once', async () => {
    const { conn, peer } = await acceptRaw()
    peer.send(pings(0, 1_000))
    for (let n = 0; n < 1_000; n++) expect((await peer.frame()).payload.readUInt32BE()).toBe(n)
    expect(conn.state).toBe('open')
  })

  test('D5: of a peer that does not read pile up no more than 16 pongs behind what waits already', async () => {
    const { conn, peer } = await acceptRaw()
    for (let i = 0; i < 12; i++) conn.writeMessage(patternOf(MIB), { copy: true })
    await sleep(50)
    const buffered = conn.bufferedAmount
    expect(buffered).toBeGreaterThan(MIB)
    peer.send(pings(0, 10_000))
    await settled(() => (conn.socket as Socket).bytesRead)
    expect(conn.bufferedAmount).toBeLessThanOrEqual(buffered)
    const reading = pongsBefore(peer)
    await expect.poll(() => conn.bufferedAmount, { timeout: 5_000 }).toBe(0)
    await conn.writeMessage('the end')
    expect(await reading).toEqual(Array.from({ length: 16 }, (_, n) => 10_000 - 16 + n))
  })

  test('D5: of a peer that never reads an answer take bounded memory, and the newest is answered', async () => {
    const { conn, peer } = await acceptRaw()
    const count = 160_000
    for (let from = 0; from < count; from += 1_000) {
      peer.send(pings(from, 1_000))
      if (from % 10_000 === 0) await sleep(1)
    }
    await expect.poll(() => peer.socket.writableLength, { timeout: 10_000 }).toBe(0)
    await settled(() => (conn.socket as Socket).bytesRead)
    expect(conn.bufferedAmount).toBeGreaterThan(0)
    expect(conn.bufferedAmount).toBeLessThan(256 * KIB)
    const reading = pongsBefore(peer)
    await expect.poll(() => conn.bufferedAmount, { timeout: 5_000 }).toBe(0)
    await conn.writeMessage('the end')
    const numbers = await reading
    expect(numbers.at(-1)).toBe(count - 1)
    expect(numbers.length).toBeLessThan(count)
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
  })
})
