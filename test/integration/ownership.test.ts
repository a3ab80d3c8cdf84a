// Received messages never change after delivery, and buffers given to us are read no later than promised.
// The transport, the kernel and the pooled memory all reuse memory below; none of that may be seen.

import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Conn, Message } from '../../src/index.ts'
import { join } from '../fuzz/frames.ts'
import { type Pick, seeded } from '../fuzz/random.ts'
import { patternOf, same } from './bytes.ts'
import { frame, RawPeer } from './raw-peer.ts'
import { acceptText, dialRaw, rawServer } from './raw-server.ts'
import { acceptRaw, open, serve } from './serve.ts'

const CONNECTIONS = 100
const MESSAGES = 10

/** A size around the borders of the header forms, the pooled slabs and the kernel's window, or any other. */
function sizeOf(pick: Pick): number {
  const borders = [0, 1, 125, 126, 127, 4_096, 16_383, 16_384, 65_535, 65_536, 70_000]
  return pick(3) === 0 ? borders[pick(borders.length - 1)] : pick(pick(1) === 0 ? 200 : 20_000)
}

interface Sent {
  readonly isText: boolean
  readonly bytes: Buffer
}

/** A binary message, or a text that takes up to three bytes for a character. */
function messageOf(pick: Pick): Sent {
  const isText = pick(2) === 0
  if (!isText) return { isText, bytes: patternOf(sizeOf(pick), pick(1e9)) }
  return { isText, bytes: Buffer.from(['x', 'é', '你'][pick(2)].repeat(sizeOf(pick) / 3)) }
}

/** The frames of the message: one in three is fragmented, anywhere. */
function framesOf({ isText, bytes }: Sent, role: 'client' | 'server', pick: Pick): Uint8Array {
  const opcode = isText ? 1 : 2
  if (pick(2) > 0) return frame(role, opcode, bytes)
  const [a, b] = [pick(bytes.length), pick(bytes.length)].sort((x, y) => x - y)
  return join([
    frame(role, opcode, bytes.subarray(0, a), false),
    frame(role, 9, 'a ping between'),
    frame(role, 0, bytes.subarray(a, b), false),
    frame(role, 0, bytes.subarray(b), true),
  ])
}

/** Sends the messages in pieces that have nothing to do with the frames. */
async function sendInPieces(
  peer: RawPeer,
  role: 'client' | 'server',
  messages: readonly Sent[],
  pick: Pick,
): Promise<void> {
  const bytes = join(messages.map((message) => framesOf(message, role, pick)))
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + pick(pick(1) === 0 ? 100 : 60_000))
    peer.send(bytes.subarray(at, end))
    at = end
    if (pick(3) === 0) await sleep(pick(2))
  }
}

function expectKept(kept: readonly Message[], sent: readonly Sent[]): void {
  expect(kept.length).toBe(sent.length)
  kept.forEach((message, n) => {
    const { isText, bytes } = sent[n]
    expect(message.isText).toBe(isText)
    expect(same(message.data, bytes)).toBe(true)
    if (isText) expect(message.text() === bytes.toString()).toBe(true)
    expect(message.data).toBe(message.data)
  })
}

describe('1,000 messages of 100 connections, kept until the end, are then as they were sent', () => {
  const conversations = Array.from({ length: CONNECTIONS }, (_, connection) => {
    const pick = seeded(connection)
    return { pick, sent: Array.from({ length: MESSAGES }, () => messageOf(pick)) }
  })

  test('to a server, which sends each of them back meanwhile', async () => {
    const kept = new Map<string, Message[]>()
    const { port } = await serve(async (conn) => {
      const messages: Message[] = []
      kept.set(conn.handshake.path ?? '', messages)
      for await (const message of conn) {
        messages.push(message)
        await conn.writeMessage(message)
      }
    })
    await Promise.all(
      conversations.map(async ({ pick, sent }, connection) => {
        const peer = await RawPeer.open(port, `/${connection}`)
        const sending = sendInPieces(peer, 'client', sent, pick)
        for (const { isText, bytes } of sent) {
          let echoed = await peer.frame()
          while (echoed.opcode === 10) echoed = await peer.frame()
          expect([echoed.opcode, echoed.fin, echoed.masked]).toEqual([isText ? 1 : 2, true, false])
          expect(same(echoed.payload, bytes)).toBe(true)
        }
        await sending
      }),
    )
    conversations.forEach(({ sent }, connection) => {
      expectKept(kept.get(`/${connection}`) ?? [], sent)
    })
  })

  test('to clients', async () => {
    const server = await rawServer()
    const kept = await Promise.all(
      conversations.map(async ({ pick, sent }) => {
        const opening = open(server.url)
        const peer = await server.accept()
        peer.send(acceptText(await peer.head()))
        const sending = sendInPieces(peer, 'server', sent, pick)
        // Whichever of the simultaneous dials this peer belongs to: the messages say whose they are.
        const conn = await opening
        const messages: Message[] = []
        while (messages.length < MESSAGES) messages.push(await conn.readMessage())
        await sending
        return messages
      }),
    )
    // accept() and open() pair up in the order of arrival, which need not be that of the dials.
    const wanted = new Map(
      conversations.map(({ sent }) => [sent.map(({ bytes }) => bytes.length).join(), sent]),
    )
    expect(wanted.size).toBe(CONNECTIONS)
    for (const messages of kept) {
      const sent = wanted.get(messages.map(({ byteLength }) => byteLength).join())
      expect(sent).toBeDefined()
      expectKept(messages, sent ?? [])
    }
  })

  test('and a copy is the same and has memory of its own', async () => {
    const { conn, peer } = await acceptRaw()
    peer.send(join([frame('client', 2, patternOf(100)), frame('client', 1, 'text')]))
    const message = await conn.readMessage()
    const copy = message.copy()
    expect(copy.data.buffer.byteLength).toBe(100)
    copy.data.fill(0)
    expect(same(message.data, patternOf(100))).toBe(true)
    expect((await conn.readMessage()).copy().text()).toBe('text')
  })
})

