// The end of a connection inside of a message that is read by its pieces: what came can be read, then reads fail alike.
// RFC 6455 §7.1.

import { describe, expect, test } from 'vitest'
import { counted, failure, Solo, watch } from './connections.ts'
import { textOf, word } from './pieces.ts'

describe('when the connection ends inside of a message', () => {
  const ends: [string, (solo: Solo) => unknown, string, boolean][] = [
    ['by a Close frame between fragments', (solo) => solo.receiveClose(1001, 'bye'), 'ERR_WS_CLOSED', true],
    ['by the end of the stream', (solo) => solo.transport.receiveEnd(), 'ERR_WS_ABNORMAL_CLOSURE', true],
    ['by a reset', (solo) => solo.transport.gone(new Error('reset')), 'ERR_WS_ABNORMAL_CLOSURE', true],
    ['by terminate()', (solo) => solo.conn.terminate(), 'ERR_WS_ABNORMAL_CLOSURE', true],
    ['by a fault', (solo) => solo.receive(solo.frame(1, 'x')), 'ERR_WS_FRAGMENTATION', false],
    [
      'by bad UTF-8',
      (solo) => solo.receive(solo.frame(0, Uint8Array.of(0xff))),
      'ERR_WS_INVALID_UTF8',
      false,
    ],
    ['past the limit', (solo) => solo.receive(solo.frame(0, counted(100))), 'ERR_WS_MESSAGE_TOO_BIG', false],
  ]
  describe.each(ends)('%s', (_, end, code, keeps) => {
    test('E10: a piece that is waited for rejects, always the same', async () => {
      const solo = new Solo({ readLimit: 100 })
      await solo.receive(solo.frame(1, 'came', false))
      const reader = await solo.conn.nextReader()
      expect(await word(reader)).toBe('came')
      const piece = watch(reader.read())
      await end(solo)
      await solo.settle()
      expect(piece.error).toEqual(failure(code))
      await expect(reader.read()).rejects.toBe(piece.error)
      await expect(reader.read({ into: new Uint8Array(1) })).rejects.toBe(piece.error)
      await expect(solo.conn.readMessage()).rejects.toBe(piece.error)
      await expect(solo.conn.nextReader()).rejects.toBe(piece.error)
    })

    test('E10: what came and was not read yet comes first, unless it was a fault', async () => {
      const solo = new Solo({ readLimit: 100 })
      await solo.receive(solo.frame(1, 'came', false))
      const reader = await solo.conn.nextReader()
      await end(solo)
      await solo.settle()
      if (keeps) expect(await word(reader)).toBe('came')
      const error = await reader.read().catch((error) => error)
      expect(error).toEqual(failure(code))
      await expect(reader.read()).rejects.toBe(error)
      await expect(solo.conn.nextReader()).rejects.toBe(error)
    })

    test('a reader that is asked for afterwards gets what came, unless it was a fault', async () => {
      const solo = new Solo({ readLimit: 100 })
      await solo.receive(solo.frame(1, 'came', false))
      await end(solo)
      await solo.settle()
      const reader = await solo.conn.nextReader().catch((error) => error)
      if (keeps) {
        expect(await word(reader)).toBe('came')
        await expect(reader.read()).rejects.toEqual(failure(code))
      } else {
        expect(reader).toEqual(failure(code))
      }
      await expect(solo.conn.nextReader()).rejects.toEqual(failure(code))
    })
  })

  test('in one read with the last part of the message, the message is complete', async () => {
    for (const last of ['c', '']) {
      const solo = new Solo()
      await solo.receive(solo.frame(1, 'a', false))
      const reader = await solo.conn.nextReader()
      await reader.read()
      const piece = word(reader)
      await solo.receive(solo.frame(0, 'b', false), solo.frame(0, last), solo.frame(8))
      expect([await piece, await word(reader)]).toEqual([`b${last}`, null])
      await expect(solo.conn.nextReader()).rejects.toEqual(failure('ERR_WS_CLOSED'))
    }
  })

  test('in one read with its first part, a reader that waits gets that', async () => {
    const solo = new Solo()
    const reader = watch(solo.conn.nextReader())
    await solo.receive(solo.frame(1, 'a', false), solo.frame(8))
    expect(await word(reader.value!)).toBe('a')
    await expect(reader.value!.read()).rejects.toEqual(failure('ERR_WS_CLOSED'))
  })

  test('a reader of a complete message is read to its end', async () => {
    const solo = new Solo()
    await solo.receiveTexts('first', 'second')
    const reader = await solo.conn.nextReader()
    await solo.receiveClose(1000)
    expect([await textOf(reader), await textOf(await solo.conn.nextReader())]).toEqual(['first', 'second'])
    expect(await reader.read()).toBe(null)
  })
})

