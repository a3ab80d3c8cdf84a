// Pressure from a peer that does not read: when writes settle, wait, are refused or give up.
// The transport holds its writes back until the test lets them go.

import { describe, expect, test } from 'vitest'
import { counted, failure, Solo, stalled, watch } from './connections.ts'

const KiB = 1024

describe('a write settles', () => {
  test('at once while no more than highWaterMark is buffered', async () => {
    const solo = stalled({ highWaterMark: 100 * KiB })
    for (let i = 0; i < 9; i++) await solo.conn.writeMessage(counted(10 * KiB))
    expect(solo.conn.bufferedAmount).toBe(9 * (10 * KiB + 4))
  })

  test('K3: above highWaterMark only once what was buffered has fallen to it', async () => {
    const solo = stalled({ highWaterMark: 100 })
    const writes = [60, 30, 60, 20].map((size) => watch(solo.conn.writeMessage(counted(size))))
    await solo.settle()
    // 62, 94, 156 and 178 bytes are buffered behind them.
    expect(writes.map(({ state }) => state)).toEqual(['resolved', 'resolved', 'pending', 'pending'])
    solo.transport.handOver()
    await solo.settle()
    expect(writes.map(({ state }) => state)).toEqual(['resolved', 'resolved', 'resolved', 'resolved'])
    expect(solo.conn.bufferedAmount).toBe(0)
  })

  test.each([
    [100, ['!!...', '!!!..', '!!!!!']],
    [99, ['!....', '!!...', '!!!!!']],
  ])(
    'as the transport takes one write after the other: highWaterMark %d',
    async (highWaterMark, expected) => {
      const solo = stalled({ highWaterMark })
      const writes = []
      for (let i = 0; i < 5; i++) {
        writes.push(watch(solo.conn.writeMessage(counted(48))))
        await solo.settle()
      }
      // The first is under way, the others wait and leave together.
      const states: string[] = []
      for (let i = 0; i < 3; i++) {
        states.push(writes.map(({ state }) => (state === 'pending' ? '.' : '!')).join(''))
        solo.transport.handOver(1)
        await solo.settle()
      }
      expect(states).toEqual(expected)
    },
  )

  test('with those of its batch, while later ones go on waiting', async () => {
    const solo = stalled({ highWaterMark: 10 })
    const writes = [watch(solo.conn.writeMessage(counted(100))), watch(solo.conn.writeMessage(counted(100)))]
    await solo.settle()
    writes.push(watch(solo.conn.writeMessage(counted(100))))
    solo.transport.handOver(1)
    await solo.settle()
    expect(writes.map(({ state }) => state)).toEqual(['resolved', 'resolved', 'pending'])
    solo.transport.handOver(1)
    await solo.settle()
    expect(writes[2].state).toBe('resolved')
  })

  test('before an older one whose bytes are still needed', async () => {
    const solo = stalled({ highWaterMark: 34_000 })
    solo.conn.writeMessage('x'.repeat(2000))
    await solo.settle()
    const borrowed = watch(solo.conn.writeMessage(counted(33 * KiB)))
    const small = watch(solo.conn.writeMessage(counted(10)))
    await solo.settle()
    expect([borrowed.state, small.state]).toEqual(['pending', 'pending'])
    solo.transport.handOver(1)
    await solo.settle()
    expect([borrowed.state, small.state]).toEqual(['pending', 'resolved'])
    solo.transport.handOver(1)
    await solo.settle()
    expect(borrowed.state).toBe('resolved')
  })

  test('at exactly highWaterMark', async () => {
    const solo = stalled({ highWaterMark: 102 })
    const writes = [100, 0].map((size) => watch(solo.conn.writeMessage(counted(size))))
    await solo.settle()
    expect(writes.map(({ state }) => state)).toEqual(['resolved', 'pending'])
  })
})

