// Functions that get messages and return promises: messages wait for them, and control frames do not.
// RFC 6455 §5.5: pongs and the peer's Close stand behind messages.

import { describe, expect, test } from 'vitest'
import { counted, failure, Solo } from './connections.ts'

const KiB = 1024
const modes = [
  ['owned', false],
  ['lent', true],
] as const

describe('a function that returns a promise', () => {
  /** A function whose promises the test settles, and what it got. */
  function slow(solo: Solo, borrow = false): { texts: string[]; next: () => void } {
    const texts: string[] = []
    const waiting: (() => void)[] = []
    solo.conn.onMessage(
      (message) => {
        texts.push(message.text())
        return new Promise<void>((resolve) => waiting.push(resolve))
      },
      { borrow },
    )
    return { texts, next: () => waiting.shift()?.() }
  }

  test.each(modes)(
    'puts off the messages of later reads until it settles, and the peer once there are many (%s)',
    async (_, borrow) => {
      const solo = new Solo({ readBufferSize: 100 })
      const { texts, next } = slow(solo, borrow)
      await solo.receiveTexts('1', '2')
      expect([texts, solo.transport.isPaused]).toEqual([['1', '2'], false])
      await solo.receiveTexts('3')
      expect([texts, solo.transport.isPaused]).toEqual([['1', '2'], false])
      await solo.receiveTexts('4')
      next()
      await solo.settle()
      expect([texts, solo.transport.isPaused]).toEqual([['1', '2'], true])
      next()
      await solo.settle()
      expect([texts, solo.transport.isPaused]).toEqual([['1', '2', '3'], true])
      next()
      await solo.settle()
      expect([texts, solo.transport.isPaused]).toEqual([['1', '2', '3', '4'], false])
    },
  )

  test.each(modes)(
    'gets what arrives behind our close(), as a function does that returns none (%s)',
    async (_, borrow) => {
      const solo = new Solo()
      const { texts, next } = slow(solo, borrow)
      await solo.receiveTexts('1')
      solo.conn.close()
      await solo.receiveTexts('2')
      await solo.receiveTexts('3')
      for (let i = 0; i < 3; i++) {
        next()
        await solo.settle()
      }
      expect(texts).toEqual(['1', '2', '3'])
    },
  )

  test('is no reason not to answer a ping or a Close', async () => {
    const solo = new Solo()
    const { texts } = slow(solo)
    await solo.receiveTexts('1')
    await solo.receive(solo.frame(1, '2'), solo.frame(9, 'still there?'))
    expect([texts, solo.log]).toEqual([['1'], ['pong still there?']])
    await solo.receiveClose(1001)
    expect(solo.log.at(-1)).toBe('close 1001')
    solo.transport.receiveEnd()
    expect((await solo.conn.closed).code).toBe(1001)
  })

  test('begins on a paused transport, which goes on once what waited has come', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'a'.repeat(40_000)), solo.frame(1, 'b'.repeat(40_000)))
    const { texts, next } = slow(solo)
    await solo.settle()
    expect([texts.length, solo.transport.calls]).toEqual([1, ['pause']])
    next()
    await solo.settle()
    expect([texts.length, solo.transport.calls]).toEqual([2, ['pause', 'resume']])
  })

  test('that is settled already, or undefined, or no promise at all, stops nothing for long', async () => {
    const solo = new Solo()
    const results: unknown[] = [undefined, null, 7, Promise.resolve(), solo.conn.writeMessage('x')]
    solo.conn.onMessage(() => results.shift())
    for (let i = 0; i < 5; i++) await solo.receiveTexts('x')
    expect([results.length, solo.transport.isPaused]).toEqual([0, false])
  })

  test('may be another library’s thenable, even a bad one', async () => {
    const solo = new Solo()
    solo.conn.onMessage(() => ({
      // biome-ignore lint/suspicious/noThenProperty: what some promises are
      then(resolve: () => void) {
        resolve()
        resolve()
      },
    }))
    await solo.receiveTexts('1')
    await solo.receiveTexts('2')
    expect([solo.transport.isPaused, solo.conn.state]).toEqual([false, 'open'])
    let go = () => {}
    const results: unknown[] = [
      // biome-ignore lint/suspicious/noThenProperty: it says so twice, and that counts once
      { then: (resolve: () => void) => [resolve(), resolve()] },
      new Promise<void>((resolve) => {
        go = resolve
      }),
    ]
    solo.conn.onMessage(() => results.shift())
    await solo.receiveTexts('a', 'b')
    await solo.receiveTexts('c')
    expect([results.length, solo.conn.state]).toEqual([0, 'open'])
    go()
    await solo.settle()
    const error = new Error('mine')
    solo.conn.onMessage(() => ({
      // biome-ignore lint/suspicious/noThenProperty: what some promises are
      then() {
        throw error
      },
    }))
    await solo.receiveTexts('3')
    solo.transport.receiveEnd()
    expect((await solo.conn.closed).error).toEqual(failure('ERR_WS_HANDLER', { cause: error }))
  })

  test.each(modes)('may wait for a pong: reading goes on for that (%s)', async (_, borrow) => {
    const solo = new Solo()
    const texts: string[] = []
    let isInside = 0
    let most = 0
    solo.conn.onMessage(
      async (message) => {
        texts.push(message.text())
        most = Math.max(most, ++isInside)
        if (texts.length === 1) await solo.conn.ping('x')
        isInside--
      },
      { borrow },
    )
    await solo.receiveTexts('1')
    // These come before the pong, and wait for the function.
    await solo.receiveTexts('2')
    await solo.receiveTexts('3')
    expect([texts, solo.transport.isPaused]).toEqual([['1'], false])
    await solo.receive(solo.frame(1, '4'), solo.frame(10, 'x'), solo.frame(1, '5'))
    expect([texts, most, isInside]).toEqual([['1', '2', '3', '4', '5'], 1, 0])
    await solo.receiveTexts('6')
    expect([texts.at(-1), solo.transport.isPaused]).toEqual(['6', false])
  })

  test('may wait for a pong that does not come: no more than 1 MiB is read for it', async () => {
    const solo = new Solo()
    let count = 0
    solo.conn.onMessage(async () => {
      if (++count === 1) await solo.conn.ping('x', { timeout: 1000 }).catch(() => {})
    })
    await solo.receiveTexts('1')
    let sent = 0
    while (!solo.transport.isPaused && sent < 100) {
      await solo.receive(solo.frame(2, counted(60_000)))
      sent++
    }
    expect([sent, count]).toEqual([Math.ceil((1024 * KiB) / 60_064), 1])
    await solo.clock.advance(1000)
    expect([count, solo.transport.isPaused]).toEqual([1 + sent, false])
  })

  test.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])('may wait for close() (drain: %s, lent: %s)', async (drain, borrow) => {
    const solo = new Solo()
    const texts: string[] = []
    let ended: unknown
    solo.conn.onMessage(
      async (message) => {
        texts.push(message.text())
        if (texts.length === 1) ended = await solo.conn.close(1000, '', { drain })
      },
      { borrow },
    )
    await solo.receiveTexts('1')
    await solo.receiveTexts('2')
    await solo.receiveClose(1000)
    solo.transport.receiveEnd()
    await solo.settle()
    expect(ended).toEqual({ code: 1000, reason: '', wasClean: true })
    if (drain) expect(texts).toEqual(['1', '2'])
    expect(solo.clock.timerCount).toBe(0)
  })

  test('may take the function away and read on by itself', async () => {
    const solo = new Solo()
    let text: string | undefined
    solo.conn.onMessage(async () => {
      await undefined
      solo.conn.onMessage(null)
      text = await solo.conn.readText()
    })
    await solo.receiveTexts('1')
    await solo.receiveTexts('2')
    expect([text, solo.transport.isPaused]).toEqual(['2', false])
  })

  test('that never settles does not stop the function that comes after it', async () => {
    const solo = new Solo()
    solo.conn.onMessage(() => new Promise(() => {}))
    await solo.receiveTexts('1')
    await solo.receiveTexts('2')
    const { texts, next } = slow(solo)
    await solo.settle()
    expect(texts).toEqual(['2'])
    next()
    await solo.receiveTexts('3')
    expect(texts).toEqual(['2', '3'])
  })

  test('of a function that was replaced counts no more, however it settles', async () => {
    const solo = new Solo()
    const first = slow(solo)
    await solo.receiveTexts('1')
    const second = slow(solo)
    await solo.receiveTexts('2')
    first.next()
    await solo.receiveTexts('3')
    expect(second.texts).toEqual(['2'])
    second.next()
    await solo.settle()
    expect(second.texts).toEqual(['2', '3'])
  })

  test('is no reason for the end of the connection to wait', async () => {
    const solo = new Solo({ closeTimeout: 50 })
    slow(solo)
    await solo.receiveTexts('1')
    solo.transport.gone(new Error('reset'))
    expect((await solo.conn.closed).code).toBe(1006)
    expect(solo.clock.timerCount).toBe(0)
  })
})
