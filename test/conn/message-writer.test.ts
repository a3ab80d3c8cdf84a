// A message that is sent piece by piece: which frames leave, what is checked, and how a writer ends.
// RFC 6455 §5.4 (fragmentation), §5.6 (texts), §8.1.

import { describe, expect, test } from 'vitest'
import type { MessageWriter } from '../../src/conn/message-writer.ts'
import { sentFrames } from '../codec/sent-frames.ts'
import { join } from '../fuzz/frames.ts'
import { kernels } from '../kernel/kernels.ts'
import { counted, failure, watch } from './connections.ts'
import { start, words, writePieces } from './writers.ts'

const KiB = 1024
const utf8 = new TextEncoder()
const roles = ['server', 'client'] as const

describe.each(kernels.flatMap((kernel) => roles.map((role) => [role, kernel.name, kernel] as const)))(
  'a %s on the %s kernel',
  (role, _, kernel) => {
    test.each([
      [10, [], ['2:0.']],
      [10, [0], ['2:0.']],
      [10, [0, 0, 3, 0], ['2:3.']],
      [10, [4, 6], ['2:10.']],
      [10, [10], ['2:10.']],
      [10, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1], ['2:10.']],
      [10, [4, 7], ['2:4', '0:7.']],
      [10, [10, 1], ['2:10', '0:1.']],
      [10, [11], ['2:11', '0:0.']],
      [10, [4, 11], ['2:4', '0:11', '0:0.']],
      [10, [11, 4], ['2:11', '0:4.']],
      [10, [11, 11, 3, 11], ['2:11', '0:11', '0:3', '0:11', '0:0.']],
      [10, [9, 2, 9, 2], ['2:9', '0:2', '0:9', '0:2.']],
      [1, [1], ['2:1.']],
      [1, [1, 1, 1], ['2:1', '0:1', '0:1.']],
      [1, [2], ['2:2', '0:0.']],
      [125, [125], ['2:125.']],
      [126, [126], ['2:126.']],
      [4096, [4096], ['2:4096.']],
      [4096, [4097], ['2:4097', '0:0.']],
      [4096, [1, 32 * KiB, 32 * KiB + 1], ['2:1', '0:32768', '0:32769', '0:0.']],
      [100_000, [70_000, 30_000], ['2:100000.']],
      [4096, [65_535, 65_536, 200_000, 5], ['2:65535', '0:65536', '0:200000', '0:5.']],
    ])('sends with writeBufferSize %d the pieces %j in the frames %j', async (size, lengths, expected) => {
      const { solo } = start({ role, kernel, writeBufferSize: size })
      const pieces = lengths.map((length, i) => counted(length, i * 31))
      await writePieces(await solo.conn.nextWriter(2), pieces)
      await solo.settle()
      expect(words(solo)).toEqual(expected)
      const payload = join(sentFrames(solo.transport.written).map(({ payload }) => payload))
      expect(Buffer.compare(payload, join(pieces))).toBe(0)
    })

    test('sends strings and bytes in one text, wherever the bytes are cut', async () => {
      const text = 'a ä € 😀 \u{10ffff} z'
      const bytes = utf8.encode(text)
      for (const size of [1, 3, 4096]) {
        const { solo } = start({ role, kernel, writeBufferSize: size })
        for (let cut = 0; cut <= bytes.length; cut++) {
          const writer = await solo.conn.nextWriter(1)
          await writePieces(writer, ['<', bytes.subarray(0, cut), bytes.subarray(cut), 'ü>'])
        }
        const writer = await solo.conn.nextWriter(1)
        await writePieces(
          writer,
          [...bytes].map((byte) => Uint8Array.of(byte)),
        )
        await solo.settle()
        const texts = Array.from({ length: bytes.length + 1 }, () => `<${text}ü>`)
        expect(solo.sent.map((event) => event.text)).toEqual([...texts, text])
      }
    })

    test('masks every frame with a key of its own, and changes no byte of the caller', async () => {
      const { solo } = start({ role, kernel, writeBufferSize: 64 })
      const pieces = [counted(65), counted(5000), counted(70_000), counted(3)]
      await writePieces(await solo.conn.nextWriter(2), pieces)
      await solo.settle()
      const keys = sentFrames(solo.transport.written).map(({ key }) => key)
      expect(keys.length).toBe(4)
      if (role === 'server') expect(keys).toEqual([undefined, undefined, undefined, undefined])
      else expect(new Set(keys).size).toBe(4)
      for (const piece of pieces) expect(piece).toEqual(counted(piece.length))
    })
  },
)

