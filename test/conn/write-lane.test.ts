// Messages behind an open writer: each waits for its turn, as it was at its call, and control frames pass.
// RFC 6455 §5.4: the fragments of one message must not be interleaved with those of another.

import { describe, expect, test } from 'vitest'
import { PreparedMessage } from '../../src/codec/prepared-message.ts'
import { counted, failure, Pair, watch } from './connections.ts'
import { drain, start, words, writePieces } from './writers.ts'

const KiB = 1024
const roles = ['server', 'client'] as const

describe.each(roles)('behind an open writer of a %s', (role) => {
  test('N8: messages, prepared messages and writers go in the order of their calls', async () => {
    const { solo } = start({ role, writeBufferSize: 4 })
    const { conn } = solo
    const order: string[] = []
    const note = (name: string, promise: Promise<unknown>) => promise.then(() => order.push(name))
    const first = await conn.nextWriter(1)
    await first.write('first')
    note('a', conn.writeMessage('a'))
    note('b', conn.writePreparedMessage(new PreparedMessage(1, 'b')))
    const second = conn.nextWriter(2)
    note('second', second)
    note('c', conn.writeJSON({ c: 1 }))
    const third = conn.nextWriter(1)
    note('third', third)
    note('d', conn.writeMessage(new Uint8Array(1)))
    await first.write('+')
    await solo.settle()
    expect(order).toEqual([])
    await first.close()
    await solo.settle()
    expect(order).toEqual(['a', 'b', 'second'])
    await writePieces(await second, [counted(5), counted(5)])
    await solo.settle()
    expect(order).toEqual(['a', 'b', 'second', 'c', 'third'])
    ;(await third).abort()
    await solo.settle()
    expect(order).toEqual(['a', 'b', 'second', 'c', 'third', 'd'])
    expect(words(solo)).toEqual(['1:5', '0:1.', '1:1.', '1:1.', '2:5', '0:5', '0:0.', '1:7.', '2:1.'])
    expect(solo.clock.timerCount).toBe(0)
  })

  test('control frames pass, between its fragments', async () => {
    const { solo } = start({ role, writeBufferSize: 4 })
    const { conn } = solo
    const writer = await conn.nextWriter(1)
    conn.writeMessage('behind')
    await writer.write('12345')
    conn.ping('p')
    conn.writeControl(10, 'q')
    conn.writePreparedMessage(new PreparedMessage(9, 'r'))
    conn.writeMessage(9, 's')
    await solo.receive(solo.frame(9, 't'))
    await writer.write('6')
    await writer.close()
    await solo.settle()
    expect(words(solo)).toEqual(['1:5', '9:1.', '10:1.', '9:1.', '9:1.', '10:1.', '0:1.', '1:6.'])
    expect(solo.log).toEqual(['ping p', 'pong q', 'ping r', 'ping s', 'pong t', 'text 123456', 'text behind'])
  })

  test('what waits is as it was at the call, whatever becomes of it meanwhile', async () => {
    const { solo } = start({ role })
    const { conn } = solo
    let given = 0
    const writer = await conn.nextWriter(2)
    const small = counted(10)
    const large = counted(100 * KiB)
    const text = new TextEncoder().encode('text')
    const options = { copy: true, timeout: 1000 }
    conn.writeMessage(small)
    conn.writeMessage(large, options)
    conn.writeMessage(1, text)
    options.timeout = Number.NaN
    conn.onMessage(
      (message) => {
        given++
        conn.writeMessage(message)
      },
      { borrow: true },
    )
    await solo.receive(solo.frame(1, 'lent 1'), solo.frame(2, counted(70_000)), solo.frame(1, 'lent 2'))
    for (const bytes of [small, large, text]) bytes.fill(1)
    await writer.close()
    await solo.settle()
    expect(given).toBe(3)
    expect(solo.sent.slice(1).map(({ type, data, text }) => [type, text ?? data!.length])).toEqual([
      [2, 10],
      [2, 100 * KiB],
      [1, 'text'],
      [1, 'lent 1'],
      [2, 70_000],
      [1, 'lent 2'],
    ])
    for (const { type, data } of solo.sent.slice(1))
      if (type === 2) expect(Buffer.compare(data!, counted(data!.length))).toBe(0)
  })

  test('a text that is no UTF-8 rejects in its turn, and disturbs no other', async () => {
    const { solo } = start({ role })
    const writer = await solo.conn.nextWriter(2)
    const bad = watch(solo.conn.writeMessage(1, Uint8Array.of(0xff)))
    const good = watch(solo.conn.writeMessage('good'))
    // Nobody looks at this one: no unhandled rejection comes of it.
    solo.conn.writeMessage(1, Uint8Array.of(0xff))
    await writer.close()
    await solo.settle()
    expect(bad.error).toEqual(failure('ERR_WS_INVALID_UTF8'))
    expect(good.state).toBe('resolved')
    expect(words(solo)).toEqual(['2:0.', '1:4.'])
  })
})

