// Limits of writes: their own, those of all writes, and what it means when one is over.
// gorilla's SetWriteDeadline breaks the connection; here a write that has not begun leaves it as it was.

import { describe, expect, test } from 'vitest'
import { PreparedMessage } from '../../src/codec/prepared-message.ts'
import type { Conn } from '../../src/conn/conn.ts'
import type { Op } from '../../src/conn/waiter.ts'
import { counted, failure, type Solo, watch } from './connections.ts'
import { drain, start } from './writers.ts'

const timeout = failure('ERR_WS_TIMEOUT')
const past = () => new Date(Date.now() - 1000)
const prepared = new PreparedMessage(2, counted(100))

const writes: [string, (conn: Conn, op?: Op) => Promise<unknown>][] = [
  ['writeMessage(bytes)', (conn, op) => conn.writeMessage(counted(100), op)],
  ['writeMessage(large bytes)', (conn, op) => conn.writeMessage(counted(40_000), op)],
  ['writeMessage(type, text)', (conn, op) => conn.writeMessage(1, 'x'.repeat(100), op)],
  ['writeJSON()', (conn, op) => conn.writeJSON('x'.repeat(100), op)],
  ['writePreparedMessage()', (conn, op) => conn.writePreparedMessage(prepared, op)],
  [
    'a piece',
    async (conn, op) => {
      const writer = await conn.nextWriter(2)
      try {
        await writer.write(counted(100), op)
      } catch (error) {
        writer.abort()
        throw error
      }
      await writer.close()
    },
  ],
  [
    'close() of a writer',
    async (conn, op) => {
      const writer = await conn.nextWriter(2)
      try {
        await writer.close(op)
      } catch (error) {
        writer.abort()
        throw error
      }
    },
  ],
]

const opens: [string, (conn: Conn, op?: Op) => Promise<unknown>] = [
  'nextWriter()',
  (conn, op) => conn.nextWriter(2, op).then((writer) => writer.close()),
]

/** Nothing was sent, and the connection works. */
async function isUnharmed(solo: Solo): Promise<void> {
  solo.conn.setWriteDeadline(null)
  solo.conn.setWriteTimeout(null)
  await solo.settle()
  expect(solo.transport.writes).toEqual([])
  await solo.conn.writeMessage('works')
  await solo.settle()
  expect(solo.log).toEqual(['text works'])
  expect(solo.clock.timerCount).toBe(0)
}

