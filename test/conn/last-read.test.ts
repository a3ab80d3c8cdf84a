// What comes in one read of the transport with the end of the connection is not lost to the read that waits for it.
// RFC 6455 §5.5.1, §7.1.7.

import { expect, test } from 'vitest'
import type { Message } from '../../src/codec/message.ts'
import { Solo } from './connections.ts'

const textsOf = (batch: readonly Message[]) => batch.map((message) => message.text())

test('messages in front of a Close frame are a batch, then the loop ends', async () => {
  const solo = new Solo()
  const batches = solo.conn.batches()
  const waiting = batches.next()
  await solo.receive(solo.frame(1, 'one'), solo.frame(1, 'two'), solo.frame(8, Uint8Array.of(0x03, 0xe8)))
  expect(textsOf((await waiting).value)).toEqual(['one', 'two'])
  expect(await batches.next()).toEqual({ done: true, value: undefined })
})

test('messages in front of a fault are a batch, then the loop throws', async () => {
  const solo = new Solo()
  const batches = solo.conn.batches()
  const waiting = batches.next()
  await solo.receive(solo.frame(1, 'one'), solo.frame(1, Uint8Array.of(0xff)))
  expect(textsOf((await waiting).value)).toEqual(['one'])
  await expect(batches.next()).rejects.toMatchObject({ code: 'ERR_WS_INVALID_UTF8' })
})

test('a Close frame alone ends the loop', async () => {
  const solo = new Solo()
  const waiting = solo.conn.batches().next()
  await solo.receiveClose(1000)
  expect(await waiting).toEqual({ done: true, value: undefined })
})

test.each<[string, string]>([
  ['bytes', 'rest'],
  ['nothing', ''],
])('the last fragment, of %s, in front of a Close frame completes the message', async (_, rest) => {
  const solo = new Solo()
  await solo.receive(solo.frame(2, 'first ', false))
  const reader = await solo.conn.nextReader()
  let text = Buffer.from((await reader.read())!).toString()
  const waiting = reader.read()
  await solo.receive(solo.frame(0, rest), solo.frame(8, Uint8Array.of(0x03, 0xe8)))
  for (let piece = await waiting; piece !== null; piece = await reader.read())
    text += Buffer.from(piece).toString()
  expect(text).toBe(`first ${rest}`)
  await expect(solo.conn.nextReader()).rejects.toMatchObject({ code: 'ERR_WS_CLOSED' })
})

test('a fragment in front of a Close frame is a piece, then reading fails', async () => {
  const solo = new Solo()
  await solo.receive(solo.frame(2, 'first', false))
  const reader = await solo.conn.nextReader()
  await reader.read()
  const waiting = reader.read()
  await solo.receive(solo.frame(0, 'more', false), solo.frame(8, Uint8Array.of(0x03, 0xe8)))
  expect(Buffer.from((await waiting)!).toString()).toBe('more')
  await expect(reader.read()).rejects.toMatchObject({ code: 'ERR_WS_CLOSED' })
})
