// A message that is read by its pieces while it arrives: what comes when, what is skipped, who may read beside it, and its end.
// RFC 6455 §5.4; gorilla/websocket's NextReader.

import { Buffer } from 'node:buffer'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import type { MessageReader } from '../../src/conn/message-reader.ts'
import { nodeReadable } from '../../src/node/streams.ts'
import { counted, failure, Solo, watch } from './connections.ts'

const KiB = 1024

async function textOf(reader: MessageReader): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of reader) pieces.push(piece)
  return Buffer.concat(pieces).toString('utf8')
}

/** Reads until the end, one byte at a time. */
async function byBytes(reader: MessageReader): Promise<string> {
  const bytes: number[] = []
  const into = new Uint8Array(1)
  for (;;) {
    const piece = await reader.read({ into })
    if (piece === null) return Buffer.from(bytes).toString('utf8')
    expect([piece.length, piece.buffer === into.buffer]).toEqual([1, true])
    bytes.push(piece[0])
  }
}

async function word(reader: MessageReader): Promise<string | null> {
  const piece = await reader.read()
  return piece === null ? null : Buffer.from(piece).toString('utf8')
}

describe('a message that is still arriving', () => {
  test('is given as it comes: fragments, parts of frames, then null for ever', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'one ', false))
    const reader = await solo.conn.nextReader()
    expect([reader.type, reader.isText]).toEqual([1, true])
    const words = [await word(reader)]
    const pending = watch(word(reader))
    await solo.settle()
    expect(pending.state).toBe('pending')
    await solo.receive(solo.frame(0, 'two ', false))
    words.push(pending.value!)
    const last = solo.frame(0, 'three')
    await solo.receive(last.subarray(0, 8))
    words.push(await word(reader))
    await solo.receive(last.subarray(8))
    words.push(await word(reader))
    expect(words).toEqual(['one ', 'two ', 'th', 'ree'])
    expect([await word(reader), await word(reader)]).toEqual([null, null])
  })

  test('may be asked for before its first byte is here, and is given with it', async () => {
    const solo = new Solo()
    const asked = watch(solo.conn.nextReader())
    const frame = solo.frame(2, 'bytes', false)
    await solo.receive(frame.subarray(0, 5))
    expect(asked.state).toBe('pending')
    await solo.receive(frame.subarray(5, 7))
    expect(asked.value?.type).toBe(2)
    await solo.receive(frame.subarray(7), solo.frame(0, '!'))
    expect(await textOf(asked.value!)).toBe('bytes!')
  })

  test('is read into one byte of the caller’s', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'größer ', false))
    const reader = await solo.conn.nextReader()
    const all = byBytes(reader)
    await solo.settle()
    await solo.receive(solo.frame(0, '', false), solo.frame(9), solo.frame(0, 'als 1'), solo.frame(1, 'next'))
    expect(await all).toBe('größer als 1')
    expect(await byBytes(await solo.conn.nextReader())).toBe('next')
  })

  test('of large frames keeps every byte', async () => {
    const solo = new Solo()
    const payload = counted(300 * KiB)
    const frame = solo.frame(2, payload)
    const asked = solo.conn.nextReader()
    const pieces: Uint8Array[] = []
    let reading: Promise<void> | undefined
    for (let at = 0; at < frame.length; at += 50_000) {
      await solo.receive(frame.slice(at, at + 50_000))
      reading ??= (async () => {
        for await (const piece of await asked) pieces.push(piece)
      })()
    }
    await reading
    expect(Buffer.compare(Buffer.concat(pieces), payload)).toBe(0)
    expect(pieces.length).toBeGreaterThan(4)
  })

  test('in a buffer that the transport uses again keeps its bytes', async () => {
    const solo = new Solo()
    const frame = solo.frame(2, counted(100 * KiB))
    solo.transport.receiveReusable(frame.subarray(0, 60_000))
    const reader = await solo.conn.nextReader()
    const first = (await reader.read())!
    solo.transport.receiveReusable(frame.subarray(60_000))
    const rest = (await reader.read())!
    expect(Buffer.compare(Buffer.concat([first, rest]), counted(100 * KiB))).toBe(0)
    expect(solo.transport.misuse).toEqual([])
  })
})

test('a message that is here is read whole, an empty one gives null at once', async () => {
  const solo = new Solo()
  await solo.receive(solo.frame(1, 'whole'), solo.frame(1), solo.frame(2, '', false), solo.frame(0))
  expect(await word(await solo.conn.nextReader())).toBe('whole')
  const empty = await solo.conn.nextReader()
  expect([empty.type, await word(empty)]).toEqual([1, null])
  const fragmented = await solo.conn.nextReader()
  expect([fragmented.type, await word(fragmented)]).toEqual([2, null])
})

