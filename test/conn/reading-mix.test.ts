// Every way to read, one after the other in any order, over a stream that is cut anywhere: no message is lost, none comes twice.
// RFC 6455 §5.4; control frames stand anywhere between the fragments.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Message } from '../../src/codec/message.ts'
import { join } from '../fuzz/frames.ts'
import { Solo } from './connections.ts'

/** How one or more messages are read. */
const WAYS = [
  'message',
  'into',
  'reader',
  'bytes',
  'left',
  'skipped',
  'loop',
  'batch',
  'push',
  'lent',
] as const
type Way = (typeof WAYS)[number]

/** Message number `i`: its number, then bytes that depend on it. */
function payload(i: number, length: number): Uint8Array {
  return new Uint8Array(length + 2).map((_, k) =>
    k === 0 ? i >> 8 : k === 1 ? i & 255 : (i * 7 + k * 3) & 127,
  )
}

class Consumer {
  /** Numbers of the messages in the order in which they came. */
  readonly met: number[] = []
  private readonly solo: Solo
  private readonly sizes: readonly number[]

  constructor(solo: Solo, sizes: readonly number[]) {
    this.solo = solo
    this.sizes = sizes
  }

  /** Reads in the given ways, in turn, until the connection ends. */
  async run(ways: readonly Way[]): Promise<void> {
    for (let i = 0; ; i++) if (!(await this.step(ways[i % ways.length]))) return
  }

  /** Notes a message; of one that was left in the middle, its beginning is enough. */
  private note(bytes: Uint8Array, whole = true): void {
    const i = bytes[0] * 256 + bytes[1]
    const all = payload(i, this.sizes[i])
    expect(Buffer.compare(bytes, whole ? all : all.subarray(0, bytes.length))).toBe(0)
    this.met.push(i)
  }

  /** false when the connection has ended. */
  private async step(way: Way): Promise<boolean> {
    const { conn } = this.solo
    try {
      if (way === 'message') this.note((await conn.readMessage()).data)
      if (way === 'into') this.note((await conn.readMessage({ into: new Uint8Array(40) })).data)
      if (way === 'reader' || way === 'bytes') {
        const reader = await conn.nextReader()
        const into = way === 'bytes' ? new Uint8Array(1) : undefined
        const pieces: Uint8Array[] = []
        for (;;) {
          const piece = await reader.read(into && { into })
          if (piece === null) break
          pieces.push(piece.slice())
        }
        this.note(join(pieces))
      }
      if (way === 'left') {
        // The number of the message may be cut too.
        const reader = await conn.nextReader()
        const into = new Uint8Array(1)
        const first = (await reader.read({ into }))?.[0]
        const second = (await reader.read({ into }))?.[0]
        this.note(Uint8Array.of(first!, second!), false)
      }
      if (way === 'skipped') {
        await conn.nextReader()
        this.met.push(this.met.length)
      }
      if (way === 'loop') {
        for await (const message of conn) {
          this.note(message.data)
          return true
        }
        return false
      }
      if (way === 'batch') {
        for await (const batch of conn.batches()) {
          for (const message of batch) this.note(message.data)
          return true
        }
        return false
      }
      if (way === 'push' || way === 'lent') return await this.push(way === 'lent')
      return true
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_WS_CLOSED' })
      return false
    }
  }

  /** Two messages or more are pushed. */
  private push(borrow: boolean): Promise<boolean> {
    const { conn } = this.solo
    return new Promise((resolve) => {
      let count = 0
      conn.closed.then(() => resolve(false))
      conn.onMessage(
        (message: Message) => {
          this.note(message.data)
          if (++count < 2) return
          conn.onMessage(null)
          resolve(true)
        },
        { borrow },
      )
    })
  }
}

const message = fc.record({
  size: fc.oneof(fc.nat(20), fc.nat(300), fc.constantFrom(3000, 20_000, 70_000)),
  fragments: fc.integer({ min: 1, max: 4 }),
  ping: fc.boolean(),
})

test('no message is lost and none comes twice', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(message, { minLength: 1, maxLength: 12 }),
      fc.array(fc.constantFrom(...WAYS), { minLength: 1, maxLength: 6 }),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }),
      fc.constantFrom(1, 50, 4096, 65_536),
      fc.boolean(),
      async (messages, ways, cuts, readBufferSize, reusable) => {
        const solo = new Solo({ readBufferSize })
        const frames = messages.flatMap(({ size, fragments, ping }, i) => {
          const bytes = payload(i, size)
          const parts: Uint8Array[] = []
          for (let k = 0; k < fragments; k++) {
            const [start, end] = [k, k + 1].map((n) => Math.floor((bytes.length * n) / fragments))
            parts.push(solo.frame(k === 0 ? 2 : 0, bytes.subarray(start, end), k === fragments - 1))
            if (ping) parts.push(solo.frame(9, 'p'))
          }
          return parts
        })
        const stream = join([...frames, solo.frame(8)])
        const places = [
          0,
          ...cuts.map((at) => Math.floor(at * stream.length)).sort((a, b) => a - b),
          stream.length,
        ]
        const consumer = new Consumer(
          solo,
          messages.map(({ size }) => size),
        )
        const done = consumer.run(ways)
        for (let i = 1; i < places.length; i++) {
          const read = stream.slice(places[i - 1], places[i])
          if (read.length === 0) continue
          // What a paused transport has read already may still arrive.
          if (reusable) solo.transport.receiveReusable(read)
          else solo.transport.receive(read)
          if (i % 2 === 0) await solo.settle()
        }
        await solo.settle()
        solo.transport.receiveEnd()
        await solo.settle()
        await done
        expect(consumer.met).toEqual(messages.map((_, i) => i))
        expect([solo.clock.timerCount, solo.transport.misuse, solo.conn.state]).toEqual([0, [], 'closed'])
      },
    ),
    { numRuns: 600 },
  )
})
