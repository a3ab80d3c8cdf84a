// Headers of every value, cut everywhere, with lengths that nothing may be reserved for; and very many of them.
// RFC 6455 §5.2, §10.4; the ids are those of docs/bad-input.md.

import { describe, expect, test } from 'vitest'
import { Decoder } from '../../src/codec/decoder.ts'
import { Protocol } from '../../src/codec/protocol.ts'
import type { Kernel } from '../../src/kernel/kernel.ts'
import { frameBytes, join } from '../fuzz/frames.ts'
import { kernelWays } from '../kernel/kernels.ts'
import { decodeAll } from '../reference/decode.ts'
import type { PlainEvent } from '../reference/events.ts'
import { parseBytes } from '../vectors/parse-vectors.ts'
import { frameTo, headerTo, type Role } from './bad-inputs.ts'
import { growth, LINEAR } from './costs.ts'
import { feed } from './feed.ts'
import { difference, plainEvent } from './plain-events.ts'

const roles = ['server', 'client'] as const
const INFINITE = { readLimit: Number.POSITIVE_INFINITY }

/** A binary frame's header that announces `length` bytes in 64 bits, without the masking key that may follow. */
function announce(role: Role, first: number, length: number): Uint8Array {
  const header = headerTo('client', first, 127, length.toString(16).padStart(16, '0'))
  if (role === 'server') header[1] |= 0x80
  return header
}

/** The only event of these bytes, fed whole and byte by byte. */
function onlyEvent(
  kernel: Kernel,
  role: Role,
  bytes: Uint8Array,
  readLimit?: number,
): PlainEvent | undefined {
  const bytewise = Array.from({ length: bytes.length - 1 }, (_, i) => i + 1)
  const options = { role, ...(readLimit === undefined ? {} : { readLimit }) }
  const [whole, pieces] = [[], bytewise].map((cuts) => feed(kernel, { options, bytes, cuts, keep: 'none' }))
  expect(difference(whole, pieces)).toBeUndefined()
  expect(whole.length).toBeLessThanOrEqual(1)
  return whole[0]
}

