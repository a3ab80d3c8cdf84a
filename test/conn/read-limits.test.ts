// Limits that hold for every read of a connection: setReadTimeout and setReadDeadline.
// Between messages they are harmless: the connection stays as it was.

import { describe, expect, test } from 'vitest'
import { Solo, watch } from './connections.ts'

const timedOut = { code: 'ERR_WS_TIMEOUT' }

describe('setReadTimeout', () => {
  test('ends a read that waits longer, and the next message is read all the same', async () => {
    const solo = new Solo()
    solo.conn.setReadTimeout(100)
    const read = watch(solo.conn.readMessage())
    await solo.clock.advance(99)
    expect(read.state).toBe('pending')
    await solo.clock.advance(1)
    expect(read.error).toMatchObject(timedOut)
    await solo.receiveTexts('late')
    expect((await solo.conn.readMessage()).text()).toBe('late')
    expect(solo.conn.state).toBe('open')
  })

  test('holds for each turn of a loop, which throws', async () => {
    const solo = new Solo()
    solo.conn.setReadTimeout(100)
    const seen: string[] = []
    const loop = (async () => {
      for await (const message of solo.conn) seen.push(message.text())
    })()
    loop.catch(() => {})
    await solo.clock.advance(90)
    await solo.receiveTexts('a')
    await solo.clock.advance(90)
    await solo.receiveTexts('b')
    await solo.clock.advance(100)
    await expect(loop).rejects.toMatchObject(timedOut)
    expect(seen).toEqual(['a', 'b'])
    expect(solo.conn.state).toBe('open')
  })

  test('does not keep a loop from ending in order', async () => {
    const solo = new Solo()
    solo.conn.setReadTimeout(100)
    const loop = (async () => {
      for await (const _ of solo.conn);
      return 'ended'
    })()
    await solo.receiveClose(1000)
    expect(await loop).toBe('ended')
    expect(await solo.conn[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined })
  })

  test('gives way to a shorter limit of the read itself, and null takes it away', async () => {
    const solo = new Solo()
    solo.conn.setReadTimeout(100)
    const short = solo.conn.readMessage({ timeout: 10 })
    short.catch(() => {})
    await solo.clock.advance(10)
    await expect(short).rejects.toMatchObject(timedOut)
    solo.conn.setReadTimeout(null)
    const long = watch(solo.conn.readMessage())
    await solo.clock.advance(1_000_000)
    expect(long.state).toBe('pending')
    expect(solo.clock.timerCount).toBe(0)
  })
})

describe('setReadDeadline', () => {
  test('ends the reads that wait for it, and refuses later ones that would have to wait', async () => {
    const solo = new Solo()
    solo.conn.setReadDeadline(new Date(Date.now() + 1000))
    const read = solo.conn.readMessage()
    read.catch(() => {})
    await solo.clock.advance(1000)
    await expect(read).rejects.toMatchObject(timedOut)
    const late = solo.conn.readMessage()
    late.catch(() => {})
    await solo.clock.advance(0)
    await expect(late).rejects.toMatchObject(timedOut)
    await solo.receiveTexts('here')
    expect((await solo.conn.readMessage()).text()).toBe('here')
    solo.conn.setReadDeadline(null)
    expect(watch(solo.conn.readMessage()).state).toBe('pending')
  })
})

describe('a read that waits already', () => {
  const ways: [string, (solo: Solo) => Promise<unknown>][] = [
    ['readMessage', (solo) => solo.conn.readMessage()],
    ['a loop', (solo) => solo.conn[Symbol.asyncIterator]().next()],
    ['batches', (solo) => solo.conn.batches().next()],
    ['nextReader', (solo) => solo.conn.nextReader()],
  ]

  test.each(ways)('%s gets a limit that is set meanwhile, and loses it', async (_, begin) => {
    const solo = new Solo()
    const read = watch(begin(solo))
    solo.conn.setReadTimeout(100)
    await solo.clock.advance(99)
    solo.conn.setReadTimeout(null)
    expect(solo.clock.timerCount).toBe(0)
    await solo.clock.advance(1000)
    expect(read.state).toBe('pending')
    solo.conn.setReadDeadline(new Date(Date.now() + 100))
    await solo.clock.advance(200)
    expect(read.error).toMatchObject(timedOut)
    expect(solo.clock.timerCount).toBe(0)
    expect(solo.conn.state).toBe('open')
  })

  test.each(ways)('%s goes on for as long as pongs move the deadline', async (_, begin) => {
    const solo = new Solo()
    const move = () => solo.conn.setReadDeadline(new Date(Date.now() + 1000))
    solo.conn.setPongHandler(move)
    move()
    const read = watch(begin(solo))
    for (let i = 0; i < 5; i++) {
      await solo.clock.advance(900)
      await solo.receive(solo.frame(10))
    }
    expect(read.state).toBe('pending')
    await solo.clock.advance(1100)
    expect(read.error).toMatchObject(timedOut)
  })

  test('keeps the limit of its own', async () => {
    const solo = new Solo()
    const read = watch(solo.conn.readMessage({ timeout: 50 }))
    solo.conn.setReadTimeout(100)
    await solo.clock.advance(50)
    expect(read.error).toMatchObject(timedOut)
    expect(solo.clock.timerCount).toBe(0)
  })
})

describe('misuse', () => {
  test.each([-1, 2 ** 31, Number.NaN, '5'])('setReadTimeout(%s) throws', (ms) => {
    expect(() => new Solo().conn.setReadTimeout(ms as number)).toThrow(
      expect.objectContaining({ code: 'ERR_WS_ARGUMENT' }),
    )
  })

  test.each([new Date(Number.NaN), new Date(Date.now() + 2 ** 33), 5])(
    'setReadDeadline(%s) throws',
    (deadline) => {
      expect(() => new Solo().conn.setReadDeadline(deadline as Date)).toThrow(
        expect.objectContaining({ code: 'ERR_WS_ARGUMENT' }),
      )
    },
  )
})
