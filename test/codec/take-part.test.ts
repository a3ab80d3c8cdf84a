// A message that is taken in parts while it arrives: parts and rest are the message, however its bytes were cut.
// RFC 6455 §5.4; limits and checks are those of the whole message.

import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Decoder, type DecoderOptions } from '../../src/codec/decoder.ts'
import type { DecoderEvent } from '../../src/codec/events.ts'
import { Message } from '../../src/codec/message.ts'
import type { Kernel } from '../../src/kernel/kernel.ts'
import { frameBytes, join } from '../fuzz/frames.ts'
import { type Program, randomProgram } from '../fuzz/programs.ts'
import { kernels, kernelWays } from '../kernel/kernels.ts'
import { decodeAll } from '../reference/decode.ts'
import type { PlainEvent } from '../reference/events.ts'
import { difference, plainEvent } from './plain-events.ts'

const key = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d)
const utf8 = new TextEncoder()

type Role = 'server' | 'client'

function frame(role: Role, opcode: number, payload: string | Uint8Array, fin = true): Uint8Array {
  const bytes = typeof payload === 'string' ? utf8.encode(payload) : payload
  return frameBytes({ fin, opcode, payload: bytes, key: role === 'server' ? key : undefined })
}

/** Takes parts of what a decoder is pushed, and puts them in front of the rest again. */
class Taking {
  readonly decoder: Decoder
  readonly events: PlainEvent[] = []
  /** Of the message at hand, and whether any was taken. */
  private parts: Uint8Array[] = []
  private type = 0
  /** The most bytes that were held behind a push. */
  held = 0
  taken = 0

  constructor(kernel: Kernel, options: DecoderOptions) {
    this.decoder = new Decoder({ ...options, kernel })
  }

  push(bytes: Uint8Array, takes = true, lends = false): void {
    const add = (event: DecoderEvent) => this.add(event)
    if (lends) this.decoder.pushEach(bytes, add)
    else for (const event of this.decoder.push(bytes)) add(event)
    if (takes) this.take()
  }

  take(): void {
    this.held = Math.max(this.held, this.decoder.pendingBytes)
    const { partType, pendingBytes } = this.decoder
    const part = this.decoder.takePart()
    expect([part.length, this.decoder.pendingBytes]).toEqual([pendingBytes, 0])
    if (part.length === 0) return
    expect(partType).toBeGreaterThan(0)
    expect(this.parts.length === 0 || this.type === partType).toBe(true)
    this.type = partType
    this.taken += part.length
    this.parts.push(part)
  }

  private add(event: DecoderEvent): void {
    if (!Message.isMessage(event)) {
      const data = 'data' in event ? event.data.slice() : undefined
      this.events.push(data === undefined ? plainEvent(event) : { type: event.type, data })
      return
    }
    if (this.parts.length === 0) {
      const plain = plainEvent(event)
      this.events.push({ ...plain, data: plain.data!.slice() })
      return
    }
    expect(event.type).toBe(this.type)
    const data = join([...this.parts, event.data])
    this.parts = []
    const plain: PlainEvent = { type: event.type, data }
    if (event.type === 1) {
      try {
        plain.text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data)
      } catch {
        plain.text = undefined
      }
    }
    this.events.push(plain)
  }
}