describe('while a peer does not read, the buffers of the caller are free as soon as promised', () => {
  const COPIED = 32 * 1024
  /** More than the operating system holds for a connection. */
  const STALLED_BYTES = 24 * 1024 * 1024
  const limits = { highWaterMark: 256 * 1024, hardLimit: 256 * 1024 * 1024 }

  /** Talks on another connection, so that pooled memory that was given back too early gets written over. */
  async function otherTraffic(stop: () => boolean): Promise<number> {
    const { conn, peer } = await acceptRaw()
    let count = 0
    while (!stop()) {
      const length = 1 + ((count * 7919) % COPIED)
      const written = conn.writeMessage(new Uint8Array(length).fill(0xee))
      const { payload } = await peer.frame()
      expect(payload.length).toBe(length)
      await written
      count++
    }
    return count
  }

  async function run(conn: Conn, peer: RawPeer, isClient: boolean): Promise<void> {
    const pick = seeded(7)
    const expected: Sent[] = []
    const pending: Promise<void>[] = []
    let bytes = 0
    let stopped = false
    const other = otherTraffic(() => stopped)

    const writeOne = () => {
      const n = expected.length
      const large = pick(7) === 0
      const length = large ? COPIED + 1 + pick(300_000) : pick(pick(1) === 0 ? 300 : COPIED)
      bytes += length
      if (pick(4) === 0) {
        const text = `${n} ${'é'.repeat(length / 2)}`
        expected.push({ isText: true, bytes: Buffer.from(text) })
        pending.push(conn.writeMessage(text))
        return
      }
      const buffer = patternOf(length, n)
      expected.push({ isText: false, bytes: Buffer.from(buffer) })
      const copy = pick(1) === 0
      const written = conn.writeMessage(buffer, { copy })
      if (isClient || copy || length <= COPIED) buffer.fill(0xff)
      pending.push(
        written.then(() => {
          buffer.fill(0xff)
        }),
      )
    }

    while (bytes < STALLED_BYTES) {
      writeOne()
      if (pick(3) === 0) await sleep(0)
    }
    await sleep(20)
    // It really is stalled.
    expect(conn.bufferedAmount).toBeGreaterThan(limits.highWaterMark)

    const check = async (sent: Sent) => {
      const got = await peer.frame()
      expect([got.opcode, got.fin, got.reserved, got.masked]).toEqual([
        sent.isText ? 1 : 2,
        true,
        0,
        isClient,
      ])
      expect(same(got.payload, sent.bytes)).toBe(true)
    }
    // The peer reads a while, stalls again, and more is written meanwhile; then it reads everything.
    let read = 0
    for (; read < 100; read++) await check(expected[read])
    for (let n = 0; n < 200; n++) writeOne()
    await sleep(20)
    for (; read < expected.length; read++) await check(expected[read])
    await Promise.all(pending)
    await conn.flush()
    expect(conn.bufferedAmount).toBe(0)
    stopped = true
    expect(await other).toBeGreaterThan(10)
  }

  describe.each([
    ['a plain socket', false],
    ['TLS', true],
  ])('over %s', (_, tls) => {
    test('N4: from a server', async () => {
      const { conn, peer } = await acceptRaw({ ...limits, tls })
      await run(conn, peer, false)
    })

    test('N4: from a client, masked', async () => {
      const { conn, peer } = await dialRaw(limits, tls)
      await run(conn, peer, true)
    })
  })

  test('N4: a large payload that is borrowed goes out as it is when the promise settles', async () => {
    const { conn, peer } = await acceptRaw()
    const buffer = patternOf(100_000)
    await conn.writeMessage(buffer)
    buffer.fill(0)
    expect(same((await peer.frame()).payload, patternOf(100_000))).toBe(true)
  })
})
