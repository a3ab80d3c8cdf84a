// Reading messages: their order, one reader at a time, and reads that give up.
// RFC 6455 §5.4 to §5.6.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { counted, failure, Solo, watch } from './connections.ts'

describe('messages', () => {
  test('arrive in the order in which they were sent, whether they wait for the reader or the reader for them', async () => {
    const solo = new Solo()
    const first = solo.conn.readMessage()
    await solo.receiveTexts('1', '2', '3')
    const more = [await first, await solo.conn.readMessage(), await solo.conn.readMessage()]
    const fourth = solo.conn.readMessage()
    await solo.receiveTexts('4', '5')
    more.push(await fourth, await solo.conn.readMessage())
    expect(more.map((message) => message.text())).toEqual(['1', '2', '3', '4', '5'])
  })

  test('have their type and their bytes', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'käse'), solo.frame(2, counted(1000)), solo.frame(2))
    const [text, binary, empty] = [
      await solo.conn.readMessage(),
      await solo.conn.readMessage(),
      await solo.conn.readMessage(),
    ]
    expect([text.type, text.text()]).toEqual([1, 'käse'])
    expect([binary.type, Buffer.compare(binary.data, counted(1000))]).toEqual([2, 0])
    expect([empty.type, empty.byteLength]).toEqual([2, 0])
  })

  test('of a buffer that the transport uses again keep their bytes', async () => {
    const solo = new Solo()
    solo.transport.receiveReusable(solo.frame(2, counted(300)))
    solo.transport.receiveReusable(solo.frame(2, counted(20_000)))
    expect(Buffer.compare((await solo.conn.readMessage()).data, counted(300))).toBe(0)
    expect(Buffer.compare((await solo.conn.readMessage()).data, counted(20_000))).toBe(0)
    expect(solo.transport.misuse).toEqual([])
  })

  test('are let go once they are read, although the reader is always one behind', async () => {
    const solo = new Solo()
    const payload = counted(30_000)
    solo.transport.receive(solo.frame(2, payload))
    const before = await retainedBytes()
    for (let i = 0; i < 1000; i++) {
      solo.transport.receive(solo.frame(2, payload))
      expect((await solo.conn.readMessage()).byteLength).toBe(30_000)
    }
    // 1000 messages are 30 MB.
    expect((await retainedBytes()) - before).toBeLessThan(5_000_000)
    expect((await solo.conn.readMessage()).byteLength).toBe(30_000)
  })
})

/** Bytes of the buffers that are still reachable. */
async function retainedBytes(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let i = 0; i < 3; i++) {
    collect()
    // Freed buffers are returned in the background.
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return process.memoryUsage().arrayBuffers
}

describe('a second read', () => {
  test('N3: while one is pending is refused at once; the first one gets the message', async () => {
    const solo = new Solo()
    const first = solo.conn.readMessage()
    await expect(solo.conn.readMessage()).rejects.toEqual(failure('ERR_WS_CONCURRENT_READ'))
    await expect(solo.conn[Symbol.asyncIterator]().next()).rejects.toEqual(failure('ERR_WS_CONCURRENT_READ'))
    await solo.receiveTexts('for the first')
    expect((await first).text()).toBe('for the first')
    expect(solo.conn.state).toBe('open')
  })

  test('N3: while a loop waits is refused too', async () => {
    const solo = new Solo()
    const next = solo.conn[Symbol.asyncIterator]().next()
    await expect(solo.conn.readMessage()).rejects.toEqual(failure('ERR_WS_CONCURRENT_READ'))
    await solo.receiveTexts('for the loop')
    expect((await next).value?.text()).toBe('for the loop')
  })
})

