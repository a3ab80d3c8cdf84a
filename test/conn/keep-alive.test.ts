// Keep-alive: pings that find a dead peer, any byte that proves life, and no judgement about time in which nobody read.
// RFC 6455 §5.5.2.

import { describe, expect, test } from 'vitest'
import { counted, failure, Solo, watch } from './connections.ts'

const keepAlive = { interval: 1000, timeout: 400 }
/** The second look after the timeout, generously. */
const SOON = 50

test('a ping is sent every interval while the peer answers', async () => {
  const solo = new Solo({ keepAlive })
  for (let round = 1; round <= 5; round++) {
    await solo.clock.advance(999)
    expect(solo.sent.length).toBe(round - 1)
    await solo.clock.advance(1)
    expect(solo.sent.length).toBe(round)
    await solo.receive(solo.frame(10, solo.sent[0].data))
  }
  expect(solo.conn.state).toBe('open')
})

test('L2: a peer that stays silent is found dead, after the timeout and a second look', async () => {
  const solo = new Solo({ keepAlive })
  const read = watch(solo.conn.readMessage())
  await solo.clock.advance(1000 + 400)
  expect(read.state).toBe('pending')
  await solo.clock.advance(SOON)
  expect(read.error).toEqual(failure('ERR_WS_PEER_SILENT'))
  expect(await solo.conn.closed).toEqual({ code: 1006, reason: '', wasClean: false, error: read.error })
  expect(solo.transport.calls).toEqual(['write', 'destroy'])
  expect(solo.clock.timerCount).toBe(0)
})

test('L4: bytes that arrive between the timeout and the second look save the peer', async () => {
  const solo = new Solo({ keepAlive })
  await solo.clock.advance(1000 + 400)
  await solo.receive(solo.frame(10))
  await solo.clock.advance(SOON)
  expect(solo.conn.state).toBe('open')
  await solo.clock.advance(1000)
  expect(solo.sent.length).toBe(2)
})

test.each<[string, (solo: Solo) => Uint8Array]>([
  ['a message', (solo) => solo.frame(1, 'x')],
  ['a ping', (solo) => solo.frame(9)],
  ['a pong with other data', (solo) => solo.frame(10, 'other')],
  ['one byte of a frame', (solo) => solo.frame(1, 'x').subarray(0, 1)],
])('%s proves life', async (_, bytes) => {
  const solo = new Solo({ keepAlive })
  await solo.clock.advance(1000 + 200)
  await solo.receive(bytes(solo))
  await solo.clock.advance(200 + SOON)
  expect(solo.conn.state).toBe('open')
})

test('bytes from before the ping prove nothing', async () => {
  const solo = new Solo({ keepAlive })
  await solo.clock.advance(990)
  await solo.receiveTexts('just before')
  await solo.clock.advance(10 + 400 + SOON)
  expect((await solo.conn.closed).error).toEqual(failure('ERR_WS_PEER_SILENT'))
})

test('a timeout longer than the interval: the next ping follows the judgement', async () => {
  const solo = new Solo({ keepAlive: { interval: 100, timeout: 300 } })
  for (let round = 0; round < 5; round++) {
    await solo.clock.advance(200)
    await solo.receive(solo.frame(10))
  }
  expect(solo.conn.state).toBe('open')
  await solo.clock.advance(700 + SOON)
  expect((await solo.conn.closed).error).toEqual(failure('ERR_WS_PEER_SILENT'))
})

test('`true` pings every 30 s and finds the peer dead after 30 s more', async () => {
  const solo = new Solo({ keepAlive: true })
  await solo.clock.advance(30_000)
  expect(solo.sent.length).toBe(1)
  await solo.clock.advance(29_999)
  expect(solo.conn.state).toBe('open')
  await solo.clock.advance(1 + SOON)
  expect((await solo.conn.closed).error).toEqual(failure('ERR_WS_PEER_SILENT'))
})

test('by default there are no pings and no timers', async () => {
  for (const option of [undefined, false]) {
    const solo = new Solo(option === undefined ? {} : { keepAlive: option })
    await solo.clock.advance(1_000_000)
    expect([solo.transport.calls.length, solo.clock.timerCount]).toEqual([0, 0])
  }
})

describe('while reading is paused', () => {
  test('no time counts; when it goes on a new interval begins', async () => {
    const solo = new Solo({ keepAlive })
    await solo.clock.advance(1000)
    await solo.receive(solo.frame(2, counted(70_000)))
    expect(solo.transport.isPaused).toBe(true)
    await solo.clock.advance(1_000_000)
    expect(solo.conn.state).toBe('open')
    expect(solo.sent.length).toBe(1)
    await solo.conn.readMessage()
    await solo.clock.advance(999)
    expect(solo.sent.length).toBe(1)
    await solo.clock.advance(1)
    expect(solo.sent.length).toBe(2)
    await solo.clock.advance(400 + SOON)
    expect((await solo.conn.closed).error).toEqual(failure('ERR_WS_PEER_SILENT'))
  })
})

describe('once the connection closes', () => {
  test('only closeTimeout counts', async () => {
    const solo = new Solo({ keepAlive, closeTimeout: 5000 })
    await solo.clock.advance(1000)
    solo.conn.close()
    await solo.clock.advance(4999)
    expect(solo.conn.state).toBe('closing')
    expect(solo.log).toEqual(['ping ', 'close 1000'])
    await solo.clock.advance(1)
    expect((await solo.conn.closed).error).toEqual(failure('ERR_WS_ABNORMAL_CLOSURE'))
  })

  test('only closeTimeout counts, also when it was paused before', async () => {
    const solo = new Solo({ keepAlive, closeTimeout: 5000 })
    await solo.receive(solo.frame(2, counted(70_000)))
    expect(solo.transport.isPaused).toBe(true)
    solo.conn.close()
    await solo.clock.advance(4999)
    expect(solo.conn.state).toBe('closing')
    await solo.clock.advance(1)
    expect((await solo.conn.closed).error).toEqual(failure('ERR_WS_ABNORMAL_CLOSURE'))
    expect(solo.clock.timerCount).toBe(0)
  })

  test('the keep-alive leaves no timer', async () => {
    for (const end of [
      (solo: Solo) => solo.receiveClose(1000),
      (solo: Solo) => solo.receive(solo.frame(3)),
      (solo: Solo) => solo.conn.terminate(),
      (solo: Solo) => solo.transport.gone(),
    ]) {
      const solo = new Solo({ keepAlive })
      await end(solo)
      solo.transport.receiveEnd()
      await solo.conn.closed
      expect(solo.clock.timerCount).toBe(0)
    }
  })
})
