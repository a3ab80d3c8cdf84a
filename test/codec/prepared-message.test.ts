// Prepared messages: the same bytes as the message would have, whoever sends them, and one memory for all who do.
// RFC 6455 §5.2, §5.3 (a fresh masking key for each frame), §5.5.

import { describe, expect, test } from 'vitest'
import { formatCloseMessage } from '../../src/codec/close-payload.ts'
import { COPY_LIMIT } from '../../src/codec/encoder.ts'
import { PreparedMessage } from '../../src/codec/prepared-message.ts'
import { Protocol } from '../../src/codec/protocol.ts'
import { kernels } from '../kernel/kernels.ts'
import { sentFrames, unmasked } from './sent-frames.ts'

const roles = ['server', 'client'] as const
const argument = expect.objectContaining({ code: 'ERR_WS_ARGUMENT' }) as Error
const counted = (length: number) => new Uint8Array(length).map((_, i) => i * 7 + (i >> 8))
const letters = (length: number) => 'abcdefghijklmnopqrstuvwxyz€'.repeat(length).slice(0, length)

const sizes = [0, 1, 124, 125, 126, 127, COPY_LIMIT - 4, COPY_LIMIT - 3, COPY_LIMIT, COPY_LIMIT + 1]
for (let d = -1; d <= 1; d++) sizes.push(65_522 + d, 65_536 + d)
sizes.push(200_000)

const controls: [string, 8 | 9 | 10, Uint8Array][] = [
  ['a ping', 9, counted(4)],
  ['an empty ping', 9, new Uint8Array(0)],
  ['a ping of 125 bytes', 9, counted(125)],
  ['a pong', 10, counted(125)],
  ['a Close frame', 8, formatCloseMessage(1001, 'going away')],
  ['a Close frame with a mark', 8, formatCloseMessage(3000, '\ufeff€')],
  ['a Close frame without a code', 8, formatCloseMessage(1005)],
]

function send(protocol: Protocol, type: number, data: string | Uint8Array): void {
  if (type === 9) protocol.ping(data as Uint8Array)
  else if (type === 10) protocol.pong(data as Uint8Array)
  else if (type === 8) protocol.closeWith(data as Uint8Array)
  else protocol.send(type as 1 | 2, data)
}

describe.each(kernels.flatMap((kernel) => roles.map((role) => [role, kernel.name, kernel] as const)))(
  'a %s on the %s kernel sends',
  (role, _, kernel) => {
    /** The bytes of a prepared message, and those that the message itself has. */
    function bothWays(type: 1 | 2 | 8 | 9 | 10, data: string | Uint8Array): [Uint8Array, Uint8Array] {
      const protocol = new Protocol({ role, kernel })
      protocol.sendPrepared(new PreparedMessage(type, data))
      const plain = new Protocol({ role, kernel })
      send(plain, type, data)
      expect(protocol.isCloseSent).toBe(plain.isCloseSent)
      expect(protocol.pendingBytes).toBe(plain.pendingBytes)
      return [protocol.output(), plain.output()]
    }

    test('messages of every size as the message itself', () => {
      for (const size of sizes)
        for (const [type, data] of [
          [2, counted(size)],
          [1, letters(size)],
          [1, new TextEncoder().encode(letters(size))],
          [2, letters(size)],
        ] as const) {
          const [prepared, plain] = bothWays(type, data)
          if (Buffer.compare(unmasked(prepared), unmasked(plain)) !== 0)
            throw new Error(`type ${type} of ${size} is another frame`)
          if (role === 'server') expect(Buffer.compare(prepared, plain)).toBe(0)
        }
    })

    test.each(controls)('%s as the frame itself', (_, type, data) => {
      const [prepared, plain] = bothWays(type, data)
      expect(unmasked(prepared)).toEqual(unmasked(plain))
    })

    test('the same message again and again, for a client with a fresh key each time', () => {
      for (const size of [10, COPY_LIMIT + 1, 70_000]) {
        const prepared = new PreparedMessage(2, counted(size))
        const protocol = new Protocol({ role, kernel })
        for (let i = 0; i < 20; i++) protocol.sendPrepared(prepared)
        const frames = sentFrames(protocol.output())
        expect(frames.length).toBe(20)
        for (const { payload } of frames) expect(Buffer.compare(payload, counted(size))).toBe(0)
        const keys = new Set(frames.map(({ key }) => key))
        if (role === 'client') expect(keys.size).toBe(20)
        else expect([...keys]).toEqual([undefined])
        expect(Buffer.compare(prepared.payload, counted(size))).toBe(0)
      }
    })

    test('what was there when it was made', () => {
      for (const size of [10, 70_000]) {
        const data = counted(size)
        const prepared = new PreparedMessage(2, data)
        const protocol = new Protocol({ role, kernel })
        data.fill(1)
        protocol.sendPrepared(prepared)
        data.fill(2)
        expect(Buffer.compare(sentFrames(protocol.output())[0].payload, counted(size))).toBe(0)
      }
      const data = counted(5)
      const ping = new PreparedMessage(9, data)
      data.fill(1)
      const protocol = new Protocol({ role, kernel })
      protocol.sendPrepared(ping)
      expect(sentFrames(protocol.output())[0].payload).toEqual(counted(5))
    })

    test('nothing inside of a message, behind a Close frame, or behind the end', () => {
      const prepared = new PreparedMessage(1, 'text')
      const ping = new PreparedMessage(9, 'ping')
      const protocol = new Protocol({ role, kernel })
      protocol.sendFragment(1, counted(3), 0, 3, false, false)
      protocol.output()
      const code = (code: string) => expect.objectContaining({ code }) as Error
      expect(() => protocol.sendPrepared(prepared)).toThrow(code('ERR_WS_CONCURRENT_WRITE'))
      expect(protocol.pendingBytes).toBe(0)
      protocol.sendPrepared(ping)
      protocol.sendPrepared(new PreparedMessage(8, ''))
      protocol.output()
      for (const each of [prepared, ping, new PreparedMessage(8, '')])
        expect(() => protocol.sendPrepared(each)).toThrow(code('ERR_WS_CLOSE_SENT'))
      const aborted = new Protocol({ role, kernel })
      aborted.abort()
      expect(() => aborted.sendPrepared(prepared)).toThrow(code('ERR_WS_CLOSED'))
      expect([protocol.pendingBytes, aborted.pendingBytes]).toEqual([0, 0])
    })
  },
)