describe('a text', () => {
  test.each([
    ['a byte that no text has', [Uint8Array.of(0x61, 0xff)]],
    ['a surrogate over two pieces', [Uint8Array.of(0xed), Uint8Array.of(0xa0, 0x80)]],
    ['a string behind half a character', [Uint8Array.of(0xe2, 0x82), 'x']],
    ['a piece that does not go on with the character', [Uint8Array.of(0xf0), Uint8Array.of(0x9f, 0x61)]],
  ])('takes nothing of a piece that makes it no UTF-8: %s', async (_, pieces) => {
    for (const writeBufferSize of [1, 4096]) {
      const { solo } = start({ writeBufferSize })
      const writer = await solo.conn.nextWriter(1)
      await writer.write('€')
      for (const piece of pieces.slice(0, -1)) await writer.write(piece)
      await expect(writer.write(pieces.at(-1)!)).rejects.toEqual(
        failure('ERR_WS_INVALID_UTF8', { remote: false, closeCode: undefined }),
      )
      // What makes it whole again is taken.
      const begun = Buffer.concat(pieces.slice(0, -1).map((piece) => Buffer.from(piece)))
      const rest = new Map([
        ['', ''],
        ['ed', '9fbf'],
        ['e282', 'ac'],
        ['f0', '9f9880'],
      ]).get(begun.toString('hex'))!
      await writer.write(Buffer.from(rest, 'hex'))
      await writer.close()
      await solo.settle()
      expect(solo.sent.map(({ text }) => text)).toEqual([
        `€${Buffer.from(begun.toString('hex') + rest, 'hex').toString()}`,
      ])
      expect(solo.conn.state).toBe('open')
    }
  })

  test('that ends inside of a character is not closed, and can be completed', async () => {
    const { solo } = start()
    const writer = await solo.conn.nextWriter(1)
    await writer.write(Uint8Array.of(0x61, 0xe2, 0x82))
    await expect(writer.close()).rejects.toEqual(failure('ERR_WS_INVALID_UTF8'))
    await expect(writer.close()).rejects.toEqual(failure('ERR_WS_INVALID_UTF8'))
    await writer.write(Uint8Array.of(0xac))
    await writer.close()
    await solo.settle()
    expect(solo.log).toEqual(['text a€'])
  })

  test('that ends inside of a character can be aborted', async () => {
    const { solo } = start()
    const writer = await solo.conn.nextWriter(1)
    await writer.write(Uint8Array.of(0xe2))
    await expect(writer.close()).rejects.toEqual(failure('ERR_WS_INVALID_UTF8'))
    writer.abort()
    await solo.conn.writeMessage('next')
    await solo.settle()
    expect(solo.log).toEqual(['text next'])
  })

  test('is not checked where checkUtf8 is off, nor is a binary message', async () => {
    const { solo } = start({ checkUtf8: false })
    await writePieces(await solo.conn.nextWriter(1), [Uint8Array.of(0xff)])
    const { solo: checked } = start()
    await writePieces(await checked.conn.nextWriter(2), [Uint8Array.of(0xff)])
    for (const one of [solo, checked]) await one.settle()
    expect([...solo.transport.written]).toEqual([0x81, 1, 0xff])
    expect([...checked.transport.written]).toEqual([0x82, 1, 0xff])
  })

  test('encodes each string by itself: a surrogate pair that is cut becomes two U+FFFD', async () => {
    const { solo } = start()
    await writePieces(await solo.conn.nextWriter(1), ['\ud83d', '\ude00', '\ud83d\ude00'])
    await solo.settle()
    expect(solo.sent[0].text).toBe('\ufffd\ufffd😀')
  })
})

