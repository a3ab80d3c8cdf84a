// Control frames: pings that are answered, pings of ours, and writeControl.
// RFC 6455 §5.5.

import { describe, expect, test } from 'vitest'
import { formatCloseMessage } from '../../src/codec/close-payload.ts'
import { counted, failure, Solo, watch } from './connections.ts'

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `${from + i}`)

describe('pings of the peer', () => {
  test.each([['server'], ['client']] as const)(
    'D4: are answered by a %s in order, whether it reads or not',
    async (role) => {
      const solo = new Solo({ role })
      await solo.receive(...numbers(50).map((text) => solo.frame(9, text)))
      expect(solo.log).toEqual(numbers(50).map((text) => `pong ${text}`))
      expect(solo.transport.writes.length).toBe(1)
    },
  )

  test('are answered with their bytes, none to 125 of them', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(9), solo.frame(9, counted(125)), solo.frame(9, Uint8Array.of(0xff, 0)))
    expect(solo.sent.map(({ data }) => data!)).toEqual([
      new Uint8Array(0),
      counted(125),
      Uint8Array.of(0xff, 0),
    ])
  })

  test('D3: between the fragments of a message are answered at once', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'a', false), solo.frame(9, 'now'))
    expect(solo.log).toEqual(['pong now'])
    await solo.receive(solo.frame(0, 'b'))
    expect((await solo.conn.readMessage()).text()).toBe('ab')
  })

  test('D5: that a peer sends without taking the answers: the newest 16 are answered when it does', async () => {
    const solo = new Solo()
    solo.transport.holds = true
    solo.conn.writeMessage(counted(70_000), { copy: true })
    await solo.receive(...numbers(100).map((text) => solo.frame(9, text)))
    expect(solo.conn.bufferedAmount).toBe(70_010)
    expect(solo.conn.state).toBe('open')
    solo.transport.holds = false
    solo.transport.handOver()
    await solo.settle()
    expect(solo.log).toEqual(['binary 70000 bytes', ...numbers(16, 84).map((text) => `pong ${text}`)])
    await solo.receive(solo.frame(9, 'again'))
    expect(solo.log.at(-1)).toBe('pong again')
  })

  test('behind our Close are not answered', async () => {
    const solo = new Solo()
    solo.conn.close()
    await solo.receive(solo.frame(9, 'late'))
    expect(solo.log).toEqual(['close 1000'])
  })

  test('that wait when we close are dropped', async () => {
    const solo = new Solo()
    solo.transport.holds = true
    solo.conn.writeMessage(counted(70_000), { copy: true })
    await solo.receive(solo.frame(9, 'waits'))
    solo.conn.close()
    solo.transport.handOver()
    await solo.settle()
    expect(solo.log).toEqual(['binary 70000 bytes', 'close 1000'])
  })
})

test('D6: pongs that nobody asked for are ignored', async () => {
  const solo = new Solo()
  await solo.receive(...numbers(1000).map((text) => solo.frame(10, text)), solo.frame(1, 'x'))
  expect((await solo.conn.readMessage()).text()).toBe('x')
  expect(solo.transport.calls).toEqual([])
})

