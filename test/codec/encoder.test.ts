// What the encoder writes, read back by the naive decoder: every size and border, both roles, every kernel.
// RFC 6455 §5.2 (header), §5.3 (masking).

import { describe, expect, test } from 'vitest'
import { COPY_LIMIT, Encoder, type EncoderOptions } from '../../src/codec/encoder.ts'
import { portableText } from '../../src/codec/text-codec.ts'
import { nodeText } from '../../src/node/text.ts'
import { join } from '../fuzz/frames.ts'
import { kernels } from '../kernel/kernels.ts'
import { decodeAll } from '../reference/decode.ts'
import type { PlainEvent } from '../reference/events.ts'

const roles = ['server', 'client'] as const
const TEXT = 0x81
const BINARY = 0x82
const argument = expect.objectContaining({ code: 'ERR_WS_ARGUMENT' })
const counted = (length: number) => new Uint8Array(length).map((_, i) => i * 7 + (i >> 8))

/** Takes what is encoded, copies it and gives the memory back. */
function takeBytes(encoder: Encoder): Uint8Array {
  const segments = encoder.take()
  const bytes = join(segments.map(({ bytes, start, end }) => bytes.subarray(start, end)))
  encoder.release(segments)
  return bytes
}

function readBack(encoder: Encoder, role: 'server' | 'client'): PlainEvent[] {
  const pending = encoder.pendingBytes
  const bytes = takeBytes(encoder)
  expect([bytes.length, encoder.pendingBytes]).toEqual([pending, 0])
  return decodeAll(bytes, { role: role === 'client' ? 'server' : 'client', readLimit: 2 ** 30 })
}

describe.each(kernels)('on the $name kernel', (kernel) => {
  describe.each(roles)('a %s', (role) => {
    test('writes binary frames of every size that decode to the same bytes', () => {
      const encoder = new Encoder({ role, kernel })
      const sizes = Array.from({ length: 1031 }, (_, i) => i)
      for (const border of [COPY_LIMIT, 65_536]) for (let d = -20; d <= 4; d++) sizes.push(border + d)
      sizes.push(200_000)
      const source = counted(200_100)
      for (const size of sizes) {
        const start = size % 37
        encoder.frame(BINARY, source, start, start + size, true)
        const events = readBack(encoder, role)
        expect(events.length).toBe(1)
        expect(events[0].type).toBe(2)
        if (Buffer.compare(events[0].data!, source.subarray(start, start + size)) !== 0)
          throw new Error(`${size} bytes came back changed`)
      }
      expect(Buffer.compare(source, counted(200_100))).toBe(0)
    })

    test.each([
      ['the portable text codec', portableText],
      ['the text codec of Node', nodeText],
    ])('writes texts across the borders of the header with %s', (_, text) => {
      const encoder = new Encoder({ role, kernel, text })
      const lengths = [0, 1, 2, 3, 23, 24, 25, 26, 100]
      for (let length = 118; length <= 134; length++) lengths.push(length)
      // 65,522 / 3 is where a text may be too long for a slab.
      for (const border of [21_840, 65_522, 65_536]) for (let d = -8; d <= 4; d++) lengths.push(border + d)
      const texts: string[] = []
      for (const character of ['a', 'é', '€', '😀']) {
        const size = Buffer.byteLength(character)
        for (const length of lengths)
          texts.push(character.repeat(Math.floor(length / size)) + 'z'.repeat(length % size))
      }
      // The byte length is far from that of the units, whose header is tried first.
      texts.push('€'.repeat(42), '€'.repeat(125), '€'.repeat(21_845), '€'.repeat(21_846), '€'.repeat(65_535))
      for (const string of texts) encoder.textFrame(TEXT, string)
      const events = readBack(encoder, role)
      expect(events.length).toBe(texts.length)
      events.forEach((event, i) => {
        if (event.text !== texts[i]) throw new Error(`text ${i} came back changed`)
      })
    })
  })
})

describe.each(roles)('a %s', (role) => {
  test('F8: writes lone surrogates as U+FFFD, in short texts and long ones', () => {
    for (const text of [portableText, nodeText]) {
      const encoder = new Encoder({ role, text })
      const strings = ['\ud800', '\udc00', 'a\ud800b', '\udc00\ud800', '😀\ud83d', '\ud83d\ud83d\ude00']
      for (const string of [...strings]) strings.push(string.repeat(30), string.repeat(20_000))
      for (const string of strings) encoder.textFrame(TEXT, string)
      const wellFormed = strings.map((string) => string.replace(/\p{Surrogate}/gu, '\ufffd'))
      expect(readBack(encoder, role).map((event) => event.text)).toEqual(wellFormed)
    }
  })

  test('writes the first byte as it is told, fragments and control frames included', () => {
    const encoder = new Encoder({ role })
    encoder.frame(0x01, counted(3), 0, 0, false)
    encoder.frame(0x89, counted(125), 0, 125, false)
    encoder.textFrame(0x00, 'ab')
    encoder.frame(0x80, new Uint8Array(0), 0, 0, false)
    encoder.textFrame(0x88, '')
    const events = readBack(encoder, role)
    expect(events.map(({ type }) => type)).toEqual([9, 1, 8])
    expect(events[1].text).toBe('ab')
  })

  test('writes header and payload side by side, and frames one behind the other in one segment', () => {
    const encoder = new Encoder({ role })
    encoder.frame(BINARY, counted(100), 0, 100, true)
    encoder.textFrame(TEXT, 'text')
    encoder.frame(BINARY, counted(5000), 0, 5000, true)
    const segments = encoder.take()
    expect(segments.length).toBe(1)
    encoder.release(segments)
  })

  test('has nothing to take at first, and nothing twice', () => {
    const encoder = new Encoder({ role })
    expect(encoder.take()).toEqual([])
    encoder.textFrame(TEXT, 'x')
    encoder.release(encoder.take())
    expect([encoder.take().length, encoder.pendingBytes]).toEqual([0, 0])
  })
})

