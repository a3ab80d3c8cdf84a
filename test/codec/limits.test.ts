// Limits are safe integers or Infinity, never coerced, and mean exactly what they say.
// RFC 6455 §10.4.

import { expect, test } from 'vitest'
import { Decoder } from '../../src/codec/decoder.ts'
import {
  checkLimit,
  compressedLimit,
  DEFAULT_MAX_FRAGMENTS,
  DEFAULT_READ_LIMIT,
} from '../../src/codec/limits.ts'
import { frameBytes } from '../fuzz/frames.ts'

const argument = expect.objectContaining({ code: 'ERR_WS_ARGUMENT' })

test.each([0, 1, 2 ** 31, 3e9, 2 ** 32, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY])(
  'K1: %d is a limit',
  (value) => {
    expect(checkLimit('limit', value, 7)).toBe(value)
  },
)

test.each([
  [-1],
  [1.5],
  [Number.NaN],
  [Number.NEGATIVE_INFINITY],
  [2 ** 53],
  ['10'],
  [null],
  [true],
  [10n],
  [{}],
])('K1: %s is none, and the error names the limit', (value) => {
  expect(() => checkLimit('theLimit', value as number, 7)).toThrow(RangeError)
  expect(() => checkLimit('theLimit', value as number, 7)).toThrow(argument)
  expect(() => checkLimit('theLimit', value as number, 7)).toThrow(/theLimit/)
})

test('undefined gives the default', () => {
  expect(checkLimit('limit', undefined, 7)).toBe(7)
  expect([DEFAULT_READ_LIMIT, DEFAULT_MAX_FRAGMENTS]).toEqual([16 * 2 ** 20, 131_072])
})

test('a compressed message may be a little longer on the wire', () => {
  expect(compressedLimit(0)).toBe(65_536)
  expect(compressedLimit(2 ** 20)).toBe(2 ** 20 + 2 ** 10 + 2 ** 16)
  expect(compressedLimit(1023)).toBe(1023 + 65_536)
})

/** What a client makes of the header of a message that announces `length` bytes. */
function announced(length: number, readLimit: number | undefined): string | undefined {
  const decoder = new Decoder({ role: 'client', readLimit })
  const header = Uint8Array.of(0x82, 127, 0, 0, 0, 0, 0, 0, 0, 0)
  new DataView(header.buffer).setBigUint64(2, BigInt(length))
  const [event] = decoder.push(header)
  return event?.type === 0 ? event.error.code : undefined
}

test.each([
  65_536,
  DEFAULT_READ_LIMIT,
  2 ** 31 - 1,
  2 ** 31,
  3e9,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 32 + 5,
  2 ** 40,
  2 ** 53 - 2,
])('C10, K1: a read limit of %d lets a message of so many bytes pass, and not one byte more', (limit) => {
  expect(announced(limit, limit)).toBeUndefined()
  expect(announced(limit + 1, limit)).toBe('ERR_WS_MESSAGE_TOO_BIG')
})

test('C11, K1: the default read limit is 16 MiB, Infinity is none', () => {
  expect(announced(2 ** 24, undefined)).toBeUndefined()
  expect(announced(2 ** 24 + 1, undefined)).toBe('ERR_WS_MESSAGE_TOO_BIG')
  expect(announced(2 ** 53 - 1, Number.POSITIVE_INFINITY)).toBeUndefined()
})

test('E3: the fragments of a message are counted by the default of 131,072', () => {
  const decoder = new Decoder({ role: 'client' })
  const frame = (opcode: number, fin: boolean) =>
    frameBytes({ fin, opcode, payload: new Uint8Array(0), key: undefined })
  const middle = new Uint8Array(2 * (DEFAULT_MAX_FRAGMENTS - 2))
  expect(decoder.push(frame(2, false))).toEqual([])
  expect(decoder.push(middle.slice())).toEqual([])
  expect(decoder.push(frame(0, true)).map(({ type }) => type)).toEqual([2])
  decoder.push(frame(2, false))
  decoder.push(middle.slice())
  decoder.push(frame(0, false))
  expect(decoder.push(frame(0, true))).toMatchObject([
    { type: 0, error: { code: 'ERR_WS_TOO_MANY_FRAGMENTS', closeCode: 1008 } },
  ])
})