describe('a read that gives up between messages leaves the connection as it was:', () => {
  async function isUsable(solo: Solo): Promise<void> {
    expect(solo.clock.timerCount).toBe(0)
    expect(solo.conn.state).toBe('open')
    const next = solo.conn.readMessage()
    await solo.receiveTexts('later')
    expect((await next).text()).toBe('later')
    await solo.conn.writeMessage('still here')
    await solo.settle()
    expect(solo.log).toEqual(['text still here'])
  }

  test('by its timeout', async () => {
    const solo = new Solo()
    const read = watch(solo.conn.readMessage({ timeout: 1000 }))
    await solo.clock.advance(999)
    expect(read.state).toBe('pending')
    await solo.clock.advance(1)
    expect(read.error).toEqual(failure('ERR_WS_TIMEOUT'))
    await isUsable(solo)
  })

  test('by its deadline', async () => {
    const solo = new Solo()
    const read = watch(solo.conn.readMessage({ deadline: new Date(Date.now() + 60_000) }))
    await solo.clock.advance(59_000)
    expect(read.state).toBe('pending')
    await solo.clock.advance(1000)
    expect(read.error).toEqual(failure('ERR_WS_TIMEOUT'))
    await isUsable(solo)
  })

  test('by a deadline that has passed', async () => {
    const solo = new Solo()
    const read = watch(solo.conn.readMessage({ deadline: new Date(0) }))
    await solo.clock.advance(0)
    expect(read.error).toEqual(failure('ERR_WS_TIMEOUT'))
    await isUsable(solo)
  })

  test('by its signal, with the reason of the signal', async () => {
    const solo = new Solo()
    const controller = new AbortController()
    const read = solo.conn.readMessage({ signal: controller.signal })
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(read).rejects.toBe(reason)
    await isUsable(solo)
  })

  test('by a signal that is aborted already, even when a message waits', async () => {
    const solo = new Solo()
    const reason = new Error('too late')
    await solo.receiveTexts('kept')
    await expect(solo.conn.readMessage({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect((await solo.conn.readMessage()).text()).toBe('kept')
    await isUsable(solo)
  })

  test('in the middle of a message, whose rest is still to come', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'half ', false))
    const read = watch(solo.conn.readMessage({ timeout: 10 }))
    await solo.clock.advance(10)
    expect(read.error).toEqual(failure('ERR_WS_TIMEOUT'))
    await solo.receive(solo.frame(0, 'and half'))
    expect((await solo.conn.readMessage()).text()).toBe('half and half')
    await isUsable(solo)
  })

  test('whichever of its limits comes first; the others are let go', async () => {
    const solo = new Solo()
    const controller = new AbortController()
    const deadline = new Date(Date.now() + 60_000)
    const read = watch(solo.conn.readMessage({ timeout: 50, deadline, signal: controller.signal }))
    await solo.clock.advance(50)
    expect(read.error).toEqual(failure('ERR_WS_TIMEOUT'))
    controller.abort()
    await isUsable(solo)
  })
})

test('a read that gets its message lets its limits go', async () => {
  const solo = new Solo()
  const controller = new AbortController()
  const read = solo.conn.readMessage({ timeout: 1000, signal: controller.signal })
  await solo.receiveTexts('in time')
  expect((await read).text()).toBe('in time')
  expect(solo.clock.timerCount).toBe(0)
  const next = watch(solo.conn.readMessage())
  controller.abort()
  await solo.settle()
  expect(next.state).toBe('pending')
})

test.each([
  ['a negative timeout', { timeout: -1 }, RangeError],
  ['a timeout of NaN', { timeout: Number.NaN }, RangeError],
  ['a timeout that no timer can take', { timeout: 2 ** 31 }, RangeError],
  ['a timeout that is no number', { timeout: '10' as unknown as number }, TypeError],
  ['a deadline that is no Date', { deadline: 10 as unknown as Date }, TypeError],
  ['an invalid Date', { deadline: new Date(Number.NaN) }, TypeError],
  ['a deadline too far away', { deadline: new Date(Date.now() + 2 ** 31 + 10_000) }, RangeError],
])('a read with %s throws at once and disturbs nothing', async (_, op, kind) => {
  const solo = new Solo()
  expect(() => solo.conn.readMessage(op)).toThrow(failure('ERR_WS_ARGUMENT') as Error)
  expect(() => solo.conn.readMessage(op)).toThrow(kind)
  const read = solo.conn.readMessage()
  await solo.receiveTexts('fine')
  expect((await read).text()).toBe('fine')
})