describe('a piece', () => {
  test('is seen as it was at the call when it is small or masked, with copy, and where others may change it', async () => {
    for (const [role, length, copy] of [
      ['server', 10, false],
      ['server', 32 * KiB, false],
      ['server', 100_000, true],
      ['client', 100_000, false],
    ] as const) {
      const { solo } = start({ role, highWaterMark: 2 ** 20 }, true)
      const piece = counted(length)
      const writer = await solo.conn.nextWriter(2)
      const written = writer.write(piece, { copy })
      piece.fill(0)
      await written
      writer.close()
      await solo.settle()
      solo.transport.handOver()
      const payload = join(sentFrames(solo.transport.written).map(({ payload }) => payload))
      expect(Buffer.compare(payload, counted(length))).toBe(0)
    }
  })

  test('of more than 32 KiB is borrowed on a server: its promise waits until it is handed over', async () => {
    const { solo } = start({}, true)
    const writer = await solo.conn.nextWriter(2)
    const small = watch(writer.write(counted(100)))
    const large = watch(writer.write(counted(32 * KiB + 1)))
    const copied = watch(writer.write(counted(32 * KiB + 1), { copy: true }))
    const atLimit = watch(writer.write(counted(32 * KiB)))
    await solo.settle()
    const states = () => [small, large, copied, atLimit].map(({ state }) => state)
    expect(states()).toEqual(['resolved', 'pending', 'resolved', 'resolved'])
    solo.transport.handOver()
    await solo.settle()
    expect(states()).toEqual(['resolved', 'resolved', 'resolved', 'resolved'])
  })

  test('waits for a slow peer above highWaterMark, and is refused above hardLimit, which takes nothing', async () => {
    const { solo } = start({ writeBufferSize: 10, highWaterMark: 100, hardLimit: 300 }, true)
    const writer = await solo.conn.nextWriter(2)
    const writes = [90, 90, 200].map((length) => watch(writer.write(counted(length))))
    const refused = watch(writer.write(counted(1)))
    await solo.settle()
    expect(writes.map(({ state }) => state)).toEqual(['resolved', 'pending', 'pending'])
    expect(refused.error).toEqual(failure('ERR_WS_BUFFER_FULL'))
    // The message can be ended all the same.
    const closed = watch(writer.close())
    solo.transport.holds = false
    solo.transport.handOver()
    await solo.settle()
    expect([...writes, closed].map(({ state }) => state)).toEqual(Array(4).fill('resolved'))
    expect(solo.log).toEqual(['binary 380 bytes'])
  })

  test('that is none throws at once and changes nothing', async () => {
    const { solo } = start()
    const writer = await solo.conn.nextWriter(1)
    for (const bad of [undefined, null, 5, {}, [1]])
      expect(() => writer.write(bad as never)).toThrow(failure('ERR_WS_ARGUMENT') as Error)
    for (const op of [{ timeout: -1 }, { timeout: Number.NaN }, { deadline: 5 }, { signal: {} }]) {
      expect(() => writer.write('x', op as never)).toThrow(failure('ERR_WS_ARGUMENT') as Error)
      expect(() => writer.close(op as never)).toThrow(failure('ERR_WS_ARGUMENT') as Error)
    }
    await writePieces(writer, ['fine'])
    await solo.settle()
    expect(solo.log).toEqual(['text fine'])
  })

  test('that cannot be masked is not taken; the writer works again when the source has recovered', async () => {
    let isBroken = false
    const cause = new Error('no entropy')
    const random = {
      fill(bytes: Uint8Array) {
        if (isBroken) throw cause
        bytes.fill(7)
      },
    }
    const { solo } = start({ role: 'client', random, writeBufferSize: 4 })
    const writer = await solo.conn.nextWriter(1)
    // Uses up the keys that are there: the pool has 1024 of them.
    for (let i = 0; i < 1024; i++) solo.conn.writeControl(10)
    isBroken = true
    const refused = failure('ERR_WS_RANDOM_SOURCE', { cause })
    await writer.write('ab')
    await writer.write(Uint8Array.of(0xe2))
    await expect(writer.write(Uint8Array.of(0x82, 0xac, 0x61, 0x62))).rejects.toEqual(refused)
    // What is in front of a large piece must leave first.
    await expect(writer.write(Uint8Array.of(0x82, 0xac))).rejects.toEqual(refused)
    isBroken = false
    await writer.write(Uint8Array.of(0x82, 0xac))
    isBroken = true
    for (let i = 0; i < 1024; i++) solo.conn.writeControl(10)
    await expect(writer.close()).rejects.toEqual(refused)
    isBroken = false
    await writer.close()
    await solo.settle()
    expect(solo.log.filter((event) => event.startsWith('text'))).toEqual(['text ab€'])
  })
})