test('a text may be cut inside of a character', async () => {
  const solo = new Solo()
  const [a, b, c] = [Uint8Array.of(0x78, 0xe2), Uint8Array.of(0x82), Uint8Array.of(0xac)]
  await solo.receive(solo.frame(1, a, false))
  const reader = await solo.conn.nextReader()
  const pieces = [await reader.read()]
  await solo.receive(solo.frame(0, b, false))
  pieces.push(await reader.read())
  await solo.receive(solo.frame(0, c))
  pieces.push(await reader.read(), await reader.read())
  expect(pieces).toEqual([a, b, c, null])
})

describe('what was not read', () => {
  test('is skipped by the next reader, and the stale one gives null', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'hello'), solo.frame(1, 'world'))
    const first = await solo.conn.nextReader()
    const second = await solo.conn.nextReader()
    expect(await word(first)).toBe(null)
    expect([await word(second), await word(first), await word(second)]).toEqual(['world', null, null])
  })

  // The cuts decide in which reads of the transport the rest of the first message and the beginning of the next come.
  test.each(['message', 'reader', 'loop', 'batch', 'push'] as const)(
    'of a message cut anywhere is skipped by a %s',
    async (way) => {
      const frames = (solo: Solo) => [
        solo.frame(1, 'skip', false),
        solo.frame(9),
        solo.frame(0, '', false),
        solo.frame(0, 'ped'),
        solo.frame(2, 'ne', false),
        solo.frame(10),
        solo.frame(0, 'xt'),
        solo.frame(1, 'and more'),
      ]
      const { length } = Buffer.concat(frames(new Solo()))
      for (let cut = 7; cut <= length; cut++) {
        for (const reads of [0, 1]) {
          const solo = new Solo()
          const bytes = Buffer.concat(frames(solo))
          await solo.receive(bytes.subarray(0, cut))
          const stale = await solo.conn.nextReader()
          if (reads > 0) await stale.read()
          const texts: string[] = []
          let reading: Promise<void> | undefined
          if (way === 'push') solo.conn.onMessage((message) => void texts.push(message.text()))
          else
            reading = (async () => {
              if (way === 'message')
                texts.push((await solo.conn.readMessage()).text(), await solo.conn.readText())
              else if (way === 'reader')
                texts.push(
                  await textOf(await solo.conn.nextReader()),
                  await textOf(await solo.conn.nextReader()),
                )
              else if (way === 'loop') for await (const message of solo.conn) texts.push(message.text())
              else
                for await (const batch of solo.conn.batches())
                  for (const each of batch) texts.push(each.text())
            })()
          await solo.receive(bytes.subarray(cut))
          await solo.receiveClose(1000)
          await reading
          expect([cut, reads, texts]).toEqual([cut, reads, ['next', 'and more']])
          expect(await stale.read()).toBe(null)
        }
      }
    },
  )

  test('is not gathered while the next read waits', async () => {
    const solo = new Solo({ readLimit: Number.POSITIVE_INFINITY })
    const frame = solo.frame(2, counted(4 * 1024 * KiB))
    await solo.receive(frame.subarray(0, 1000))
    await solo.conn.nextReader()
    const next = solo.conn.readMessage()
    let most = 0
    for (let at = 1000; at < frame.length; at += 60_000) {
      await solo.receive(frame.subarray(at, at + 60_000))
      most = Math.max(most, solo.held())
    }
    expect(most).toBe(0)
    await solo.receiveTexts('next')
    expect((await next).text()).toBe('next')
  })
})

