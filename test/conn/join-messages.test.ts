// The messages of a connection as one stream of bytes: the term behind each, the end, errors, and a stream that is cancelled.
// gorilla/websocket's JoinMessages.

import { describe, expect, test } from 'vitest'
import { joinMessages } from '../../src/conn/join-messages.ts'
import { counted, failure, Solo, watch } from './connections.ts'

test.each([
  ['', 'onetwo parts3'],
  ['\n', 'one\n\ntwo parts\n3\n'],
  [' ä ', 'one ä  ä two parts ä 3 ä '],
])('messages come behind each other, with %j behind each, until the peer closes', async (term, expected) => {
  for (const code of [1000, 1011, undefined]) {
    const solo = new Solo()
    const text = new Response(joinMessages(solo.conn, term)).text()
    await solo.receive(solo.frame(1, 'one'), solo.frame(2), solo.frame(1, 'two ', false))
    await solo.receive(solo.frame(9), solo.frame(0, 'parts'), solo.frame(1, '3'))
    await solo.receiveClose(code)
    expect(await text).toBe(expected)
  }
})

test('each piece is the reader’s to change', async () => {
  const solo = new Solo()
  await solo.receiveTexts('a', 'b')
  const reader = joinMessages(solo.conn, '|').getReader()
  const texts: string[] = []
  for (let i = 0; i < 4; i++) {
    const { value } = await reader.read()
    texts.push(Buffer.from(value!).toString())
    value!.fill(0)
  }
  expect(texts).toEqual(['a', '|', 'b', '|'])
})

test('no term is put behind a message that is not complete', async () => {
  const solo = new Solo()
  const reader = joinMessages(solo.conn, '|').getReader()
  await solo.receive(solo.frame(1, 'part', false))
  expect(Buffer.from((await reader.read()).value!).toString()).toBe('part')
  const next = watch(reader.read())
  await solo.receiveClose(1000)
  expect(next.error).toEqual(failure('ERR_WS_CLOSED'))
})

test.each([
  ['a fault', (solo: Solo) => solo.receive(solo.frame(3)), 'ERR_WS_OPCODE'],
  ['the end of the stream', (solo: Solo) => solo.transport.receiveEnd(), 'ERR_WS_ABNORMAL_CLOSURE'],
  ['another read', () => undefined, 'ERR_WS_CONCURRENT_READ'],
])('it fails on %s, behind what came', async (name, end, code) => {
  const solo = new Solo()
  const reader = joinMessages(solo.conn).getReader()
  await solo.receiveTexts('came')
  expect(Buffer.from((await reader.read()).value!).toString()).toBe('came')
  if (name === 'another read') solo.conn.readMessage()
  const next = watch(reader.read())
  await end(solo)
  await solo.settle()
  expect(next.error).toEqual(failure(code))
})

test('nothing is read before it is asked for, and no more than that', async () => {
  const solo = new Solo({ readBufferSize: 1000 })
  const reader = joinMessages(solo.conn).getReader()
  await solo.receive(solo.frame(2, counted(600)))
  await solo.receive(solo.frame(2, counted(600)))
  expect(solo.transport.isPaused).toBe(true)
  expect((await reader.read()).value?.length).toBe(600)
  expect(solo.transport.isPaused).toBe(true)
  expect((await reader.read()).value?.length).toBe(600)
  expect(solo.transport.isPaused).toBe(false)
})

describe('a stream that is cancelled leaves the connection open', () => {
  test('while it waits for a message, which others then get', async () => {
    const solo = new Solo()
    const reader = joinMessages(solo.conn).getReader()
    const pending = reader.read()
    await solo.settle()
    await reader.cancel()
    expect(await pending).toEqual({ done: true, value: undefined })
    const read = solo.conn.readText()
    await solo.receiveTexts('for others')
    expect([await read, solo.conn.state]).toEqual(['for others', 'open'])
  })

  test('while it waits for a piece of one, whose rest is skipped', async () => {
    const solo = new Solo()
    const reader = joinMessages(solo.conn).getReader()
    await solo.receive(solo.frame(1, 'a', false))
    await reader.read()
    const pending = reader.read()
    await solo.settle()
    await reader.cancel(new Error('enough'))
    expect(await pending).toEqual({ done: true, value: undefined })
    const read = solo.conn.readText()
    await solo.receive(solo.frame(0, 'b', false))
    await solo.receive(solo.frame(0, 'c'), solo.frame(1, 'next'))
    expect(await read).toBe('next')
  })

  test('before it was read, and loses nothing', async () => {
    const solo = new Solo()
    await solo.receiveTexts('kept')
    await joinMessages(solo.conn).cancel()
    expect(await solo.conn.readText()).toBe('kept')
  })
})
