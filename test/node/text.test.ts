// The text codec of Node gives what the portable one gives, for every string and every place.
// RFC 6455 §5.6: text is UTF-8; a lone surrogate is sent as U+FFFD.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TextCodec } from '../../src/codec/ports.ts'
import { portableText } from '../../src/codec/text-codec.ts'
import { nodeText } from '../../src/node/text.ts'

const CANARY = 0xc5

/** Any units, lone surrogates included; mostly ASCII, or not at all. */
const strings = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.array(fc.nat(0xffff), { maxLength: 60 }).map((units) => String.fromCharCode(...units)),
  fc
    .array(fc.integer({ min: 0xd7f0, max: 0xe010 }), { maxLength: 60 })
    .map((units) => String.fromCharCode(...units)),
)

/** The bytes that the codec writes at `at`, with some room behind; what is around must stay. */
function encode(codec: TextCodec, text: string, at: number): Uint8Array {
  const target = new Uint8Array(at + text.length * 3 + 10).fill(CANARY)
  const written = codec.encodeInto(text, target, at)
  expect(target.subarray(0, at).every((byte) => byte === CANARY)).toBe(true)
  expect(target.subarray(at + written).every((byte) => byte === CANARY)).toBe(true)
  return target.slice(at, at + written)
}

describe.each([
  ['of Node', nodeText],
  ['of every runtime', portableText],
])('the text codec %s', (_, codec) => {
  test('encodes as TextEncoder does, and knows the length before', () => {
    const encoder = new TextEncoder()
    fc.assert(
      fc.property(strings, fc.nat(20), (text, at) => {
        const expected = encoder.encode(text)
        expect(codec.byteLength(text)).toBe(expected.length)
        expect(Buffer.compare(encode(codec, text, at), expected)).toBe(0)
      }),
      { numRuns: 3000 },
    )
  })

  test('decodes what it encodes, from the middle of other bytes', () => {
    fc.assert(
      fc.property(strings, fc.nat(20), (text, at) => {
        const wellFormed = text.replace(/\p{Surrogate}/gu, '\ufffd')
        const bytes = encode(codec, text, 0)
        const around = new Uint8Array(at + bytes.length + 5).fill(CANARY)
        around.set(bytes, at)
        const isAscii = bytes.every((byte) => byte < 0x80)
        expect(codec.decode(around, at, at + bytes.length, isAscii)).toBe(wellFormed)
        expect(codec.decode(around, at, at + bytes.length, false)).toBe(wellFormed)
      }),
      { numRuns: 3000 },
    )
  })

  test.each([0, 1, 23, 24, 25, 26, 1000, 100_000])('takes ASCII of %d units', (length) => {
    const text = 'abcdefghij'.repeat(length / 10 + 1).slice(0, length)
    const bytes = encode(codec, text, 3)
    expect([codec.byteLength(text), bytes.length]).toEqual([length, length])
    expect(codec.decode(bytes, 0, length, true)).toBe(text)
  })

  test('a character that is not ASCII at any place of a short text is no hindrance', () => {
    for (let length = 1; length < 30; length++) {
      for (let place = 0; place < length; place++) {
        const text = `${'a'.repeat(place)}é${'b'.repeat(length - place - 1)}`
        expect(Buffer.from(encode(codec, text, 1)).toString()).toBe(text)
      }
    }
  })

  test('a leading U+FEFF is kept', () => {
    const bytes = encode(codec, '\ufeffx', 0)
    expect([...bytes]).toEqual([0xef, 0xbb, 0xbf, 0x78])
    expect(codec.decode(bytes, 0, 4, false)).toBe('\ufeffx')
  })

  test('a text that fills its target to the last byte is written whole', () => {
    for (const text of ['é', '€€', '😀'.repeat(20), 'a'.repeat(30), `${'a'.repeat(40)}€`]) {
      const length = Buffer.byteLength(text)
      const target = new Uint8Array(length)
      expect(codec.encodeInto(text, target, 0)).toBe(length)
      expect(Buffer.from(target).toString()).toBe(text)
    }
  })
})