describe('beside a reader', () => {
  test('a second read while a piece is waited for is refused; the first goes on', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'a', false))
    const reader = await solo.conn.nextReader()
    await reader.read()
    const piece = watch(word(reader))
    const refused = failure('ERR_WS_CONCURRENT_READ')
    await expect(reader.read()).rejects.toEqual(refused)
    await expect(solo.conn.readMessage()).rejects.toEqual(refused)
    await expect(solo.conn.nextReader()).rejects.toEqual(refused)
    await expect(solo.conn[Symbol.asyncIterator]().next()).rejects.toEqual(refused)
    await expect(solo.conn.batches().next()).rejects.toEqual(refused)
    expect(() => solo.conn.onMessage(() => {})).toThrow(refused as Error)
    solo.conn.onMessage(null)
    await solo.receive(solo.frame(0, 'b'))
    expect([piece.value, await word(reader)]).toEqual(['b', null])
  })

  test('a reader is refused while a message is waited for, and while messages are pushed', async () => {
    const solo = new Solo()
    const message = solo.conn.readMessage()
    await solo.receive(solo.frame(1, 'a', false))
    const refused = failure('ERR_WS_CONCURRENT_READ')
    await expect(solo.conn.nextReader()).rejects.toEqual(refused)
    await solo.receive(solo.frame(0, 'b'))
    expect((await message).text()).toBe('ab')
    solo.conn.onMessage(() => {})
    await solo.receive(solo.frame(1, 'c', false))
    await expect(solo.conn.nextReader()).rejects.toEqual(refused)
  })

  test('whole messages, loops and readers take turns', async () => {
    const solo = new Solo()
    await solo.receiveTexts('1', '2', '3', '4')
    const met = [await solo.conn.readText(), await textOf(await solo.conn.nextReader())]
    for await (const message of solo.conn) {
      met.push(message.text())
      break
    }
    await solo.receive(solo.frame(1, '5a', false))
    met.push(await textOf(await solo.conn.nextReader()))
    const reader = await solo.conn.nextReader()
    met.push((await word(reader))!)
    await solo.receive(solo.frame(0, '5b'), solo.frame(1, '6'))
    met.push((await word(reader))!, await solo.conn.readText())
    expect(met).toEqual(['1', '2', '3', '4', '5a', '5b', '6'])
  })
})

describe('a read of a piece that gives up', () => {
  const cases: [string, (reader: MessageReader, solo: Solo) => Promise<unknown>, string][] = [
    ['by its timeout', (reader) => reader.read({ timeout: 10 }), 'ERR_WS_TIMEOUT'],
    ['by its deadline', (reader) => reader.read({ deadline: new Date(Date.now() + 10) }), 'ERR_WS_TIMEOUT'],
    ['by a deadline that has passed', (reader) => reader.read({ deadline: new Date(0) }), 'ERR_WS_TIMEOUT'],
    [
      'by the timeout of all reads',
      (reader, solo) => {
        solo.conn.setReadTimeout(10)
        const read = reader.read()
        solo.conn.setReadTimeout(null)
        return read
      },
      'ERR_WS_TIMEOUT',
    ],
    [
      'by the deadline of all reads',
      (reader, solo) => {
        solo.conn.setReadDeadline(new Date(Date.now() + 10))
        const read = reader.read()
        solo.conn.setReadDeadline(null)
        return read
      },
      'ERR_WS_TIMEOUT',
    ],
  ]
  test.each(cases)('%s loses nothing', async (_, read, code) => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'one ', false))
    const reader = await solo.conn.nextReader()
    await reader.read()
    const late = watch(read(reader, solo))
    await solo.clock.advance(20)
    expect(late.error).toEqual(failure(code))
    expect([solo.clock.timerCount, solo.conn.state]).toEqual([0, 'open'])
    await solo.receive(solo.frame(0, 'two'), solo.frame(1, 'next'))
    expect([await textOf(reader), await solo.conn.readText()]).toEqual(['two', 'next'])
  })

  test('is not put off by control frames that come meanwhile', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'a', false))
    const reader = await solo.conn.nextReader()
    await reader.read()
    const late = watch(reader.read({ timeout: 10 }))
    await solo.clock.advance(5)
    await solo.receive(solo.frame(9), solo.frame(10))
    await solo.clock.advance(5)
    expect(late.error).toEqual(failure('ERR_WS_TIMEOUT'))
  })

  test('by its signal loses nothing, whether it is aborted before or meanwhile', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'one ', false))
    const reader = await solo.conn.nextReader()
    const reason = new Error('enough')
    await expect(reader.read({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(await word(reader)).toBe('one ')
    const controller = new AbortController()
    const late = reader.read({ signal: controller.signal })
    controller.abort(reason)
    await expect(late).rejects.toBe(reason)
    await solo.receive(solo.frame(0, 'two'))
    expect(await textOf(reader)).toBe('two')
  })

  test('before a message has begun leaves the connection as it was', async () => {
    const solo = new Solo()
    const late = watch(solo.conn.nextReader({ timeout: 10 }))
    await solo.clock.advance(10)
    expect(late.error).toEqual(failure('ERR_WS_TIMEOUT'))
    await solo.receiveTexts('later')
    expect(await textOf(await solo.conn.nextReader())).toBe('later')
    expect(solo.clock.timerCount).toBe(0)
  })

  test.each([
    ['a negative timeout', { timeout: -1 }, RangeError],
    ['a deadline that is no Date', { deadline: 5 as unknown as Date }, TypeError],
    ['an `into` without room', { into: new Uint8Array(0) }, RangeError],
    ['an `into` that is no bytes', { into: 'xx' as unknown as Uint8Array }, TypeError],
    ['an `into` that is an array', { into: [0, 0] as unknown as Uint8Array }, TypeError],
  ])('because of %s throws at once, though a piece is here', async (_, options, kind) => {
    const solo = new Solo()
    await solo.receiveTexts('here')
    const reader = await solo.conn.nextReader()
    expect(() => reader.read(options)).toThrow(failure('ERR_WS_ARGUMENT') as Error)
    expect(() => reader.read(options)).toThrow(kind)
    expect(await word(reader)).toBe('here')
  })
})

