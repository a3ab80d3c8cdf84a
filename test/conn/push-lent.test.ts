// Messages that are lent to a function, and those that are dropped: good for one call, whatever they had to wait for.
// RFC 6455 §5.6.

import { describe, expect, test } from 'vitest'
import type { Message } from '../../src/codec/message.ts'
import { counted, failure, Solo } from './connections.ts'

const KiB = 1024
const expired = failure('ERR_WS_MESSAGE_EXPIRED') as Error

describe('a lent message', () => {
  test('has expired when the function has returned; a copy has not', async () => {
    const solo = new Solo()
    await solo.receiveTexts('waits')
    const kept: Message[] = []
    const copies: Message[] = []
    solo.conn.onMessage(
      (message) => {
        kept.push(message)
        copies.push(message.copy())
      },
      { borrow: true },
    )
    await solo.receiveTexts('first')
    await solo.receive(solo.frame(2, 'sec', false), solo.frame(0, 'ond'))
    for (const message of kept)
      for (const read of [
        () => message.data,
        () => message.text(),
        () => message.source,
        () => message.copy(),
      ])
        expect(read).toThrow(expired)
    expect(copies.map((copy) => copy.text())).toEqual(['waits', 'first', 'second'])
  })

  test('has expired behind the first await of an async function', async () => {
    const solo = new Solo()
    let late: unknown
    solo.conn.onMessage(
      async (message) => {
        await undefined
        try {
          message.text()
        } catch (error) {
          late = error
        }
      },
      { borrow: true },
    )
    await solo.receiveTexts('x')
    expect(late).toEqual(expired)
  })

  test('can be sent back in the call', async () => {
    const solo = new Solo()
    solo.conn.onMessage((message) => void solo.conn.writeMessage(message), { borrow: true })
    await solo.receive(solo.frame(1, 'a'), solo.frame(2, 'b', false), solo.frame(0, 'c'))
    expect(solo.log).toEqual(['text a', 'binary bc'])
  })

  test('that had to wait behind a slow function is good for its own call', async () => {
    const solo = new Solo()
    const texts: string[] = []
    const kept: Message[] = []
    solo.conn.onMessage(
      async (message) => {
        kept.push(message)
        texts.push(message.text())
        if (texts.length === 1) await solo.conn.ping('x')
      },
      { borrow: true },
    )
    await solo.receiveTexts('1')
    await solo.receiveTexts('2', '3')
    await solo.receive(solo.frame(10, 'x'))
    expect(texts).toEqual(['1', '2', '3'])
    for (const message of kept) expect(() => message.text()).toThrow(expired)
  })
})

describe('discard()', () => {
  test('drops what waits and what comes, and goes on with control frames', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(2, counted(70 * KiB)))
    solo.conn.discard()
    await solo.settle()
    expect(solo.transport.isPaused).toBe(false)
    const ping = solo.conn.ping('x')
    await solo.receive(solo.frame(1, 'a'), solo.frame(9, 'p'), solo.frame(2, 'b', false), solo.frame(10, 'x'))
    expect(await ping).toBe(0)
    await solo.receive(solo.frame(0, 'c'))
    await solo.receiveClose(1000)
    solo.transport.receiveEnd()
    expect((await solo.conn.closed).wasClean).toBe(true)
    expect(solo.log).toEqual(['ping x', 'pong p', 'close 1000'])
  })

  test('ends with onMessage(null)', async () => {
    const solo = new Solo()
    solo.conn.discard()
    await solo.receiveTexts('dropped')
    solo.conn.onMessage(null)
    await solo.receiveTexts('kept')
    expect(await solo.conn.readText()).toBe('kept')
  })

  test('leaves the message that is being read', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'a', false))
    const reader = await solo.conn.nextReader()
    solo.conn.discard()
    await solo.receive(solo.frame(0, 'b'))
    expect(await reader.read()).toBe(null)
    expect(solo.held()).toBe(0)
  })
})