describe.each(kernelWays)('on the kernel %s', (_, kernel) => {
  describe.each([['server'], ['client']] as const)('for a %s', (role) => {
    const stream = join([
      frame(role, 1, 'plain ', false),
      frame(role, 0, '', false),
      frame(role, 9, 'ping'),
      frame(role, 0, 'ASCII'),
      frame(role, 1, 'wide: ä€', false),
      frame(role, 0, Uint8Array.of(0xf0, 0x9f), false),
      frame(role, 10, ''),
      frame(role, 0, Uint8Array.of(0x98), false),
      frame(role, 0, Uint8Array.of(0x80, 0x21)),
      frame(role, 2, '', false),
      frame(role, 0, ''),
      frame(
        role,
        2,
        Uint8Array.from({ length: 200 }, (_, i) => i),
      ),
      frame(role, 1, 'behind'),
      frame(role, 8, Uint8Array.of(3, 0xe8)),
    ])
    const expected = decodeAll(stream, { role })

    test('parts and rest are the message, at every cut', () => {
      expect(expected.length).toBe(8)
      for (let cut = 0; cut <= stream.length; cut++) {
        for (const lends of [false, true]) {
          const taking = new Taking(kernel, { role })
          taking.push(stream.slice(0, cut), true, lends)
          taking.push(stream.slice(cut), true, lends)
          expect([cut, difference(expected, taking.events)]).toEqual([cut, undefined])
        }
      }
    })

    test('byte by byte, taken behind every one, every second, every seventh of them', () => {
      for (const step of [1, 2, 7]) {
        const taking = new Taking(kernel, { role })
        for (let at = 0; at < stream.length; at++)
          taking.push(stream.slice(at, at + 1), at % step === 0, at % 3 === 0)
        expect([step, difference(expected, taking.events)]).toEqual([step, undefined])
        expect(taking.taken).toBeGreaterThan(30)
      }
    })
  })

  describe('limits and checks are those of the whole message:', () => {
    const faultOf = (taking: Taking) => {
      const last = taking.events.at(-1)!
      return last.type === 0 ? [last.error, last.closeCode, last.offset] : undefined
    }

    test.each([
      ['its bytes', { readLimit: 10 }, ['ERR_WS_MESSAGE_TOO_BIG', 1009, 22]],
      ['its fragments', { maxFragments: 2 }, ['ERR_WS_TOO_MANY_FRAGMENTS', 1008, 22]],
    ])('%s', (_, limits, fault) => {
      const taking = new Taking(kernel, { role: 'server', ...limits })
      for (const fin of [false, false, true])
        taking.push(frame('server', taking.taken === 0 ? 2 : 0, 'fives', fin))
      expect(faultOf(taking)).toEqual(fault)
      expect([taking.taken, taking.decoder.pendingBytes, taking.decoder.takePart().length]).toEqual([
        10, 0, 0,
      ])
    })

    test('a message of exactly the limit passes, and the next one counts anew', () => {
      const taking = new Taking(kernel, { role: 'server', readLimit: 15, maxFragments: 3 })
      for (let i = 0; i < 9; i++) taking.push(frame('server', i % 3 === 0 ? 2 : 0, 'fives', i % 3 === 2))
      expect(taking.events.map(({ type, data }) => [type, data?.length])).toEqual(Array(3).fill([2, 15]))
    })

    test.each<[string, Uint8Array[], number]>([
      ['a byte that begins nothing', [Uint8Array.of(0x61, 0xff)], 7],
      [
        'a character cut by a part and gone on with wrongly',
        [Uint8Array.of(0xe2, 0x82), Uint8Array.of(0x41)],
        14,
      ],
      ['a surrogate over three parts', [Uint8Array.of(0xed), Uint8Array.of(0xa0), Uint8Array.of(0x80)], 13],
      ['a character that does not end', [Uint8Array.of(0x61), Uint8Array.of(0xe2, 0x82)], 15],
    ])('%s, by its offset', (_, payloads, offset) => {
      const bytes = payloads.map((payload, i) =>
        frame('server', i === 0 ? 1 : 0, payload, i === payloads.length - 1),
      )
      const expected = decodeAll(join(bytes), { role: 'server' })
      for (const step of [1, 3, 100]) {
        const taking = new Taking(kernel, { role: 'server' })
        const stream = join(bytes)
        for (let at = 0; at < stream.length; at += step) taking.push(stream.slice(at, at + step))
        expect(faultOf(taking)).toEqual(['ERR_WS_INVALID_UTF8', 1007, expected[0].offset])
        expect(expected[0].offset).toBe(offset)
      }
    })
  })

  test('the rest of a text that was cut inside of a character is no text by itself', () => {
    const decoder = new Decoder({ role: 'server', kernel })
    decoder.push(frame('server', 1, Uint8Array.of(0x61, 0xe2), false))
    decoder.takePart()
    const [rest] = decoder.push(frame('server', 0, Uint8Array.of(0x82, 0xac, 0x62)))
    expect(() => (rest as Message).text()).toThrow(
      expect.objectContaining({ code: 'ERR_WS_INVALID_UTF8' }) as Error,
    )
    const [next] = decoder.push(frame('server', 1, 'ä'))
    expect((next as Message).text()).toBe('ä')
  })

  test('there is no part between messages, before the first byte, and behind a fault or a Close', () => {
    const decoder = new Decoder({ role: 'server', kernel })
    expect([decoder.partType, decoder.takePart().length]).toEqual([0, 0])
    decoder.push(frame('server', 1, 'abc').subarray(0, 6))
    expect([decoder.partType, decoder.takePart().length]).toEqual([1, 0])
    expect(decoder.push(frame('server', 1, 'abc').subarray(6)).length).toBe(1)
    expect([decoder.partType, decoder.takePart().length]).toEqual([0, 0])
    decoder.push(join([frame('server', 2, 'abc', false), frame('server', 8, '')]))
    expect([decoder.partType, decoder.takePart().length, decoder.takePart().length]).toEqual([2, 3, 0])
    const faulty = new Decoder({ role: 'server', kernel })
    faulty.push(join([frame('server', 2, 'abc', false), frame('server', 3, '')]))
    expect(faulty.takePart().length).toBe(0)
  })

  test('many small fragments that wait behind a part cost their bytes, not their square', () => {
    const decoder = new Decoder({ role: 'server', kernel, maxFragments: Number.POSITIVE_INFINITY })
    decoder.push(frame('server', 2, 'first', false))
    decoder.takePart()
    const read = join(Array.from({ length: 8000 }, () => frame('server', 0, 'x', false)))
    const { set } = Uint8Array.prototype
    let copied = 0
    Uint8Array.prototype.set = function (source, at) {
      copied += source.length
      set.call(this, source, at)
    }
    try {
      for (let i = 0; i < 5; i++) decoder.push(read.slice())
    } finally {
      Uint8Array.prototype.set = set
    }
    expect(decoder.takePart().length).toBe(40_000)
    expect(copied).toBeLessThan(2_000_000)
  })
})