describe('while a reader is not read', () => {
  test.each([
    [64 * KiB, undefined],
    [1, 1],
    [100, 100],
  ])(
    'no more than %d bytes and one read are held; reading goes on where it stopped',
    async (held, readBufferSize) => {
      const solo = new Solo(readBufferSize === undefined ? {} : { readBufferSize })
      const payload = counted(200 * KiB)
      const frame = solo.frame(2, payload)
      const step = Math.min(held, 10 * KiB)
      const asked = solo.conn.nextReader()
      await solo.receive(frame.subarray(0, 14))
      let at = 14
      while (!solo.transport.isPaused) {
        await solo.receive(frame.subarray(at, at + step))
        at += step
      }
      expect(at - 14).toBeLessThan(held + step + 1)
      expect(solo.held()).toBe(at - 14)
      const reader = await asked
      const pieces = [(await reader.read())!]
      expect(solo.transport.isPaused).toBe(false)
      await solo.receive(frame.subarray(at))
      for await (const piece of reader) pieces.push(piece)
      expect(Buffer.compare(Buffer.concat(pieces), payload)).toBe(0)
    },
  )

  test('a read that waits keeps the transport going', async () => {
    const solo = new Solo({ readBufferSize: 1 })
    const reader = solo.conn.nextReader()
    await solo.receive(solo.frame(1, 'a', false))
    expect(solo.transport.isPaused).toBe(true)
    const first = await word(await reader)
    expect([first, solo.transport.isPaused]).toEqual(['a', false])
    const next = word(await reader)
    await solo.receive(solo.frame(0, 'b', false))
    expect(await next).toBe('b')
    expect(solo.transport.isPaused).toBe(false)
  })

  test('the next read skips what made the transport pause, and it goes on', async () => {
    for (const next of ['readMessage', 'nextReader'] as const) {
      const solo = new Solo({ readBufferSize: 10 })
      await solo.receiveTexts('first')
      await solo.conn.nextReader()
      await solo.receive(solo.frame(2, counted(100), false))
      expect(solo.transport.isPaused).toBe(true)
      const skipping = await solo.conn.nextReader()
      const read = watch<unknown>(solo.conn[next]())
      await solo.settle()
      expect(solo.transport.isPaused).toBe(false)
      await solo.receive(solo.frame(0, counted(100)), solo.frame(1, 'x'))
      expect([read.state, await skipping.read()]).toEqual(['resolved', null])
    }
  })

  test.each(['message', 'loop', 'batch', 'push'] as const)(
    'a whole message that is waited for (%s) is read to its end, whatever its length',
    async (way) => {
      const solo = new Solo({ readBufferSize: 1000 })
      await solo.receiveTexts('first')
      expect(await textOf(await solo.conn.nextReader())).toBe('first')
      const lengths: number[] = []
      if (way === 'message') solo.conn.readMessage().then(({ byteLength }) => lengths.push(byteLength))
      if (way === 'push') solo.conn.onMessage(({ byteLength }) => void lengths.push(byteLength))
      if (way === 'loop')
        solo.conn[Symbol.asyncIterator]()
          .next()
          .then(({ value }) => lengths.push(value.byteLength))
      if (way === 'batch')
        solo.conn
          .batches()
          .next()
          .then(({ value }) => lengths.push(value[0].byteLength))
      const frame = solo.frame(2, counted(200_000))
      for (let at = 0; at < frame.length; at += 10_000) {
        await solo.receive(frame.subarray(at, at + 10_000))
        expect(solo.transport.isPaused).toBe(false)
      }
      expect(lengths).toEqual([200_000])
    },
  )

  test('messages behind it count', async () => {
    const solo = new Solo({ readBufferSize: 1000 })
    await solo.receiveTexts('first')
    const reader = await solo.conn.nextReader()
    await solo.receive(solo.frame(2, counted(500)))
    expect(solo.transport.isPaused).toBe(false)
    await solo.receive(solo.frame(2, counted(500), false))
    expect(solo.transport.isPaused).toBe(true)
    expect(await textOf(reader)).toBe('first')
    expect((await solo.conn.readMessage()).byteLength).toBe(500)
    expect(solo.transport.isPaused).toBe(false)
  })

  test('a ping waits for its pong no longer than it has to', async () => {
    const solo = new Solo({ readBufferSize: 10 })
    await solo.receiveTexts('first')
    const reader = await solo.conn.nextReader()
    await solo.receive(solo.frame(2, counted(100), false))
    expect(solo.transport.isPaused).toBe(true)
    const ping = solo.conn.ping('x')
    await solo.receive(solo.frame(0, counted(100), false), solo.frame(10, 'x'))
    expect(await ping).toBe(0)
    expect(solo.transport.isPaused).toBe(true)
    expect(await textOf(reader)).toBe('first')
    expect((await (await solo.conn.nextReader()).read())?.length).toBe(200)
  })
})

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
    test('a piece that is waited for rejects, always the same', async () => {
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

    test('what came and was not read yet comes first, unless it was a fault', async () => {
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

describe('as a stream of the web platform', () => {
  test('the rest of the message comes until its end', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'one', false))
    const reader = await solo.conn.nextReader()
    await reader.read()
    const text = new Response(reader.readable).text()
    await solo.receive(solo.frame(0, 'two ', false))
    await solo.receive(solo.frame(0, 'three'))
    expect(await text).toBe('two three')
  })

  test('nothing is read before it is asked for', async () => {
    const solo = new Solo({ readBufferSize: 1 })
    await solo.receive(solo.frame(1, 'a', false))
    const stream = (await solo.conn.nextReader()).readable
    await solo.receive(solo.frame(0, 'b', false))
    expect(solo.transport.isPaused).toBe(true)
    const reader = stream.getReader()
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('ab')
    expect(solo.transport.isPaused).toBe(false)
  })

  test.each([[true], [false]])(
    'one that is cancelled leaves the rest to be skipped (a read is pending: %s)',
    async (isPending) => {
      const solo = new Solo()
      await solo.receive(solo.frame(1, 'a', false))
      const stream = (await solo.conn.nextReader()).readable.getReader()
      await stream.read()
      const pending = isPending ? stream.read() : undefined
      await solo.settle()
      await stream.cancel()
      expect(await pending).toEqual(isPending ? { done: true, value: undefined } : undefined)
      const next = solo.conn.readText()
      await solo.receive(solo.frame(0, 'b', false))
      await solo.receive(solo.frame(0, 'c'), solo.frame(1, 'next'))
      expect(await next).toBe('next')
    },
  )

  test('it fails as reads do', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'a', false))
    const stream = (await solo.conn.nextReader()).readable.getReader()
    await stream.read()
    const read = stream.read()
    solo.transport.gone(new Error('reset'))
    await expect(read).rejects.toEqual(failure('ERR_WS_ABNORMAL_CLOSURE'))
  })
})

