// Messages that were read into memory of the application's, which changes it while they are on their way out again.
// RFC 6455 §8.1: what goes out as a text is UTF-8 at that moment.

import { expect, test } from 'vitest'
import type { Message } from '../../src/codec/message.ts'
import { failure, Solo, stalled } from './connections.ts'

const KiB = 1024

test.each([
  ['large', 40 * KiB],
  ['small', 10],
])('N4: a %s message read with `into` is sent as it was at the call', async (_, length) => {
  const solo = stalled()
  const into = new Uint8Array(length)
  for (const fill of [1, 2, 3]) {
    await solo.receive(solo.frame(2, new Uint8Array(length).fill(fill)))
    await solo.conn.writeMessage(await solo.conn.readMessage({ into }))
  }
  into.fill(9)
  solo.transport.holds = false
  solo.transport.handOver()
  await solo.settle()
  expect(solo.sent.map(({ data }) => data![0])).toEqual([1, 2, 3])
})

test('N4: what does not fit into `into` is owned, and borrowed as any other', async () => {
  const solo = new Solo()
  await solo.receive(solo.frame(2, new Uint8Array(40 * KiB).fill(1)))
  const message = await solo.conn.readMessage({ into: new Uint8Array(10) })
  await solo.conn.writeMessage(message)
  await solo.settle()
  expect(solo.sent[0].data?.length).toBe(40 * KiB)
})

test('F1: a text that was spoilt in such memory is refused, and nothing is sent', async () => {
  const solo = new Solo()
  const into = new Uint8Array(10)
  await solo.receiveTexts('good')
  const message = await solo.conn.readMessage({ into })
  expect(message.text()).toBe('good')
  into[0] = 0xff
  await expect(solo.conn.writeMessage(message)).rejects.toEqual(failure('ERR_WS_INVALID_UTF8'))
  expect(() => message.text()).toThrow(failure('ERR_WS_INVALID_UTF8') as Error)
  await solo.settle()
  expect(solo.log).toEqual([])
})

test('a lent message that has expired rejects, with and without a writer in front', async () => {
  const solo = new Solo()
  const kept: Message[] = []
  solo.conn.onMessage((message) => void kept.push(message), { borrow: true })
  await solo.receiveTexts('gone')
  const expired = failure('ERR_WS_MESSAGE_EXPIRED')
  await expect(solo.conn.writeMessage(kept[0])).rejects.toEqual(expired)
  await solo.conn.nextWriter(1)
  await expect(solo.conn.writeMessage(kept[0])).rejects.toEqual(expired)
})
