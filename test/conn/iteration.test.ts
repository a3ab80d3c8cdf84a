// `for await` over a connection: it ends in order on every Close frame that the peer sent, and throws on every other end.
// RFC 6455 §7.1.5 (the close code), §7.1.7 (failing the connection).

import { describe, expect, test } from 'vitest'
import type { Conn } from '../../src/conn/conn.ts'
import { counted, failure, Solo } from './connections.ts'

async function texts(conn: Conn): Promise<string[]> {
  const all: string[] = []
  for await (const message of conn) all.push(message.text())
  return all
}

test('a loop gets every message, those that wait and those that come later', async () => {
  const solo = new Solo()
  await solo.receiveTexts('1', '2')
  const all = texts(solo.conn)
  await solo.receiveTexts('3')
  await solo.receiveTexts('4', '5')
  await solo.receiveClose(1000)
  expect(await all).toEqual(['1', '2', '3', '4', '5'])
})

test('a loop gets the messages that came in one piece with the Close frame', async () => {
  const solo = new Solo()
  const all = texts(solo.conn)
  await solo.receive(solo.frame(1, '1'), solo.frame(1, '2'), solo.frame(8))
  expect(await all).toEqual(['1', '2'])
})

test.each([[1000], [1001], [1002], [1011], [1013], [3000], [4999], [undefined]])(
  'a loop ends in order on a Close frame with the code %s',
  async (code) => {
    const solo = new Solo()
    const waiting = texts(solo.conn)
    await solo.receiveClose(code, code === undefined ? '' : 'so')
    expect(await waiting).toEqual([])
    expect(await texts(solo.conn)).toEqual([])
    solo.transport.receiveEnd()
    expect(await solo.conn.closed).toEqual({
      code: code ?? 1005,
      reason: code === undefined ? '' : 'so',
      wasClean: true,
    })
  },
)

test('a loop ends in order when we closed and the peer has answered', async () => {
  const solo = new Solo({ role: 'client' })
  const all = texts(solo.conn)
  const closed = solo.conn.close(1000)
  await solo.receiveClose(1000)
  expect(await all).toEqual([])
  solo.transport.receiveEnd()
  expect((await closed).wasClean).toBe(true)
})

describe('a loop throws', () => {
  test.each([
    [
      'when the stream ends without a Close frame',
      'ERR_WS_ABNORMAL_CLOSURE',
      (solo: Solo) => solo.transport.receiveEnd(),
    ],
    [
      'when the transport is reset',
      'ERR_WS_ABNORMAL_CLOSURE',
      (solo: Solo) => solo.transport.gone(new Error('reset')),
    ],
    ['when the connection is terminated', 'ERR_WS_ABNORMAL_CLOSURE', (solo: Solo) => solo.conn.terminate()],
    ['on a bad frame', 'ERR_WS_OPCODE', (solo: Solo) => solo.transport.receive(solo.frame(3))],
    [
      'on bad UTF-8',
      'ERR_WS_INVALID_UTF8',
      (solo: Solo) => solo.transport.receive(solo.frame(1, Uint8Array.of(0xff))),
    ],
    [
      'past the read limit',
      'ERR_WS_MESSAGE_TOO_BIG',
      (solo: Solo) => solo.transport.receive(solo.frame(2, counted(101))),
    ],
  ])('%s, behind the messages that came before', async (_, code, end) => {
    const solo = new Solo({ readLimit: 100 })
    const all: string[] = []
    const loop = (async () => {
      for await (const message of solo.conn) all.push(message.text())
    })()
    await solo.receiveTexts('1', '2')
    end(solo)
    await expect(loop).rejects.toEqual(failure(code))
    expect(all).toEqual(['1', '2'])
    await expect(texts(solo.conn)).rejects.toEqual(failure(code))
  })
})

describe('leaving a loop', () => {
  test('by break leaves the connection open, and the next loop goes on', async () => {
    const solo = new Solo()
    await solo.receiveTexts('1', '2', '3')
    for await (const message of solo.conn) {
      expect(message.text()).toBe('1')
      break
    }
    expect(solo.conn.state).toBe('open')
    expect((await solo.conn.readMessage()).text()).toBe('2')
    const rest = texts(solo.conn)
    await solo.receiveClose()
    expect(await rest).toEqual(['3'])
  })

  test('by an error leaves the connection open', async () => {
    const solo = new Solo()
    await solo.receiveTexts('1', '2')
    const error = new Error('mine')
    const loop = (async () => {
      for await (const _ of solo.conn) throw error
    })()
    await expect(loop).rejects.toBe(error)
    expect(solo.conn.state).toBe('open')
    expect((await solo.conn.readMessage()).text()).toBe('2')
  })
})

test('an iterator that is returned while its read waits ends that read; the message goes to the next reader', async () => {
  const solo = new Solo()
  const iterator = solo.conn[Symbol.asyncIterator]()
  const next = iterator.next()
  expect(await iterator.return?.()).toEqual({ done: true, value: undefined })
  expect(await next).toEqual({ done: true, value: undefined })
  const read = solo.conn.readMessage()
  await solo.receiveTexts('for the next')
  expect((await read).text()).toBe('for the next')
})

test('the iterator of a connection is its own iterable', async () => {
  const solo = new Solo()
  const iterator = solo.conn[Symbol.asyncIterator]()
  expect(iterator[Symbol.asyncIterator]()).toBe(iterator)
  await solo.receiveTexts('1')
  expect((await iterator.next()).value?.text()).toBe('1')
  expect(await iterator.return?.()).toEqual({ done: true, value: undefined })
})