describe.each(kernels)('on the $name kernel', (kernel) => {
  describe.each([['server'], ['client']] as const)('for a %s', (role) => {
    test.each([
      [15_000, 4000],
      [20_000, 1000],
      [70_000, 16_384],
      [200_000, 65_536],
      [300_000, 40_000],
      [300_000, 33_333],
    ])('frames of %d bytes in reads of %d', (length, step) => {
      const payload = Uint8Array.from({ length }, (_, i) => (i * 31) >>> 3)
      const text = utf8.encode('Wörter €, 🦧. '.repeat(length / 20))
      const stream = join([
        frame(role, 2, payload.subarray(0, 5000), false),
        frame(role, 9, 'p'),
        frame(role, 0, payload.subarray(5000), false),
        frame(role, 0, payload),
        frame(role, 1, text),
        frame(role, 2, payload),
      ])
      const expected = decodeAll(stream, { role })
      for (const every of [1, 2, 3, 5]) {
        const taking = new Taking(kernel, { role })
        // In buffers of their own, as those of a socket: large parts stay in them.
        for (let at = 0, i = 0; at < stream.length; at += step, i++)
          taking.push(stream.slice(at, at + step), i % every === 0, i % 2 === 1)
        expect([every, difference(expected, taking.events)]).toEqual([every, undefined])
        expect(taking.taken).toBeGreaterThan(0)
      }
    })
  })

  test('bytes that stay the caller’s are not changed, and parts do not change with them', () => {
    const payload = Uint8Array.from({ length: 100_000 }, (_, i) => i)
    const bytes = frame('server', 2, payload)
    const decoder = new Decoder({ role: 'server', kernel })
    const read = bytes.slice(0, 60_000)
    decoder.push(read, { keep: true })
    expect(Buffer.compare(read, bytes.subarray(0, 60_000))).toBe(0)
    const part = decoder.takePart()
    read.fill(0)
    const [rest] = decoder.push(bytes.slice(60_000))
    expect(Buffer.compare(join([part, (rest as Message).data]), payload)).toBe(0)
  })

  test.each([
    ['an undamaged stream', false],
    ['a damaged stream', true],
  ])('%s has the events of the reference, whatever is taken when', { timeout: 120_000 }, (_, damaged) => {
    const programs: fc.Arbitrary<Program> = fc
      .gen()
      .map((choose) => randomProgram((max) => choose(fc.nat, { max }), damaged))
    fc.assert(
      fc.property(programs, fc.array(fc.nat(3), { minLength: 1, maxLength: 8 }), (program, ways) => {
        const { bytes, cuts, options } = program
        const taking = new Taking(kernel, options)
        for (let i = 0; i <= cuts.length; i++) {
          const way = ways[i % ways.length]
          const read = bytes.slice(i === 0 ? 0 : cuts[i - 1], cuts[i])
          taking.push(read, (way & 1) === 0, (way & 2) === 0)
        }
        // The parts of a message that a fault ended are nobody's.
        expect(difference(decodeAll(bytes, options), taking.events)).toBeUndefined()
      }),
      { numRuns: 700 },
    )
  })

  test('a message larger than any memory goes through in bounded memory', () => {
    const taking = new Taking(kernel, { role: 'client', readLimit: Number.POSITIVE_INFINITY })
    const total = 200 * 1024 * 1024
    const header = Uint8Array.of(0x82, 127, 0, 0, 0, 0, total >>> 24, total >>> 16, total >>> 8, total)
    const decoder = taking.decoder
    decoder.push(header)
    const read = new Uint8Array(65_536)
    const before = process.memoryUsage().arrayBuffers
    let [taken, held, grown, sum] = [0, 0, 0, 0]
    for (let at = 0; at < total - read.length; at += read.length) {
      read[0] = at >>> 16
      decoder.push(read, { keep: true })
      held = Math.max(held, decoder.pendingBytes)
      const part = decoder.takePart()
      taken += part.length
      sum += part[0]
      // What was given out is garbage, which is collected when it likes.
      if (at % (read.length * 256) === 0) grown = Math.max(grown, process.memoryUsage().arrayBuffers - before)
    }
    const [rest] = decoder.push(read)
    expect([held, taken + (rest as Message).byteLength]).toEqual([65_536, total])
    expect(sum).toBe(Array.from({ length: 3199 }, (_, i) => i & 255).reduce((a, b) => a + b))
    expect(grown).toBeLessThan(100 * 1024 * 1024)
  })
})