test('1,000 servers that send one large message hold one memory of it', () => {
  const prepared = new PreparedMessage(2, counted(COPY_LIMIT + 1))
  const buffers = new Set<ArrayBufferLike>()
  for (let i = 0; i < 1000; i++) {
    const protocol = new Protocol({ role: 'server' })
    protocol.sendPrepared(prepared)
    const [segment, ...more] = protocol.take()
    expect([segment.start, segment.end, more.length]).toEqual([0, COPY_LIMIT + 5, 0])
    buffers.add(segment.bytes.buffer)
    // Giving it back does not make it anybody's memory to write in.
    protocol.release([segment])
    protocol.send(2, counted(100))
  }
  expect(buffers.size).toBe(1)
  expect(Buffer.compare(prepared.frame.subarray(4), counted(COPY_LIMIT + 1))).toBe(0)
})

describe('a prepared message is refused', () => {
  test.each([
    ['a type that is none', 3, 'x'],
    ['no type', undefined, 'x'],
    ['a continuation', 0, 'x'],
    ['data that is none', 1, 5],
    ['no data', 2, undefined],
    ['an array of numbers', 2, [1, 2]],
    ['a ping of 126 bytes', 9, counted(126)],
    ['a pong whose text takes 126 bytes', 10, 'é'.repeat(63)],
    ['a Close frame of one byte', 8, Uint8Array.of(3)],
    ['a Close frame with a code that is none', 8, Uint8Array.of(3, 0xee)],
    ['a Close frame whose reason is not UTF-8', 8, Uint8Array.of(3, 0xe8, 0xff)],
    ['a Close frame with a text instead of a payload', 8, 'bye'],
  ])('for %s', (_, type, data) => {
    expect(() => new PreparedMessage(type as never, data as never)).toThrow(argument)
  })

  test.each([
    ['a bad byte', Uint8Array.of(0x61, 0xff)],
    ['a character cut at its end', Uint8Array.of(0x61, 0xe2, 0x82)],
    ['a bad byte behind 100 KB', new Uint8Array(100_001).fill(0x61, 0, 100_000).fill(0x80, 100_000)],
  ])('for a text with %s', (_, data) => {
    expect(() => new PreparedMessage(1, data)).toThrow(
      expect.objectContaining({ code: 'ERR_WS_INVALID_UTF8', closeCode: undefined, remote: false }) as Error,
    )
    expect(new PreparedMessage(2, data).payload.length).toBe(data.length)
  })
})

test('takes bytes of every kind, those it shows', () => {
  const buffer = counted(20).buffer
  const shared = new SharedArrayBuffer(4)
  new Uint8Array(shared).set([1, 2, 3, 4])
  for (const [data, expected] of [
    [buffer, counted(20)],
    [new DataView(buffer, 4, 6), counted(20).subarray(4, 10)],
    [new Uint16Array(buffer, 2, 3), counted(20).subarray(2, 8)],
    [Buffer.from('buffer'), new TextEncoder().encode('buffer')],
    [shared, Uint8Array.of(1, 2, 3, 4)],
  ] as const) {
    const prepared = new PreparedMessage(2, data as Uint8Array)
    expect([...prepared.payload]).toEqual([...expected])
    expect(prepared.payload.buffer).not.toBe(buffer)
  }
})