describe.each(kernelWays)('%s', (_, kernel) => {
  test('C5: an unknown opcode is a fault of its second byte, whatever length follows', () => {
    const lengths = [
      '00',
      '05',
      '7d',
      '7e 0100',
      '7e ffff',
      '7f 00*4 00 01 00 00',
      '7f 00*3 01 00*4',
      '7f 7f ff*7',
    ]
    for (const role of roles) {
      for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
        for (const length of lengths) {
          const bytes = join([Uint8Array.of(0x80 | opcode), parseBytes(length), new Uint8Array(1000)])
          if (role === 'server') bytes[1] |= 0x80
          const decoder = new Decoder({ role, kernel, ...INFINITE })
          expect(decoder.push(bytes.slice(0, 1))).toEqual([])
          expect(decoder.push(bytes.slice(1, 2)).map(plainEvent)).toEqual([
            { type: 0, error: 'ERR_WS_OPCODE', closeCode: 1002, offset: 0 },
          ])
          expect(decoder.push(bytes.slice(2))).toEqual([])
          expect(decoder.pendingBytes).toBe(0)
        }
      }
    }
  })

  test('C10: a limit lets exactly its own length pass, and nothing of a long frame is taken for a short one', () => {
    for (const role of roles) {
      for (const length of [65_536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 5, 2 ** 53 - 1]) {
        const bytes = join([announce(role, 0x82, length), new Uint8Array(100)])
        expect(onlyEvent(kernel, role, bytes, length)).toBeUndefined()
        expect(onlyEvent(kernel, role, bytes, length - 1)).toMatchObject({ closeCode: 1009, offset: 0 })
      }
    }
  })

  test('C11: a frame announced beyond the limit is a fault of the last byte of its length', () => {
    for (const role of roles) {
      for (const length of [65_536, 2 ** 24 + 1, 2 ** 31, 2 ** 32, 2 ** 53]) {
        const header = announce(role, 0x81, length)
        const decoder = new Decoder({ role, kernel, readLimit: Math.min(length - 1, 2 ** 24) })
        expect(decoder.push(header.slice(0, -1))).toEqual([])
        expect(decoder.push(header.slice(-1)).map(plainEvent)).toEqual([
          { type: 0, error: 'ERR_WS_MESSAGE_TOO_BIG', closeCode: 1009, offset: 0 },
        ])
        expect(decoder.push(new Uint8Array(70_000))).toEqual([])
        expect(decoder.pendingBytes).toBe(0)
      }
    }
  })

  test('F7: a text may announce what a string can hold, a binary message more', () => {
    const limit = Number.POSITIVE_INFINITY
    for (const role of roles) {
      const beginning = (first: number, length: number) =>
        onlyEvent(kernel, role, join([announce(role, first, length), new Uint8Array(100)]), limit)
      expect(beginning(0x81, 2 ** 29 - 24)).toBeUndefined()
      expect(beginning(0x82, 2 ** 29 - 23)).toBeUndefined()
      expect(beginning(0x81, 2 ** 29 - 23)).toMatchObject({ closeCode: 1009, offset: 0 })
    }
  })

  test('C12: a header cut at any two of its bytes, or at each of them, gives the same as a whole one', () => {
    const key = Uint8Array.of(1, 2, 3, 4)
    const tail = { server: frameTo('server', 0x81, '"behind"'), client: frameTo('client', 0x81, '"behind"') }
    for (const role of roles) {
      for (const lengthBytes of [0, 2, 8] as const) {
        for (const opcode of [0x81, 0x82, 0x83]) {
          const payload = Uint8Array.of(0x61, 0x62, 0x63)
          const frame = { fin: false, opcode, payload, key: role === 'server' ? key : undefined, lengthBytes }
          const bytes = join([frameBytes(frame), tail[role]])
          const options = { role, lenientLength: true }
          const expected = decodeAll(bytes, options)
          expect(expected.length).toBe(opcode === 0x83 ? 1 : 2)
          const length = 2 + lengthBytes + (role === 'server' ? 4 : 0)
          const everywhere = Array.from({ length: length - 1 }, (_, i) => i + 1)
          const pairs = everywhere.flatMap((a) => everywhere.filter((b) => b > a).map((b) => [a, b]))
          for (const cuts of [everywhere, ...everywhere.map((at) => [at]), ...pairs]) {
            const events = feed(kernel, { options, bytes, cuts, keep: 'none' })
            expect(difference(expected, events)).toBeUndefined()
          }
        }
      }
    }
  })

  test('C13: of all faults of one header one is reported, in a reason of at most 123 bytes that lists them', () => {
    for (const role of roles) {
      for (const opened of ['', '01 "a"', '02 "a"']) {
        const [first, payload] = [Number.parseInt(opened.slice(0, 2), 16), opened.slice(3)]
        const before = opened === '' ? new Uint8Array(0) : frameTo(role, first, payload)
        for (let header = 0; header < 0x1_0000; header++) {
          // Of the lengths these are all there is to tell apart.
          if (![0, 1, 125, 126, 127].includes(header & 0x7f)) continue
          const bytes = join([before, Uint8Array.of(header >> 8, header)])
          const [expected] = decodeAll(bytes, { role })
          const our = new Protocol({ role, kernel })
          const events = our.receive(bytes)
          if (events.length > 1 || events[0]?.type !== 0) {
            expect(events.map(plainEvent)).toEqual(expected === undefined ? [] : [expected])
            continue
          }
          const { code, closeCode, offset, message } = events[0].error
          const { error } = expected
          if (code !== error || closeCode !== 1002 || offset !== before.length)
            throw new Error(`${header.toString(16)} behind ${opened}: ${code} at ${offset}, not ${error}`)
          // FIN, opcode, a length of two, the code, and the words.
          const reason = our.output().subarray(role === 'server' ? 4 : 8)
          expect(reason.length).toBeLessThanOrEqual(123)
          if (role === 'server') expect(`websocket: ${Buffer.from(reason)}`).toBe(message)
        }
      }
    }
  })

  test('C13: the reason lists every fault of the first two bytes', () => {
    const words = (role: Role, bytes: number[]) => {
      const [event] = new Decoder({ role, kernel }).push(Uint8Array.from(bytes))
      return event.type === 0 ? event.error.message : ''
    }
    const text = 'RSV1 set, RSV2 set, RSV3 set, FIN not set on control, len > 125 for control, bad MASK'
    expect(words('server', [0x79, 0x7f])).toBe(`websocket: ${text}`)
    expect(words('client', [0x70, 0x80])).toBe(
      'websocket: RSV1 set, RSV2 set, RSV3 set, continuation after FIN, bad MASK',
    )
  })

  test('C16: the time for a million empty frames grows with their number only', { timeout: 60_000 }, () => {
    for (const first of [0x82, 0x8a]) {
      const frame = frameTo('server', first)
      const read = join(Array.from({ length: Math.floor(65_536 / frame.length) }, () => frame))
      const decode = (count: number) => {
        const decoder = new Decoder({ role: 'server', kernel })
        const stream = new Uint8Array(count * frame.length)
        for (let at = 0; at < stream.length; at += read.length)
          stream.set(read.subarray(0, stream.length - at), at)
        // All events of a push are alive at once, whose collection is not the decoder's time.
        let events = 0
        for (let at = 0; at < stream.length; at += 1 << 20)
          events += decoder.push(stream.subarray(at, at + (1 << 20))).length
        expect(events).toBe(count)
      }
      expect(growth(250_000, decode)).toBeLessThan(LINEAR)
    }
  })
})