describe('limits of what waits', () => {
  test('bufferedAmount counts it', async () => {
    const { solo } = start()
    const writer = await solo.conn.nextWriter(2)
    solo.conn.writeMessage(counted(100))
    solo.conn.writeMessage('ä')
    solo.conn.writePreparedMessage(new PreparedMessage(2, counted(7)))
    solo.conn.nextWriter(1)
    expect(solo.conn.bufferedAmount).toBe(109)
    await writer.close()
    expect(solo.conn.bufferedAmount).toBe(2 + 102 + 4 + 9)
  })

  test('hardLimit counts it, and what was accepted below it is not refused when its turn comes', async () => {
    const { solo } = start({ hardLimit: 100 }, true)
    const writer = await solo.conn.nextWriter(2)
    const writes = [1, 1, 100].map((length) => watch(solo.conn.writeMessage(counted(length))))
    const refused = [
      watch(solo.conn.writeMessage('')),
      watch(solo.conn.writePreparedMessage(new PreparedMessage(1, ''))),
      watch(solo.conn.nextWriter(1)),
      watch(writer.write('x')),
    ]
    await solo.settle()
    for (const { error } of refused) expect(error).toEqual(failure('ERR_WS_BUFFER_FULL'))
    await writer.close()
    await solo.settle()
    await drain(solo)
    expect(writes.map(({ state }) => state)).toEqual(['resolved', 'resolved', 'resolved'])
    expect(words(solo)).toEqual(['2:0.', '2:1.', '2:1.', '2:100.'])
  })

  test('a large payload settles as any other when its turn comes: it was copied', async () => {
    const { solo } = start({}, true)
    const writer = await solo.conn.nextWriter(2)
    const large = watch(solo.conn.writeMessage(counted(100 * KiB)))
    writer.close()
    await solo.settle()
    expect(large.state).toBe('resolved')
  })
})

describe('a write that is given up while it waits', () => {
  test.each(roles)('leaves no trace, and the rest of a %s keeps its order', async (role) => {
    const { solo } = start({ role })
    const { conn, clock } = solo
    const writer = await conn.nextWriter(2)
    const controller = new AbortController()
    const reason = { anything: true }
    const { signal } = controller
    const timeout = failure('ERR_WS_TIMEOUT')
    const waiting = [
      watch(conn.writeMessage('1')),
      watch(conn.writeMessage('2', { timeout: 50 })),
      watch(conn.writePreparedMessage(new PreparedMessage(1, '3'), { signal })),
      watch(conn.writeMessage('4')),
      watch(conn.nextWriter(1, { signal })),
      watch(conn.nextWriter(1, { timeout: 50 })),
      watch(conn.writeMessage('5', { signal, timeout: 1000 })),
      watch(conn.writeMessage('6')),
    ]
    controller.abort(reason)
    await clock.advance(50)
    expect(waiting.map(({ state, error }) => (state === 'pending' ? state : error))).toEqual([
      'pending',
      timeout,
      reason,
      'pending',
      reason,
      timeout,
      reason,
      'pending',
    ])
    expect(conn.bufferedAmount).toBe(3)
    await writer.close()
    await solo.settle()
    expect(solo.log).toEqual(['binary ', 'text 1', 'text 4', 'text 6'])
    expect([clock.timerCount, conn.state]).toEqual([0, 'open'])
  })

  test('takes its timer with it when nothing else waits', async () => {
    const { solo } = start()
    await solo.conn.nextWriter(2)
    const controller = new AbortController()
    for (let i = 0; i < 3; i++) {
      const given = watch(solo.conn.writeMessage('x', { signal: controller.signal, timeout: 10 }))
      if (i === 1) controller.abort()
      else await solo.clock.advance(10)
      await solo.settle()
      expect(given.state).toBe('rejected')
      expect(solo.clock.timerCount).toBe(0)
    }
  })

  test('is left out when its turn comes too late, though its timer has not run yet', async () => {
    const { solo } = start({ highWaterMark: 0 }, true)
    const writer = await solo.conn.nextWriter(2)
    const late = watch(solo.conn.writeMessage('late', { timeout: 10 }))
    const inTime = watch(solo.conn.writeMessage('in time', { timeout: 1000 }))
    // A busy process: the time is over before any timer has run.
    const { now } = solo.clock
    solo.clock.now = () => now.call(solo.clock) + 11
    writer.close()
    await solo.settle()
    expect(late.error).toEqual(failure('ERR_WS_TIMEOUT'))
    await drain(solo)
    expect([inTime.state, solo.log]).toEqual(['resolved', ['binary ', 'text in time']])
  })

  test('fails the connection once it is half way out: its limit goes on counting', async () => {
    const { solo } = start({ highWaterMark: 10 }, true)
    const writer = await solo.conn.nextWriter(2)
    const sent = watch(solo.conn.writeMessage(counted(100), { timeout: 100 }))
    await solo.clock.advance(60)
    writer.close()
    await solo.clock.advance(39)
    expect([sent.state, solo.conn.state]).toEqual(['pending', 'open'])
    await solo.clock.advance(1)
    expect(sent.error).toEqual(failure('ERR_WS_TIMEOUT'))
    expect(await solo.conn.closed).toMatchObject({ code: 1006, error: sent.error })
  })
})