describe('a loop over the pieces', () => {
  test('that is left goes on later where it stopped', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'one ', false))
    const reader = await solo.conn.nextReader()
    for await (const piece of reader) {
      expect(Buffer.from(piece).toString()).toBe('one ')
      break
    }
    await solo.receive(solo.frame(0, 'two'))
    expect(await textOf(reader)).toBe('two')
  })

  test('whose iterator is returned while it waits gives its place to the next read', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'one ', false))
    const reader = await solo.conn.nextReader()
    const iterator = reader[Symbol.asyncIterator]()
    await iterator.next()
    const pending = iterator.next()
    expect(await iterator.return?.()).toEqual({ done: true, value: undefined })
    expect(await pending).toEqual({ done: true, value: undefined })
    const next = word(reader)
    await solo.receive(solo.frame(0, 'two'))
    expect(await next).toBe('two')
  })

  test('whose iterator is returned leaves a read of others alone', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'one ', false))
    const reader = await solo.conn.nextReader()
    const iterator = reader[Symbol.asyncIterator]()
    await iterator.next()
    const next = word(reader)
    await iterator.return?.()
    await solo.receive(solo.frame(0, 'two'))
    expect(await next).toBe('two')
  })
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

test('pieces go through Node’s streams too', async () => {
  const solo = new Solo()
  await solo.receive(solo.frame(1, 'one ', false))
  const stream = nodeReadable(await solo.conn.nextReader())
  expect(stream).toBeInstanceOf(Readable)
  await solo.receive(solo.frame(0, 'two'))
  expect(Buffer.concat(await stream.toArray()).toString()).toBe('one two')
})
