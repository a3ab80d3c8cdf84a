// The end of a connection with an open writer and messages behind it: everything settles at once, and buffers go home.
// RFC 6455 §5.4, §5.5.1 (nothing is sent behind a Close frame), §7.1.

import { describe, expect, test } from 'vitest'
import { Encoder } from '../../src/codec/encoder.ts'
import { PreparedMessage } from '../../src/codec/prepared-message.ts'
import { SLAB_BYTES } from '../../src/codec/slab.ts'
import { formatCloseMessage } from '../../src/codec.ts'
import type { Conn } from '../../src/conn/conn.ts'
import type { MessageWriter } from '../../src/conn/message-writer.ts'
import { counted, failure, type Outcome, type Solo, watch } from './connections.ts'
import { drain, type Started, start, words } from './writers.ts'

const roles = ['server', 'client'] as const
const closeSent = failure('ERR_WS_CLOSE_SENT')

/** An open writer with `length` bytes in pieces of 3, and a message, a prepared one, a writer and a message behind it. */
async function withQueue(
  one: Started,
  length: number,
): Promise<{ writer: MessageWriter; waiting: Outcome<unknown>[] }> {
  const { conn } = one.solo
  const writer = await conn.nextWriter(2)
  for (let at = 0; at < length; at += 3) await writer.write(counted(3, at))
  const waiting = [
    watch(conn.writeMessage('1')),
    watch(conn.writePreparedMessage(new PreparedMessage(1, '2'))),
    watch(conn.nextWriter(1)),
    watch(conn.writeMessage('3')),
  ]
  await one.solo.settle()
  return { writer, waiting }
}

const results = (waiting: Outcome<unknown>[]) =>
  waiting.map(({ state, error }) => (state === 'rejected' ? error : state))

/** Every way to send a Close frame of ours. */
const ways: [string, (conn: Conn) => void][] = [
  ['close()', (conn) => conn.close(4000)],
  ['writeControl()', (conn) => conn.writeControl(8, formatCloseMessage(4000))],
  ['writeMessage()', (conn) => conn.writeMessage(8, formatCloseMessage(4000))],
  [
    'writePreparedMessage()',
    (conn) => conn.writePreparedMessage(new PreparedMessage(8, formatCloseMessage(4000))),
  ],
]

describe.each(ways)('%s', (_, close) => {
  test.each(roles)(
    'of a %s drops a writer that sent nothing, behind the messages that wait',
    async (role) => {
      const one = start({ role, writeBufferSize: 100 })
      const { solo, pool } = one
      const { writer, waiting } = await withQueue(one, 9)
      close(solo.conn)
      expect(pool.out.size).toBe(0)
      await solo.settle()
      expect(results(waiting)).toEqual(['resolved', 'resolved', closeSent, 'resolved'])
      expect(words(solo)).toEqual(['1:1.', '1:1.', '1:1.', '8:2.'])
      await expect(writer.write('x')).rejects.toEqual(closeSent)
      await expect(writer.close()).rejects.toEqual(closeSent)
      writer.abort()
      await solo.receiveClose(4000)
      solo.transport.receiveEnd()
      await solo.settle()
      expect(await solo.conn.closed).toMatchObject({ code: 4000, wasClean: true })
    },
  )

  test.each(roles)('of a %s cuts a writer off that sent a part, and rejects what waits', async (role) => {
    const one = start({ role, writeBufferSize: 5 })
    const { solo, pool } = one
    const { writer, waiting } = await withQueue(one, 9)
    close(solo.conn)
    expect(pool.out.size).toBe(0)
    await solo.settle()
    expect(results(waiting)).toEqual([closeSent, closeSent, closeSent, closeSent])
    expect(words(solo)).toEqual(['2:3', '0:3', '8:2.'])
    await expect(writer.write('x')).rejects.toEqual(closeSent)
    await expect(writer.close()).rejects.toEqual(closeSent)
    // Leaving it now is no failure.
    writer.abort()
    await solo.settle()
    expect(solo.sentClose).toBe(4000)
    // A second Close only waits, or rejects.
    close(solo.conn)
    await solo.receiveClose(4000)
    solo.transport.receiveEnd()
    await solo.settle()
    expect(await solo.conn.closed).toMatchObject({ code: 4000, wasClean: true })
    expect(words(solo).length).toBe(3)
  })
})

