// A message reader beside other reads: what was not read is skipped, and a read that gives up takes nothing away.
// RFC 6455 §5.4; gorilla/websocket's NextReader.

import { Buffer } from 'node:buffer'
import { describe, expect, test } from 'vitest'
import type { MessageReader } from '../../src/conn/message-reader.ts'
import { counted, failure, Solo, watch } from './connections.ts'
import { textOf, word } from './pieces.ts'

const KiB = 1024

describe('what was not read', () => {
  test('N7: is skipped by the next reader, and the stale one gives null', async () => {
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

  test('N7: is not gathered while the next read waits', async () => {
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
        return reader.read()
      },
      'ERR_WS_TIMEOUT',
    ],
    [
      'by the deadline of all reads',
      (reader, solo) => {
        solo.conn.setReadDeadline(new Date(Date.now() + 10))
        return reader.read()
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
    solo.conn.setReadTimeout(null)
    solo.conn.setReadDeadline(null)
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
