// The payload of a Close frame: what we make, what we refuse to make, and how a received one is judged.
// RFC 6455 §5.5.1, §7.4; IANA's registry for 1012 to 1014.

import { describe, expect, test } from 'vitest'
import { formatCloseMessage, isSendableCloseCode, parseClosePayload } from '../../src/codec/close-payload.ts'
import { portableText } from '../../src/codec/text-codec.ts'
import { kernels } from '../kernel/kernels.ts'

const argument = expect.objectContaining({ code: 'ERR_WS_ARGUMENT' })

test('G2, G3: every code of 16 bits may be sent or not, by the table of §7.4', () => {
  const sendable: number[] = []
  for (let code = 0; code < 65_536; code++) if (isSendableCloseCode(code)) sendable.push(code)
  const expected = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014]
  for (let code = 3000; code < 5000; code++) expected.push(code)
  expect(sendable).toEqual(expected)
})

describe('formatCloseMessage', () => {
  test('places the code in network byte order and the reason in UTF-8 behind it', () => {
    expect([...formatCloseMessage(1000)]).toEqual([0x03, 0xe8])
    expect([...formatCloseMessage(4999, 'é€')]).toEqual([0x13, 0x87, 0xc3, 0xa9, 0xe2, 0x82, 0xac])
    expect([...formatCloseMessage(1001, '\ud800')]).toEqual([0x03, 0xe9, 0xef, 0xbf, 0xbd])
  })

  test('makes the empty payload of 1005', () => {
    expect([...formatCloseMessage(1005)]).toEqual([])
    expect(() => formatCloseMessage(1005, 'reason')).toThrow(argument)
  })

  test('G5: takes 123 bytes of reason and no more', () => {
    expect(formatCloseMessage(1000, 'x'.repeat(123)).length).toBe(125)
    expect(formatCloseMessage(1000, '€'.repeat(41)).length).toBe(125)
    for (const reason of ['x'.repeat(124), '€'.repeat(42), `${'€'.repeat(41)}x`]) {
      expect(() => formatCloseMessage(1000, reason)).toThrow(RangeError)
      expect(() => formatCloseMessage(1000, reason)).toThrow(argument)
    }
  })

  test.each([
    0,
    999,
    1004,
    1006,
    1015,
    2999,
    5000,
    65_536 + 1000,
    -1000,
    1000.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ])('G5: refuses the code %d', (code) => {
    expect(() => formatCloseMessage(code)).toThrow(RangeError)
    expect(() => formatCloseMessage(code)).toThrow(argument)
  })

  test('G5, G6: refuses arguments of other types', () => {
    for (const [code, reason] of [['1000'], [null], [1000, 5], [1000, null], [1000, new Uint8Array(3)]]) {
      expect(() => formatCloseMessage(code as number, reason as string)).toThrow(TypeError)
      expect(() => formatCloseMessage(code as number, reason as string)).toThrow(argument)
    }
  })
})

describe.each(kernels)('parseClosePayload on the $name kernel', (kernel) => {
  /** Judges a payload that stands in the middle of other bytes; its header begins at 100, the payload at 106. */
  function parse(...payload: number[]) {
    const bytes = Uint8Array.of(0xff, 0xff, ...payload, 0xff)
    return parseClosePayload(bytes, 2, 2 + payload.length, 100, 106, kernel, portableText)
  }

  test('gives code and reason', () => {
    expect(parse(0x03, 0xe8)).toEqual({ type: 8, code: 1000, reason: '' })
    expect(parse(0x0b, 0xb8, 0xe2, 0x82, 0xac)).toEqual({ type: 8, code: 3000, reason: '€' })
    expect(parse(0x03, 0xe9, 0xef, 0xbb, 0xbf, 0x61)).toEqual({ type: 8, code: 1001, reason: '\ufeffa' })
  })

  test('G13: gives 1005 for an empty payload', () => {
    expect(parse()).toEqual({ type: 8, code: 1005, reason: '' })
  })

  test('G1: finds one byte to be too few', () => {
    expect(() => parse(0x03)).toThrow(
      expect.objectContaining({ code: 'ERR_WS_CLOSE_PAYLOAD', closeCode: 1002, remote: true, offset: 100 }),
    )
  })

  test.each([0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535])('G2: refuses the code %d', (code) => {
    expect(() => parse(code >> 8, code & 255)).toThrow(
      expect.objectContaining({ code: 'ERR_WS_CLOSE_CODE', closeCode: 1002, remote: true, offset: 100 }),
    )
  })

  test.each([
    ['a bad byte', [0x61, 0x62, 0xff, 0x63], 110],
    ['a surrogate', [0xed, 0xa0, 0x80], 109],
    ['a character that is cut', [0x61, 0xe2, 0x82], 111],
  ])('G4: refuses a reason with %s, and tells where', (_, reason, offset) => {
    expect(() => parse(0x03, 0xe8, ...reason)).toThrow(
      expect.objectContaining({ code: 'ERR_WS_INVALID_UTF8', closeCode: 1007, remote: true, offset }),
    )
  })

  test('reads what formatCloseMessage makes', () => {
    for (const [code, reason] of [
      [1000, ''],
      [1013, 'try again'],
      [4000, '€'.repeat(41)],
    ] as const) {
      expect(parse(...formatCloseMessage(code, reason))).toEqual({ type: 8, code, reason })
    }
  })
})