describe('a server', () => {
  test('masks nothing', () => {
    const encoder = new Encoder({ role: 'server' })
    encoder.frame(BINARY, Uint8Array.of(1, 2, 3), 0, 3, false)
    expect([...takeBytes(encoder)]).toEqual([0x82, 3, 1, 2, 3])
  })

  test('borrows a payload above COPY_LIMIT where it may, and says so', () => {
    const encoder = new Encoder({ role: 'server' })
    const [small, large] = [counted(COPY_LIMIT), counted(COPY_LIMIT + 1)]
    expect(encoder.frame(BINARY, small, 0, small.length, true)).toBe(false)
    expect(encoder.frame(BINARY, large, 0, large.length, false)).toBe(false)
    expect(encoder.frame(BINARY, large, 0, large.length, true)).toBe(true)
    small.fill(0)
    large[0] = 99
    const segments = encoder.take()
    expect(segments.filter(({ bytes }) => bytes === large).length).toBe(1)
    const role = 'client'
    const events = decodeAll(join(segments.map(({ bytes, start, end }) => bytes.subarray(start, end))), {
      role,
    })
    expect(events.map(({ data }) => data![0])).toEqual([0, 0, 99])
    expect(Buffer.compare(events[0].data!, counted(COPY_LIMIT))).toBe(0)
    encoder.release(segments)
  })
})

describe('a client', () => {
  const keyOf = (frame: Uint8Array) => [...frame.subarray(2, 6)]

  test('never borrows, since it masks', () => {
    const encoder = new Encoder({ role: 'client' })
    const payload = counted(100_000)
    expect(encoder.frame(BINARY, payload, 0, payload.length, true)).toBe(false)
    payload.fill(0)
    expect(Buffer.compare(readBack(encoder, 'client')[0].data!, counted(100_000))).toBe(0)
  })

  test('J4: masks every frame with a fresh key, in the order in which the source gives them', () => {
    let next = 0
    const fills: number[] = []
    const random = {
      fill(bytes: Uint8Array) {
        fills.push(bytes.length)
        for (let i = 0; i < bytes.length; i++) bytes[i] = (next++ * 131) >> 3
      },
    }
    const encoder = new Encoder({ role: 'client', random })
    for (let i = 0; i < 3000; i++) {
      if (i % 2 === 0) encoder.textFrame(TEXT, '')
      else encoder.frame(BINARY, new Uint8Array(0), 0, 0, false)
      const expected = Array.from({ length: 4 }, (_, k) => (((4 * i + k) * 131) >> 3) & 255)
      expect(keyOf(takeBytes(encoder))).toEqual(expected)
    }
    expect(fills.length).toBe(Math.ceil((3000 * 4) / fills[0]))
  })

  test('J4: draws its keys from the platform’s source by default, shared with others: none comes twice', () => {
    const encoders = [new Encoder({ role: 'client' }), new Encoder({ role: 'client' })]
    const keys = new Set<string>()
    for (let i = 0; i < 4000; i++) {
      const encoder = encoders[i % 2]
      encoder.textFrame(TEXT, '')
      keys.add(`${keyOf(takeBytes(encoder))}`)
    }
    // By chance two of 4,000 random keys are equal in one run of 500.
    expect(keys.size).toBeGreaterThanOrEqual(3998)
  })

  test('J5: encodes nothing when the source fails, and goes on when it has recovered', () => {
    let isBroken = false
    const cause = new Error('no entropy')
    const random = {
      fill(bytes: Uint8Array) {
        if (isBroken) throw cause
        bytes.fill(1)
      },
    }
    const encoder = new Encoder({ role: 'client', random })
    for (let i = 0; i < 1024; i++) encoder.textFrame(TEXT, `${i}`)
    const { pendingBytes } = encoder
    isBroken = true
    const failed = expect.objectContaining({ code: 'ERR_WS_RANDOM_SOURCE', cause, remote: false })
    expect(() => encoder.textFrame(TEXT, 'secret')).toThrow(failed)
    expect(() => encoder.textFrame(TEXT, 'secret'.repeat(20_000))).toThrow(failed)
    expect(() => encoder.frame(BINARY, counted(5), 0, 5, false)).toThrow(failed)
    expect(() => encoder.frame(BINARY, counted(100_000), 0, 100_000, false)).toThrow(failed)
    expect(encoder.pendingBytes).toBe(pendingBytes)
    isBroken = false
    encoder.textFrame(TEXT, 'last')
    const texts = readBack(encoder, 'client').map(({ text }) => text)
    expect(texts).toEqual([...Array.from({ length: 1024 }, (_, i) => `${i}`), 'last'])
  })
})

describe('misuse throws and encodes nothing:', () => {
  test.each(['peer', undefined, null])('the role %s', (role) => {
    expect(() => new Encoder({ role } as EncoderOptions)).toThrow(argument)
  })

  test.each([
    [-1, 3],
    [3, 2],
    [0, 11],
    [11, 12],
    [0.5, 3],
    [Number.NaN, 3],
    [0, Number.POSITIVE_INFINITY],
  ])('O5: the range %d to %d of ten bytes', (start, end) => {
    for (const role of roles) {
      const encoder = new Encoder({ role })
      expect(() => encoder.frame(BINARY, counted(10), start, end, false)).toThrow(argument)
      expect([encoder.pendingBytes, encoder.take().length]).toEqual([0, 0])
    }
  })
})
