// A message that is read by its pieces while it arrives: what comes when, and how a reader holds the peer back.
// RFC 6455 §5.4; gorilla/websocket's NextReader.

import { Buffer } from 'node:buffer'
import { describe, expect, test } from 'vitest'
import type { MessageReader } from '../../src/conn/message-reader.ts'
import { counted, Solo, watch } from './connections.ts'
import { textOf, word } from './pieces.ts'

const KiB = 1024

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