describe('ping()', () => {
  test('resolves with the round trip in milliseconds', async () => {
    const solo = new Solo()
    const ping = solo.conn.ping()
    await solo.settle()
    await solo.clock.advance(37)
    await solo.receive(solo.frame(10, solo.sent[0].data))
    expect(await ping).toBe(37)
  })

  test('without data of its own sends data that tells it from others', async () => {
    const solo = new Solo()
    const pings = [watch(solo.conn.ping()), watch(solo.conn.ping()), watch(solo.conn.ping())]
    await solo.settle()
    const [first, second] = solo.sent.map(({ data }) => data!)
    expect(new Set(solo.sent.map(({ data }) => `${data}`)).size).toBe(3)
    await solo.receive(solo.frame(10, first))
    expect(pings.map(({ state }) => state)).toEqual(['resolved', 'pending', 'pending'])
    await solo.receive(solo.frame(10, second))
    expect(pings.map(({ state }) => state)).toEqual(['resolved', 'resolved', 'pending'])
  })

  test('is settled by a newer pong, each with its own time', async () => {
    const solo = new Solo()
    const older = solo.conn.ping('older')
    await solo.clock.advance(100)
    const newer = solo.conn.ping('newer')
    await solo.clock.advance(10)
    await solo.receive(solo.frame(10, 'newer'))
    expect([await older, await newer]).toEqual([110, 10])
  })

  test('is not settled by an older pong, nor by one of nobody', async () => {
    const solo = new Solo()
    const first = solo.conn.ping('first')
    await solo.receive(solo.frame(10, 'first'))
    expect(await first).toBe(0)
    const second = watch(solo.conn.ping('second'))
    await solo.receive(solo.frame(10, 'first'), solo.frame(10, 'third'), solo.frame(10))
    expect(second.state).toBe('pending')
    await solo.receive(solo.frame(10, 'second'))
    expect(second.state).toBe('resolved')
  })

  test('copies its data', async () => {
    const solo = new Solo()
    const data = counted(4)
    const ping = solo.conn.ping(data)
    data.fill(9)
    await solo.settle()
    await solo.receive(solo.frame(10, counted(4)))
    expect(await ping).toBe(0)
  })

  test('gives up at its limits and leaves the connection open', async () => {
    const solo = new Solo()
    const controller = new AbortController()
    const timed = watch(solo.conn.ping('timed', { timeout: 100 }))
    const aborted = watch(solo.conn.ping('aborted', { signal: controller.signal }))
    const kept = watch(solo.conn.ping('kept'))
    controller.abort(new Error('enough'))
    await solo.clock.advance(100)
    expect(timed.error).toEqual(failure('ERR_WS_TIMEOUT'))
    expect(aborted.error).toEqual(new Error('enough'))
    expect(kept.state).toBe('pending')
    expect(solo.conn.state).toBe('open')
    await solo.receive(solo.frame(10, 'kept'))
    expect(kept.state).toBe('resolved')
    expect(solo.clock.timerCount).toBe(0)
  })

  test('is answered behind messages that nobody reads', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(2, counted(70_000)))
    expect(solo.transport.isPaused).toBe(true)
    const ping = watch(solo.conn.ping('paused'))
    expect(solo.transport.isPaused).toBe(false)
    await solo.receive(solo.frame(10, 'paused'))
    expect(ping.state).toBe('resolved')
    expect(solo.clock.timerCount).toBe(0)
  })

  test('has a time limit of its own', async () => {
    const solo = new Solo()
    const ping = watch(solo.conn.ping())
    await solo.clock.advance(29_999)
    expect(ping.state).toBe('pending')
    await solo.clock.advance(1)
    expect(ping.error).toEqual(failure('ERR_WS_TIMEOUT'))
    expect(solo.conn.state).toBe('open')
  })

  test('behind more than may be read ahead rejects at its deadline', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(2, counted(1_100_000)))
    const ping = watch(solo.conn.ping('paused', { timeout: 100 }))
    await solo.settle()
    solo.transport.receive(solo.frame(10, 'paused'))
    await solo.clock.advance(100)
    expect(ping.error).toEqual(failure('ERR_WS_TIMEOUT'))
    expect(solo.conn.state).toBe('open')
  })

  test.each<[string, (solo: Solo) => unknown, string]>([
    ['the peer closes', (solo) => solo.receiveClose(1000), 'ERR_WS_CLOSED'],
    ['the transport is reset', (solo) => solo.transport.gone(new Error('reset')), 'ERR_WS_ABNORMAL_CLOSURE'],
    ['it is terminated', (solo) => solo.conn.terminate(), 'ERR_WS_ABNORMAL_CLOSURE'],
    ['the peer breaks the protocol', (solo) => solo.receive(solo.frame(3)), 'ERR_WS_OPCODE'],
  ])('rejects when %s, and ever after', async (_, end, code) => {
    const solo = new Solo()
    const pings = [watch(solo.conn.ping('a', { timeout: 60_000 })), watch(solo.conn.ping('b'))]
    await solo.settle()
    await end(solo)
    await solo.settle()
    for (const ping of pings) expect(ping.error).toEqual(failure(code))
    await expect(solo.conn.ping()).rejects.toBe(pings[0].error)
  })

  test('behind our Close rejects', async () => {
    const solo = new Solo()
    const before = watch(solo.conn.ping('before'))
    solo.conn.close()
    await expect(solo.conn.ping()).rejects.toEqual(failure('ERR_WS_CLOSE_SENT'))
    await solo.receive(solo.frame(10, 'before'))
    expect(before.state).toBe('resolved')
  })
})

describe('writeControl()', () => {
  test('sends pings and pongs, strings in UTF-8', async () => {
    const solo = new Solo()
    await solo.conn.writeControl(9, 'é')
    await solo.conn.writeControl(10, counted(3))
    await solo.conn.writeControl(10)
    await solo.conn.writeMessage(9, 'as a message')
    await solo.settle()
    expect(solo.log).toEqual(['ping é', 'pong \0\x07\x0e', 'pong ', 'ping as a message'])
  })

  test('sends Close; nothing can be sent behind it, and the peer has closeTimeout to answer', async () => {
    const solo = new Solo({ closeTimeout: 700 })
    await solo.conn.writeControl(8, formatCloseMessage(4000, 'mine'))
    expect(solo.conn.state).toBe('closing')
    const sent = failure('ERR_WS_CLOSE_SENT')
    await expect(solo.conn.writeMessage('late')).rejects.toEqual(sent)
    await expect(solo.conn.writeControl(9)).rejects.toEqual(sent)
    await expect(solo.conn.writeControl(8)).rejects.toEqual(sent)
    await solo.settle()
    expect(solo.log).toEqual(['close 4000 mine'])
    const closed = watch(solo.conn.closed)
    await solo.clock.advance(699)
    expect(closed.state).toBe('pending')
    await solo.clock.advance(1)
    expect(closed.value).toMatchObject({ code: 1006, wasClean: false })
  })

  test('sends Close without a code', async () => {
    const solo = new Solo()
    await solo.conn.writeControl(8)
    await solo.receiveClose()
    solo.transport.receiveEnd()
    expect([...solo.transport.written]).toEqual([0x88, 0])
    expect(await solo.conn.closed).toEqual({ code: 1005, reason: '', wasClean: true })
  })

  test.each([
    ['one byte', Uint8Array.of(3)],
    ['a code that must not be sent', Uint8Array.of(3, 0xed)],
    ['a code below 1000', Uint8Array.of(3, 0xe7)],
    ['a reason that is not UTF-8', Uint8Array.of(3, 0xe8, 0xff)],
    ['a string that is no payload of a Close frame', 'goodbye'],
  ])('G5, G6: throws for a Close payload of %s, and sends nothing', async (_, payload) => {
    const solo = new Solo()
    expect(() => solo.conn.writeControl(8, payload)).toThrow(failure('ERR_WS_ARGUMENT') as Error)
    await solo.settle()
    expect([solo.conn.state, solo.transport.calls.length, solo.clock.timerCount]).toEqual(['open', 0, 0])
  })
})