describe('in a Close handler', () => {
  test.each(ways)('of the application, %s answers, and its promise says so', async (way, close) => {
    const { solo } = start()
    const results: unknown[] = []
    const writer = await solo.conn.nextWriter(2)
    await writer.write(counted(3))
    const waiting = watch(solo.conn.writeMessage('queued'))
    solo.conn.setCloseHandler(async () => {
      const closing = close(solo.conn) as unknown as Promise<unknown> | undefined
      if (way !== 'close()') results.push(await closing)
    })
    await solo.receiveClose(1001)
    expect(solo.log).toEqual(['text queued', 'close 4000'])
    expect([waiting.state, results]).toEqual(['resolved', way === 'close()' ? [] : [undefined]])
    solo.transport.receiveEnd()
    await solo.settle()
    expect(await solo.conn.closed).toMatchObject({ code: 1001, wasClean: true })
  })
})

describe('a Close frame that is none', () => {
  test('ends nothing: the writer and what waits go on', async () => {
    const one = start({ writeBufferSize: 5 })
    const { solo } = one
    const { conn } = solo
    const { writer, waiting } = await withQueue(one, 9)
    const argument = failure('ERR_WS_ARGUMENT') as Error
    expect(() => conn.close(1006)).toThrow(argument)
    expect(() => conn.close(1000, 'x'.repeat(124))).toThrow(argument)
    expect(() => conn.close('1000' as never)).toThrow(argument)
    expect(() => conn.writeControl(8, Uint8Array.of(3))).toThrow(argument)
    expect(() => conn.writeMessage(8, formatCloseMessage(1000, 'x'.repeat(123)).fill(255, 2))).toThrow(
      argument,
    )
    expect(() => conn.writeControl(8, new Uint8Array(126))).toThrow(argument)
    await writer.close()
    await solo.settle()
    ;(await (waiting[2].value as MessageWriter)).close()
    await solo.settle()
    expect(words(solo)).toEqual(['2:3', '0:3', '0:3.', '1:1.', '1:1.', '1:0.', '1:1.'])
    expect(conn.state).toBe('open')
  })

  test('that cannot be masked fails a connection whose message it cut off', async () => {
    for (const writeBufferSize of [5, 100]) {
      let isBroken = false
      const random = {
        fill() {
          if (isBroken) throw new Error('no entropy')
        },
      }
      const one = start({ role: 'client', random, writeBufferSize })
      const { solo } = one
      const writer = await solo.conn.nextWriter(2)
      for (let i = 0; i < 3; i++) await writer.write(counted(3))
      await solo.settle()
      // Uses up the keys that are there, 1024 at first.
      for (let i = words(solo).length; i < 1024; i++) solo.conn.writeControl(10)
      isBroken = true
      const refused = failure('ERR_WS_RANDOM_SOURCE')
      await expect(solo.conn.writeControl(8)).rejects.toEqual(refused)
      expect(solo.conn.state).toBe(writeBufferSize === 5 ? 'closed' : 'open')
      isBroken = false
      if (writeBufferSize === 100) {
        await solo.conn.writeMessage('goes on')
        await solo.settle()
        expect(solo.log.at(-1)).toBe('text goes on')
      } else expect(await solo.conn.closed).toMatchObject({ code: 1006, error: refused })
    }
  })
})

const ends: [string, (solo: Solo) => unknown, string][] = [
  ['terminate()', (solo) => solo.conn.terminate(), 'ERR_WS_ABNORMAL_CLOSURE'],
  ["the peer's Close frame", (solo) => solo.receiveClose(1001), 'ERR_WS_CLOSED'],
  ["the peer's end without one", (solo) => solo.transport.receiveEnd(), 'ERR_WS_ABNORMAL_CLOSURE'],
  ['a reset', (solo) => solo.transport.gone(new Error('reset')), 'ERR_WS_ABNORMAL_CLOSURE'],
  ['a fault of the peer', (solo) => solo.receive(Uint8Array.of(0xf1, 0x80)), 'ERR_WS_RESERVED_BIT'],
  [
    'a handler that throws',
    (solo) => {
      solo.conn.setPongHandler(() => {
        throw new Error('handler')
      })
      return solo.receive(solo.frame(10))
    },
    'ERR_WS_HANDLER',
  ],
  [
    'a transport that throws',
    (solo) => {
      solo.transport.write = () => {
        throw new Error('write')
      }
      solo.conn.writeControl(10)
      solo.transport.handOver()
      return solo.settle()
    },
    'ERR_WS_ABNORMAL_CLOSURE',
  ],
]