describe('past hardLimit', () => {
  test('K3: a write is refused and queues nothing, until bytes have left', async () => {
    const solo = stalled({ highWaterMark: 1000, hardLimit: 2000 })
    const writes = [1000, 992, 1].map((size) => watch(solo.conn.writeMessage(counted(size))))
    await solo.settle()
    const buffered = solo.conn.bufferedAmount
    expect(buffered).toBe(1004 + 996 + 3)
    const refused = await solo.conn.writeMessage('too much').catch((error) => error)
    expect(refused).toEqual(failure('ERR_WS_BUFFER_FULL', { remote: false }))
    expect(solo.conn.bufferedAmount).toBe(buffered)
    solo.transport.handOver()
    await solo.conn.writeMessage('fits')
    await solo.settle()
    solo.transport.handOver()
    expect(writes.map(({ state }) => state)).toEqual(['resolved', 'resolved', 'resolved'])
    expect(solo.sent.map(({ data }) => data!.length)).toEqual([1000, 992, 1, 4])
  })

  test('one message may be larger than the limit', async () => {
    const solo = new Solo({ hardLimit: 100 })
    await solo.conn.writeMessage('x'.repeat(10_000))
    expect(solo.conn.bufferedAmount).toBe(10_004)
    await solo.settle()
    expect(solo.sent[0].data!.length).toBe(10_000)
  })

  test('pings are answered and the Close frame leaves', async () => {
    const solo = stalled({ hardLimit: 10 })
    solo.conn.writeMessage(counted(20))
    await solo.receive(solo.frame(9, 'ping'))
    solo.conn.close()
    solo.transport.handOver()
    expect(solo.sent.map(({ type }) => type)).toEqual([2, 10, 8])
  })
})

describe('flush', () => {
  test('sends at once and settles when everything accepted before it is handed over', async () => {
    const solo = stalled()
    solo.conn.writeMessage('one')
    const flushed = watch(solo.conn.flush())
    expect(solo.transport.calls).toEqual(['write'])
    solo.conn.writeMessage('two')
    await solo.settle()
    expect([flushed.state, solo.transport.heldCount]).toEqual(['pending', 1])
    solo.transport.handOver(1)
    await solo.settle()
    expect([flushed.state, solo.conn.bufferedAmount]).toEqual(['resolved', 5])
  })

  test('settles at once where the transport takes everything, or nothing waits', async () => {
    const solo = new Solo()
    await solo.conn.flush()
    solo.conn.writeMessage('one')
    await solo.conn.flush()
    expect(solo.log).toEqual(['text one'])
    expect(solo.transport.calls).toEqual(['write'])
  })

  test('rejects when the connection ends before', async () => {
    const solo = stalled()
    solo.conn.writeMessage('lost')
    const flushed = watch(solo.conn.flush())
    solo.transport.gone(new Error('reset'))
    await solo.settle()
    expect(flushed.error).toEqual(failure('ERR_WS_ABNORMAL_CLOSURE'))
    await expect(solo.conn.flush()).rejects.toBe(flushed.error)
  })
})

describe('while a write is under way', () => {
  test('what is written waits and leaves with the next one, in order', async () => {
    const solo = stalled()
    for (const text of ['1', '2', '3', '4']) {
      solo.conn.writeMessage(text)
      await solo.settle()
    }
    expect(solo.transport.calls).toEqual(['write'])
    solo.transport.handOver()
    expect(solo.transport.calls).toEqual(['write', 'write'])
    expect(solo.log).toEqual(['text 1', 'text 2', 'text 3', 'text 4'])
  })

  test('pings and pongs pass the messages that wait, Close goes behind them', async () => {
    const solo = stalled()
    solo.conn.writeMessage('under way')
    await solo.settle()
    solo.conn.writeMessage('waits')
    solo.conn.writeMessage(counted(40 * KiB))
    solo.conn.writeControl(10, 'passes')
    solo.conn.ping('passes too')
    solo.transport.receive(solo.frame(9, 'asked'))
    solo.conn.close()
    solo.transport.handOver()
    expect(solo.log).toEqual([
      'text under way',
      'pong passes',
      'ping passes too',
      'pong asked',
      'text waits',
      'binary 40960 bytes',
      'close 1000',
    ])
  })
})

test('once the peer has drained, pings keep their place behind messages again', async () => {
  const solo = stalled()
  solo.conn.writeMessage('1')
  await solo.settle()
  solo.transport.holds = false
  solo.transport.handOver()
  solo.conn.writeMessage('2')
  solo.conn.ping('3')
  await solo.settle()
  expect(solo.log).toEqual(['text 1', 'text 2', 'ping 3'])
})