describe('behind its end', () => {
  test('a writer rejects with ERR_WS_WRITER_CLOSED, and nothing is sent', async () => {
    const { solo } = start()
    const closed = await solo.conn.nextWriter(1)
    await writePieces(closed, ['done'])
    const aborted = await solo.conn.nextWriter(1)
    await aborted.write('never')
    aborted.abort()
    for (const writer of [closed, aborted]) {
      await expect(writer.write('late')).rejects.toEqual(failure('ERR_WS_WRITER_CLOSED'))
      await expect(writer.close()).rejects.toEqual(failure('ERR_WS_WRITER_CLOSED'))
      writer.abort()
    }
    await solo.settle()
    expect(solo.log).toEqual(['text done'])
    expect(solo.conn.state).toBe('open')
  })
})

describe('abort()', () => {
  test('before anything was sent leaves no trace, and the next message goes', async () => {
    const { solo, pool } = start()
    const writer = await solo.conn.nextWriter(2)
    await writer.write(counted(100))
    const next = watch(solo.conn.writeMessage('next'))
    await solo.settle()
    expect([next.state, pool.out.size]).toEqual(['pending', 1])
    writer.abort(new Error('not used'))
    expect(pool.out.size).toBe(0)
    await solo.settle()
    expect(next.state).toBe('resolved')
    expect(solo.log).toEqual(['text next'])
    expect(solo.conn.state).toBe('open')
  })

  test.each(roles)('behind a part that was sent fails the connection of a %s with 1011', async (role) => {
    const { solo, pool } = start({ role, writeBufferSize: 10 })
    const writer = await solo.conn.nextWriter(2)
    await writer.write(counted(11))
    const [read, next, opened] = [
      watch(solo.conn.readMessage()),
      watch(solo.conn.writeMessage('next')),
      watch(solo.conn.nextWriter(1)),
    ]
    const cause = new Error('the file ended early')
    writer.abort(cause)
    await solo.settle()
    const error = failure('ERR_WS_WRITER_ABORTED', { cause, closeCode: 1011, remote: false })
    // What waits is not kept waiting for the end of the transport.
    expect([read.error, next.error, opened.error]).toEqual([error, error, error])
    expect(pool.out.size).toBe(0)
    await expect(writer.write('x')).rejects.toEqual(failure('ERR_WS_WRITER_CLOSED'))
    await expect(solo.conn.writeMessage('x')).rejects.toEqual(error)
    expect(words(solo)).toEqual(['2:11', '8:2.'])
    expect(solo.sentClose).toBe(1011)
    await solo.clock.advance(5000)
    expect(await solo.conn.closed).toMatchObject({ code: 1011, wasClean: false, error })
  })

  test('is what [Symbol.asyncDispose] does, and nothing behind close() or the end of the connection', async () => {
    const { asyncDispose } = Symbol as unknown as { asyncDispose: 'dispose' }
    type Disposable = MessageWriter & { dispose(): Promise<void> }
    const { solo } = start({ writeBufferSize: 10 })
    const done = (await solo.conn.nextWriter(2)) as Disposable
    await writePieces(done, [counted(11)])
    await done[asyncDispose]()
    const unused = (await solo.conn.nextWriter(2)) as Disposable
    await unused[asyncDispose]()
    await solo.settle()
    expect(solo.log).toEqual(['binary \0\x07\x0e\x15\x1c#*18?F'])
    expect(solo.conn.state).toBe('open')
    const half = (await solo.conn.nextWriter(2)) as Disposable
    await half.write(counted(11))
    await half[asyncDispose]()
    await solo.settle()
    expect(solo.sentClose).toBe(1011)
    await half[asyncDispose]()
    const { solo: closing } = start({ writeBufferSize: 10 })
    const left = (await closing.conn.nextWriter(2)) as Disposable
    await left.write(counted(11))
    closing.conn.close(4001)
    await left[asyncDispose]()
    await closing.settle()
    expect(closing.sentClose).toBe(4001)
  })
})