describe.each(ends)('%s', (_, end, code) => {
  test.each([
    ['has sent nothing', 100, false],
    ['has sent a part', 5, false],
    ['waits for a slow peer', 5, true],
  ])('settles all behind a writer that %s, without waiting for the transport', async (_, size, isStalled) => {
    const one = start({ writeBufferSize: size }, isStalled)
    const { solo, pool } = one
    solo.transport.holdsClose = true
    const { writer, waiting } = await withQueue(one, 9)
    expect(pool.calls).toEqual([`acquire ${size}`])
    await end(solo)
    await solo.settle()
    const error = failure(code)
    expect(results(waiting)).toEqual([error, error, error, error])
    expect(pool.calls).toEqual([`acquire ${size}`, 'release'])
    await expect(writer.write('x')).rejects.toEqual(error)
    await expect(writer.close()).rejects.toEqual(error)
    writer.abort()
    await expect(solo.conn.nextWriter(1)).rejects.toEqual(error)
    await expect(solo.conn.flush()).rejects.toEqual(error)
    if (isStalled && !solo.transport.isDestroyed) await drain(solo)
    solo.transport.gone()
    await solo.settle()
    expect(pool.calls).toEqual([`acquire ${size}`, 'release'])
    expect(solo.clock.timerCount).toBe(0)
  })
})

describe('a transport that throws', () => {
  const breaks = (solo: Solo) => {
    solo.transport.write = () => {
      throw new Error('write')
    }
  }

  test.each([
    ['write()', (writer: MessageWriter) => writer.write(counted(70_000), { copy: true })],
    ['close()', (writer: MessageWriter) => writer.close()],
  ])('makes the %s reject that it fails in', async (_, act) => {
    const { solo, pool } = start({ writeBufferSize: 100_000 })
    const writer = await solo.conn.nextWriter(2)
    await writer.write(counted(80_000))
    breaks(solo)
    await expect(act(writer)).rejects.toEqual(failure('ERR_WS_ABNORMAL_CLOSURE'))
    expect(pool.calls).toEqual(['acquire 100000', 'release'])
    await solo.settle()
    expect(solo.conn.state).toBe('closed')
  })

  test('gives the memory of what it did not take back', async () => {
    const others = new Encoder({ role: 'server' })
    const theirs = new Set<string>()
    const memories: ArrayBufferLike[] = []
    for (let i = 0; i < 40; i++) {
      const { solo } = start()
      breaks(solo)
      solo.conn.writeMessage(counted(30_000))
      await solo.settle()
      expect(solo.conn.state).toBe('closed')
      others.frame(0x82, counted(30_000), 0, 30_000, false)
      const segments = others.take()
      for (const { bytes, start } of segments) {
        if (!memories.includes(bytes.buffer)) memories.push(bytes.buffer)
        theirs.add(`${memories.indexOf(bytes.buffer)} ${Math.floor(start / SLAB_BYTES)}`)
      }
      others.release(segments)
    }
    // Where it is kept, one slab of 64 KiB is used up by every two of them.
    expect(theirs.size).toBeLessThan(5)
  })

  test('at the first of those that wait makes all of them reject with one error', async () => {
    const { solo, pool } = start()
    const { conn } = solo
    const writer = await conn.nextWriter(2)
    const waiting = [
      watch(conn.writeMessage(counted(70_000))),
      watch(conn.writeMessage('next')),
      watch(conn.writePreparedMessage(new PreparedMessage(1, 'next'))),
      watch(conn.nextWriter(1)),
    ]
    breaks(solo)
    await writer.close()
    await solo.settle()
    const { error } = await conn.closed
    expect(error).toEqual(failure('ERR_WS_ABNORMAL_CLOSURE'))
    expect(results(waiting)).toEqual(Array(4).fill(error))
    expect(pool.out.size).toBe(0)
  })

  test('makes writeMessage() and flush() reject', async () => {
    const { solo } = start()
    breaks(solo)
    await expect(solo.conn.writeMessage(counted(70_000), { copy: true })).rejects.toEqual(
      failure('ERR_WS_ABNORMAL_CLOSURE'),
    )
    const { solo: other } = start()
    breaks(other)
    await other.conn.writeMessage('x')
    await expect(other.conn.flush()).rejects.toEqual(failure('ERR_WS_ABNORMAL_CLOSURE'))
  })
})