test.each([
  ['at the end of the turn', 10],
  ['at once', 70_000],
])('a transport that throws %s fails its connection and nothing else', async (_, size) => {
  const [solo, other] = [new Solo(), new Solo()]
  const cause = new Error('cannot')
  solo.transport.write = () => {
    throw cause
  }
  const write = watch(solo.conn.writeMessage(counted(size)))
  other.conn.writeMessage('fine')
  await Promise.all([solo.settle(), other.settle()])
  expect(write.state).not.toBe('pending')
  expect((await solo.conn.closed).error).toEqual(failure('ERR_WS_ABNORMAL_CLOSURE', { cause }))
  expect(other.log).toEqual(['text fine'])
})

describe('a wait that gives up without a message of its own', () => {
  test.each<[string, (solo: Solo, op: { timeout: number }) => Promise<void>]>([
    ['flush()', ({ conn }, op) => conn.flush(op)],
    ['writeControl()', ({ conn }, op) => conn.writeControl(9, 'x', op)],
  ])('%s leaves the connection open', async (_, call) => {
    const solo = stalled({ highWaterMark: 10 })
    solo.conn.writeMessage(counted(100))
    await solo.settle()
    const waiting = watch(call(solo, { timeout: 1000 }))
    await solo.clock.advance(1000)
    expect(waiting.error).toEqual(failure('ERR_WS_TIMEOUT'))
    expect([solo.conn.state, solo.clock.timerCount]).toEqual(['open', 0])
    solo.transport.handOver()
    expect(solo.sent[0].data!.length).toBe(100)
  })
})

describe('a write that gives up', () => {
  test('before it is accepted leaves no trace', async () => {
    const solo = new Solo()
    const reason = new Error('no')
    const signal = AbortSignal.abort(reason)
    await expect(solo.conn.writeMessage('never', { signal })).rejects.toBe(reason)
    await expect(solo.conn.ping('never', { signal })).rejects.toBe(reason)
    await expect(solo.conn.writeControl(9, 'never', { signal })).rejects.toBe(reason)
    await solo.settle()
    expect(solo.transport.calls).toEqual([])
    expect(solo.conn.state).toBe('open')
  })

  test('while it waits for the peer fails the connection, since its message is on its way', async () => {
    const solo = stalled({ highWaterMark: 10 })
    const write = watch(solo.conn.writeMessage(counted(100), { timeout: 1000 }))
    const behind = watch(solo.conn.writeMessage(counted(100)))
    await solo.clock.advance(999)
    expect([write.state, solo.conn.state]).toEqual(['pending', 'open'])
    await solo.clock.advance(1)
    expect(write.error).toEqual(failure('ERR_WS_TIMEOUT'))
    expect(behind.error).toEqual(failure('ERR_WS_TIMEOUT'))
    expect(await solo.conn.closed).toEqual({ code: 1006, reason: '', wasClean: false, error: behind.error })
    await expect(solo.conn.readMessage()).rejects.toBe(behind.error)
    expect(solo.clock.timerCount).toBe(0)
  })

  test('by its signal rejects with the reason and fails the connection', async () => {
    const solo = stalled({ highWaterMark: 10 })
    const controller = new AbortController()
    const write = watch(solo.conn.writeMessage(counted(100), { signal: controller.signal }))
    const reason = new Error('enough')
    controller.abort(reason)
    await solo.settle()
    expect(write.error).toBe(reason)
    const { code, error } = await solo.conn.closed
    expect([code, error?.cause]).toEqual([1006, reason])
  })

  test('too late does nothing', async () => {
    const solo = stalled({ highWaterMark: 10 })
    const controller = new AbortController()
    const write = solo.conn.writeMessage(counted(100), { timeout: 1000, signal: controller.signal })
    await solo.settle()
    solo.transport.handOver()
    await write
    controller.abort()
    expect(solo.clock.timerCount).toBe(0)
    expect(solo.conn.state).toBe('open')
  })
})