describe('behind a writer that does nothing', () => {
  test('N8: a write without a limit rejects after 30 s, one with a limit at its limit', async () => {
    const { solo } = start()
    const { conn, clock } = solo
    const writer = await conn.nextWriter(1)
    const waiting = [
      watch(conn.writeMessage('1')),
      watch(conn.writeMessage('2', { timeout: 20_000 })),
      watch(conn.writeMessage('3', { timeout: 40_000 })),
      watch(conn.nextWriter(1)),
    ]
    const states = () => waiting.map(({ state }) => state[0]).join('')
    await clock.advance(19_999)
    expect(states()).toBe('pppp')
    await clock.advance(1)
    expect(states()).toBe('prpp')
    await clock.advance(9_999)
    expect(states()).toBe('prpp')
    await clock.advance(1)
    expect(states()).toBe('rrpr')
    expect(waiting[0].error).toEqual(failure('ERR_WS_TIMEOUT'))
    // What is left has its order, and the connection is as it was.
    await writePieces(writer, ['writer'])
    await solo.settle()
    expect(waiting[2].state).toBe('resolved')
    expect(solo.log).toEqual(['text writer', 'text 3'])
    expect([clock.timerCount, conn.bufferedAmount, conn.state]).toEqual([0, 0, 'open'])
  })

  test('it waits on while the writer makes progress, and no longer', async () => {
    const { solo } = start()
    const writer = await solo.conn.nextWriter(1)
    const waiting = watch(solo.conn.writeMessage('x'))
    for (let i = 0; i < 5; i++) {
      await solo.clock.advance(29_000)
      await writer.write('.')
    }
    expect(waiting.state).toBe('pending')
    await solo.clock.advance(60_000)
    expect(waiting.error).toEqual(failure('ERR_WS_TIMEOUT'))
    expect(solo.clock.timerCount).toBe(0)
  })

  test('the next writer has its own 30 s', async () => {
    const { solo } = start()
    const first = await solo.conn.nextWriter(1)
    const second = solo.conn.nextWriter(1)
    const waiting = watch(solo.conn.writeMessage('x'))
    await solo.clock.advance(29_999)
    first.abort()
    await second
    await solo.clock.advance(29_999)
    expect(waiting.state).toBe('pending')
    await solo.clock.advance(1)
    expect(waiting.error).toEqual(failure('ERR_WS_TIMEOUT'))
  })

  test.each([
    ['above highWaterMark', { highWaterMark: 10 }, 100],
    ['with a borrowed piece', {}, 40 * KiB],
  ])('it waits on while the writer waits for a slow peer, %s', async (_, options, length) => {
    const { solo } = start({ ...options, writeBufferSize: 10 }, true)
    const writer = await solo.conn.nextWriter(2)
    const piece = watch(writer.write(counted(length)))
    const waiting = watch(solo.conn.writeMessage('x'))
    await solo.clock.advance(300_000)
    expect([piece.state, waiting.state, solo.conn.state]).toEqual(['pending', 'pending', 'open'])
    await drain(solo)
    expect(piece.state).toBe('resolved')
    await writer.close()
    await solo.settle()
    expect(waiting.state).toBe('resolved')
    expect(solo.clock.timerCount).toBe(0)
  })
})

test('200,000 writes that wait start in linear time', async () => {
  const { solo } = start()
  const writer = await solo.conn.nextWriter(2)
  for (let i = 0; i < 200_000; i++) solo.conn.writeMessage('')
  const begin = performance.now()
  await writer.close()
  // It takes a fraction of a second; where each start moves all that still wait, 20 of them.
  expect(performance.now() - begin).toBeLessThan(10_000)
  await solo.settle()
  expect(solo.transport.written.length).toBe(400_002)
})

test('the messages of two connections that write at once arrive whole and in order', async () => {
  const pair = new Pair({ writeBufferSize: 16, highWaterMark: 100 })
  const write = async (conn: typeof pair.server, name: string) => {
    for (let i = 0; i < 20; i++) {
      const writer = await conn.nextWriter(1)
      const behind = conn.writeMessage(`${name} between ${i}`)
      await writePieces(writer, [`${name} `, 'x'.repeat(i * 5), ` ${i}`])
      await behind
    }
    await conn.close()
  }
  const read = async (conn: typeof pair.server) => {
    const texts: string[] = []
    for await (const message of conn) texts.push(message.text())
    return texts
  }
  const all = Promise.all([write(pair.server, 's'), read(pair.client)])
  await pair.settle()
  await pair.advance(1000)
  const [, texts] = await all
  const expected = Array.from({ length: 20 }, (_, i) => [`s ${'x'.repeat(i * 5)} ${i}`, `s between ${i}`])
  expect(texts).toEqual(expected.flat())
})