describe.each([...writes, opens])('%s', (_, write) => {
  test.each(['server', 'client'] as const)(
    'of a %s sends nothing when its time is over at the call',
    async (role) => {
      const { solo } = start({ role, writeBufferSize: 10 })
      await expect(write(solo.conn, { deadline: past() })).rejects.toEqual(timeout)
      await expect(write(solo.conn, { deadline: past(), timeout: 0 })).rejects.toEqual(timeout)
      await isUnharmed(solo)
    },
  )

  test.each([[{ my: 'reason' }], [null], [0]])(
    'sends nothing when its signal was aborted before, by %j',
    async (reason) => {
      const { solo } = start({ writeBufferSize: 10 })
      await expect(write(solo.conn, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
      await isUnharmed(solo)
    },
  )

  test('throws at once for limits that are none', async () => {
    const { solo } = start({ writeBufferSize: 10 })
    const bad = [
      { timeout: -1 },
      { timeout: Number.NaN },
      { timeout: '5' },
      { timeout: 2 ** 31 },
      { deadline: 1000 },
      { deadline: new Date(Number.NaN) },
      { deadline: new Date(Date.now() + 2 ** 32) },
      { signal: {} },
    ]
    for (const op of bad) {
      let error: unknown
      try {
        await write(solo.conn, op as Op)
      } catch (thrown) {
        error = thrown
      }
      expect(error).toEqual(failure('ERR_WS_ARGUMENT'))
    }
    await isUnharmed(solo)
  })
})

describe.each(writes)('%s', (_, write) => {
  test('sends nothing behind the deadline of all writes, until that is changed', async () => {
    const { solo } = start({ writeBufferSize: 10 })
    solo.conn.setWriteDeadline(past())
    await expect(solo.conn.nextWriter(2)).rejects.toEqual(timeout)
    if (!/piece|writer/.test(_)) await expect(write(solo.conn)).rejects.toEqual(timeout)
    await isUnharmed(solo)
  })

  test('keeps its limits where nothing makes it wait, 0 included', async () => {
    const { solo } = start({ writeBufferSize: 10, highWaterMark: 2 ** 20 })
    solo.conn.setWriteTimeout(0)
    for (const op of [undefined, { timeout: 0 }, { timeout: 0, deadline: new Date(Date.now() + 60_000) }]) {
      const written = watch(write(solo.conn, op))
      // A large one waits for the end of the turn.
      await solo.settle()
      expect(written.state).toBe('resolved')
    }
    await solo.clock.advance(100)
    expect([solo.conn.state, solo.clock.timerCount]).toEqual(['open', 0])
  })
})

describe.each(writes.slice(0, -1))('%s that is half way out', (_, write) => {
  test.each([
    ['its own timeout', { timeout: 100 }, () => {}],
    ['the timeout of all writes', undefined, (conn: Conn) => conn.setWriteTimeout(100)],
    ['the shorter of two', { timeout: 100 }, (conn: Conn) => conn.setWriteTimeout(5000)],
    ['the shorter of the two others', { timeout: 5000 }, (conn: Conn) => conn.setWriteTimeout(100)],
  ])('fails the connection at %s', async (_, op, set) => {
    const { solo } = start({ highWaterMark: 10, writeBufferSize: 10 }, true)
    set(solo.conn)
    const written = watch(write(solo.conn, op))
    const other = watch(solo.conn.readMessage())
    await solo.settle()
    await solo.clock.advance(99)
    expect([written.state, solo.conn.state]).toEqual(['pending', 'open'])
    await solo.clock.advance(1)
    expect(written.error).toEqual(timeout)
    expect(other.error).toBe(written.error)
    await expect(solo.conn.writeMessage('x')).rejects.toBe(written.error)
    expect(await solo.conn.closed).toMatchObject({ code: 1006, wasClean: false, error: timeout })
    expect(solo.clock.timerCount).toBe(0)
  })

  test('fails the connection when its signal aborts, with the reason as the cause', async () => {
    const { solo } = start({ highWaterMark: 10, writeBufferSize: 10 }, true)
    const controller = new AbortController()
    const written = watch(write(solo.conn, { signal: controller.signal, timeout: 1000 }))
    await solo.settle()
    expect(written.state).toBe('pending')
    const reason = new Error('the user left')
    controller.abort(reason)
    await solo.settle()
    expect(written.error).toBe(reason)
    expect(await solo.conn.closed).toMatchObject({
      code: 1006,
      error: failure('ERR_WS_ABNORMAL_CLOSURE', { cause: reason }),
    })
  })

  test('leaves nothing behind once it is done: no timer, and a late abort does nothing', async () => {
    const { solo } = start({ highWaterMark: 10, writeBufferSize: 10 }, true)
    const controller = new AbortController()
    const written = watch(write(solo.conn, { signal: controller.signal, timeout: 1000 }))
    await solo.settle()
    await drain(solo)
    expect(written.state).toBe('resolved')
    controller.abort()
    await solo.clock.advance(5000)
    expect([solo.conn.state, solo.clock.timerCount]).toEqual(['open', 0])
  })
})

describe('the limits of all writes', () => {
  test('do not hold for control frames, prepared ones included', async () => {
    const { solo } = start({ highWaterMark: 10 }, true)
    const { conn } = solo
    conn.setWriteDeadline(past())
    conn.setWriteTimeout(0)
    const done = [
      watch(conn.writeControl(9, 'a')),
      watch(conn.writeMessage(10, 'b')),
      watch(conn.writePreparedMessage(new PreparedMessage(9, 'c'))),
      watch(conn.ping('d')),
      watch(conn.writeControl(9, 'e'.repeat(100))),
    ]
    await solo.clock.advance(1000)
    expect(done.map(({ state }) => state)).toEqual(['resolved', 'resolved', 'resolved', 'pending', 'pending'])
    expect(conn.state).toBe('open')
    await drain(solo)
    await solo.receive(solo.frame(10, 'd'))
    expect(done.every(({ state }) => state === 'resolved')).toBe(true)
    const closed = watch(conn.writePreparedMessage(new PreparedMessage(8, '')))
    await solo.settle()
    expect([closed.state, solo.sentClose]).toEqual(['resolved', 1005])
  })

  test.each([[{ my: 'reason' }], [null]])(
    'a signal that was aborted before, by %j, lets no control frame go',
    async (reason) => {
      const { solo } = start()
      const op = { signal: AbortSignal.abort(reason) }
      await expect(solo.conn.ping('x', op)).rejects.toBe(reason)
      await expect(solo.conn.writeControl(9, 'x', op)).rejects.toBe(reason)
      await expect(solo.conn.writePreparedMessage(new PreparedMessage(8, ''), op)).rejects.toBe(reason)
      await isUnharmed(solo)
    },
  )

  test("a control frame's own limit ends its promise only: the frame leaves all the same", async () => {
    const { solo } = start({ highWaterMark: 0 }, true)
    const late = watch(solo.conn.writeControl(9, 'a', { timeout: 50 }))
    await expect(solo.conn.writeControl(9, 'b', { deadline: past() })).rejects.toEqual(timeout)
    await solo.clock.advance(50)
    expect(late.error).toEqual(timeout)
    expect(solo.conn.state).toBe('open')
    await drain(solo)
    expect(solo.log).toEqual(['ping a'])
  })

  test('hold for what begins from then on: a write that waits for its turn keeps those it began with', async () => {
    const { solo } = start({ highWaterMark: 10 }, true)
    const { conn, clock } = solo
    const writer = await conn.nextWriter(2)
    const unlimited = watch(conn.writeMessage(counted(100)))
    conn.setWriteTimeout(1000)
    const limited = watch(conn.writeMessage(counted(100)))
    conn.setWriteDeadline(past())
    await expect(writer.close()).rejects.toEqual(timeout)
    conn.setWriteDeadline(null)
    conn.setWriteTimeout(null)
    writer.close()
    conn.setWriteDeadline(past())
    await clock.advance(999)
    expect([unlimited.state, limited.state]).toEqual(['pending', 'pending'])
    await drain(solo)
    expect([unlimited.state, limited.state]).toEqual(['resolved', 'resolved'])
    expect(clock.timerCount).toBe(0)
  })

  test('a deadline is a point of time: it comes nearer, and passes', async () => {
    const { solo } = start({ highWaterMark: 10 }, true)
    const { conn, clock } = solo
    conn.setWriteDeadline(new Date(Date.now() + 60_000))
    await clock.advance(59_000)
    await conn.writeMessage('ok')
    const written = watch(conn.writeMessage(counted(100)))
    await clock.advance(900)
    expect(written.state).toBe('pending')
    // It was turned into time on the clock when it was set, and the two did not start at the same instant.
    await clock.advance(200)
    expect(written.error).toEqual(timeout)
  })

  test('throw for what is none', () => {
    const { solo } = start()
    const { conn } = solo
    for (const bad of [-1, Number.NaN, 2 ** 31, '5', undefined, {}])
      expect(() => conn.setWriteTimeout(bad as never)).toThrow(failure('ERR_WS_ARGUMENT') as Error)
    for (const bad of [0, undefined, new Date(Number.NaN), new Date(Date.now() + 2 ** 32)])
      expect(() => conn.setWriteDeadline(bad as never)).toThrow(failure('ERR_WS_ARGUMENT') as Error)
  })
})