describe('close() with a message half read', () => {
  test.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])('ends promptly (drain: %s; a piece is waited for: %s), twice', async (drain, waits) => {
    const solo = new Solo({ readBufferSize: 10 })
    await solo.receive(solo.frame(1, 'a', false))
    const reader = await solo.conn.nextReader()
    await reader.read()
    const piece = waits ? watch(word(reader)) : undefined
    if (!waits) await solo.receive(solo.frame(0, 'more and more', false))
    const closed = [watch(solo.conn.close(1000, '', { drain })), watch(solo.conn.close(1000, '', { drain }))]
    await solo.receive(solo.frame(0, 'b'), solo.frame(1, 'wanted'))
    if (piece !== undefined) expect(piece.value).toBe('b')
    else if (drain) expect(await textOf(reader)).toBe('more and moreb')
    if (drain) expect(await solo.conn.readText()).toBe('wanted')
    await solo.receiveClose(1000)
    solo.transport.receiveEnd()
    await solo.settle()
    expect(closed.map(({ value }) => value?.wasClean)).toEqual([true, true])
    await expect(solo.conn.readText()).rejects.toEqual(failure('ERR_WS_CLOSED'))
    expect([solo.clock.timerCount, solo.transport.misuse]).toEqual([0, []])
  })

  test('a piece that is waited for comes, of a message that goes on behind it', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'a', false))
    const reader = await solo.conn.nextReader()
    await reader.read()
    const piece = word(reader)
    solo.conn.close()
    await solo.receive(solo.frame(0, 'b', false))
    expect(await piece).toBe('b')
    const next = word(reader)
    await solo.receive(solo.frame(0, 'c'))
    expect([await next, await word(reader)]).toEqual(['c', null])
  })

  test('a message that is not read any more fails its reader, and does not end it', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'a', false))
    const reader = await solo.conn.nextReader()
    solo.conn.close()
    await solo.receive(solo.frame(0, 'b', false))
    await solo.receive(solo.frame(0, 'c'))
    await expect(reader.read()).rejects.toEqual(failure('ERR_WS_CLOSE_SENT'))
  })
})

test('ping() and close() inside of a loop over readers end promptly, with a full queue and a message half read', async () => {
  const solo = new Solo({ readBufferSize: 1000 })
  const done: unknown[] = []
  const loop = (async () => {
    for (;;) {
      const reader = await solo.conn.nextReader()
      for await (const piece of reader) {
        if (done.length === 0) done.push(piece.length, await solo.conn.ping('x'), await solo.conn.ping('y'))
        else if (done.length === 3) {
          done.push(piece.length)
          done.push((await solo.conn.close()).code, (await solo.conn.close()).code)
        }
      }
    }
  })().catch((error) => error.code)
  await solo.receive(solo.frame(2, counted(10), false))
  await solo.receive(solo.frame(0, counted(2000), false))
  await solo.receive(solo.frame(0, counted(3000), false), solo.frame(10, 'x'))
  await solo.receive(solo.frame(0, counted(4000)), solo.frame(2, counted(5000)), solo.frame(10, 'y'))
  await solo.receive(solo.frame(2, counted(2000)), solo.frame(2, counted(2000), false))
  await solo.receiveClose(1000)
  solo.transport.receiveEnd()
  await solo.settle()
  // What was read before close() can be read to its end, then the loop ends.
  expect([done, await loop]).toEqual([[10, 0, 0, 9000, 1000, 1000], 'ERR_WS_CLOSED'])
  expect(solo.clock.timerCount).toBe(0)
})

test('a piece that nobody looks at is no unhandled rejection', async () => {
  const solo = new Solo()
  await solo.receive(solo.frame(1, 'a', false))
  const reader = await solo.conn.nextReader()
  await reader.read()
  reader[Symbol.asyncIterator]().next()
  solo.transport.gone(new Error('reset'))
  reader.read()
  // The guard of all tests looks for what went unhandled.
  await solo.settle()
  expect(solo.clock.timerCount).toBe(0)
})
