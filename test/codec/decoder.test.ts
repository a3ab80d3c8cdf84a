// What the decoder promises beyond its events: who owns which bytes, how much memory it takes, what its errors say.
// RFC 6455 §5, §10.4; the events themselves are tested by the vectors and by decoder-property.test.ts.

import { describe, expect, test } from 'vitest'
import { Decoder, type DecoderOptions } from '../../src/codec/decoder.ts'
import { WebSocketError } from '../../src/codec/errors.ts'
import type { DecoderEvent, FaultEvent } from '../../src/codec/events.ts'
import { Message } from '../../src/codec/message.ts'
import type { Kernel } from '../../src/kernel/kernel.ts'
import { frameBytes, join } from '../fuzz/frames.ts'
import { kernels } from '../kernel/kernels.ts'
import { parseBytes } from '../vectors/parse-vectors.ts'

const key = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d)
const frame = (opcode: number, payload: Uint8Array, masked = true, fin = true) =>
  frameBytes({ fin, opcode, payload, key: masked ? key : undefined })
const counted = (length: number) => new Uint8Array(length).map((_, i) => i * 7)

function theMessage(events: readonly DecoderEvent[]): Message {
  expect(events.length).toBe(1)
  expect(Message.isMessage(events[0])).toBe(true)
  return events[0] as Message
}

function theFault(kernel: Kernel, options: Omit<DecoderOptions, 'kernel'>, source: string): WebSocketError {
  const last = new Decoder({ ...options, kernel }).push(parseBytes(source)).at(-1) as FaultEvent
  expect(last.type).toBe(0)
  return last.error
}

describe.each(kernels)('on the $name kernel', (kernel) => {
  test('a message has its bytes as a plain Uint8Array, the same each time, and its text', () => {
    const decoder = new Decoder({ role: 'server', kernel })
    const message = theMessage(decoder.push(Buffer.from(frame(1, new TextEncoder().encode('{"ä":1}')))))
    expect(Object.getPrototypeOf(message.data)).toBe(Uint8Array.prototype)
    expect(message.data).toBe(message.data)
    expect([message.type, message.isText, message.byteLength]).toEqual([1, true, 8])
    expect(message.text()).toBe('{"ä":1}')
    expect(message.json()).toEqual({ ä: 1 })
  })

  test('a copy of a message has memory of its own, exactly as large as it is', () => {
    const message = theMessage(new Decoder({ role: 'server', kernel }).push(frame(2, counted(100))))
    const copy = message.copy()
    message.data.fill(0)
    expect([...copy.data]).toEqual([...counted(100)])
    expect(copy.data.buffer.byteLength).toBe(100)
  })

  test('the text of a binary message is decoded fatally', () => {
    const decoder = new Decoder({ role: 'client', kernel })
    expect(theMessage(decoder.push(parseBytes('82 03 "€"'))).text()).toBe('€')
    const message = theMessage(decoder.push(parseBytes('82 02 e2 82')))
    expect(() => message.text()).toThrow(expect.objectContaining({ code: 'ERR_WS_INVALID_UTF8' }))
  })

  test('messages of one chunk do not lie over each other, nor over what comes later', () => {
    const decoder = new Decoder({ role: 'server', kernel })
    const payloads = [counted(10), counted(300), counted(70_000), counted(1), counted(20_000)]
    const stream = join(payloads.map((payload) => frame(2, payload)))
    const first = decoder.push(stream.slice()) as Message[]
    const second = decoder.push(stream.slice()) as Message[]
    for (const message of second) message.data.fill(0)
    expect(first.map(({ data }) => Buffer.compare(data, counted(data.length)))).toEqual([0, 0, 0, 0, 0])
    for (let i = 0; i < first.length; i++) {
      first[i].data.fill(0)
      for (const { data } of first.slice(i + 1)) expect(Buffer.compare(data, counted(data.length))).toBe(0)
    }
  })

  test('kept bytes are not changed, and nothing delivered is a view of them', () => {
    for (const length of [0, 5, 300, 20_000, 100_000]) {
      const decoder = new Decoder({ role: 'server', kernel })
      const bytes = join([
        frame(9, counted(length % 100)),
        frame(2, counted(length)),
        frame(8, Uint8Array.of(3, 232)),
      ])
      const before = bytes.slice()
      const events = decoder.push(bytes, { keep: true })
      expect(Buffer.compare(bytes, before)).toBe(0)
      bytes.fill(0xee)
      expect(events.map(({ type }) => type)).toEqual([9, 2, 8])
      expect(Buffer.compare((events[0] as Message).data, counted(length % 100))).toBe(0)
      expect(Buffer.compare((events[1] as Message).data, counted(length))).toBe(0)
    }
  })

  test.each([100, 20_000, 100_000])('O4: shared and resizable memory is copied first: %d bytes', (length) => {
    const stream = frame(2, counted(length))
    const resizable = new (ArrayBuffer as new (length: number, options: object) => ArrayBuffer)(
      stream.length,
      {
        maxByteLength: stream.length * 2,
      },
    )
    for (const buffer of [new SharedArrayBuffer(stream.length), resizable]) {
      const bytes = new Uint8Array(buffer)
      bytes.set(stream)
      const message = theMessage(new Decoder({ role: 'server', kernel }).push(bytes))
      expect(Buffer.compare(bytes, stream)).toBe(0)
      bytes.fill(0)
      expect(Buffer.compare(message.data, counted(length))).toBe(0)
      expect(message.data.buffer).not.toBe(buffer)
    }
  })

  test('a small message keeps at most 64 KiB alive, however large the chunk was', () => {
    const decoder = new Decoder({ role: 'server', kernel })
    const small = frame(2, counted(1000))
    const messages = decoder.push(join(Array.from({ length: 500 }, () => small))) as Message[]
    expect(messages.length).toBe(500)
    for (const { data } of messages) {
      expect(data.buffer.byteLength).toBeLessThanOrEqual(65_536)
      expect(Buffer.compare(data, counted(1000))).toBe(0)
    }
  })

  test('C11: an announced length takes no memory before its bytes are there', () => {
    const header = parseBytes('82 ff 00000000 40000000 00000000  "ten bytes!"')
    const limit = { readLimit: Number.POSITIVE_INFINITY }
    const before = process.memoryUsage().arrayBuffers
    const decoders = Array.from({ length: 500 }, () => new Decoder({ role: 'server', kernel, ...limit }))
    for (const decoder of decoders) expect(decoder.push(header.slice())).toEqual([])
    // 4 KiB each for what was gathered, and some for the records.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(500 * 8192)
    expect(decoders.length).toBe(500)
  })

  test('a message that came in pieces ends in a buffer that is hardly larger', () => {
    for (const [length, step] of [
      [5000, 700],
      [300_000, 16_384],
      [1_000_000, 65_536],
    ]) {
      const decoder = new Decoder({ role: 'server', kernel })
      const stream = frame(2, counted(length))
      const events: DecoderEvent[] = []
      for (let at = 0; at < stream.length; at += step)
        events.push(...decoder.push(stream.slice(at, at + step)))
      const { data } = theMessage(events)
      expect(Buffer.compare(data, counted(length))).toBe(0)
      expect(data.buffer.byteLength).toBe(length)
    }
  })

  test('E9: a long message in thousands of pieces takes time in proportion', { timeout: 20_000 }, () => {
    const length = 4 << 20
    const stream = frame(2, counted(length))
    const decoder = new Decoder({ role: 'server', kernel })
    const events: DecoderEvent[] = []
    for (let at = 0; at < stream.length; at += 100) events.push(...decoder.push(stream.slice(at, at + 100)))
    expect(Buffer.compare(theMessage(events).data, counted(length))).toBe(0)
  })

  test('C13: an error names every fault of the header, and is the peer’s', () => {
    const error = theFault(kernel, { role: 'server' }, '81 80 00000000  f9 7f')
    expect(error).toBeInstanceOf(WebSocketError)
    expect(error).toMatchObject({ code: 'ERR_WS_RESERVED_BIT', closeCode: 1002, remote: true, offset: 6 })
    expect(error.message).toBe('websocket: RSV1 set, RSV2 set, RSV3 set, len > 125 for control, bad MASK')
    expect(theFault(kernel, { role: 'client' }, '83 80').message).toBe('websocket: bad opcode, bad MASK')
    expect(theFault(kernel, { role: 'client' }, '09 7e').message).toBe(
      'websocket: FIN not set on control, len > 125 for control',
    )
  })

  test('pushing nothing gives nothing', () => {
    const decoder = new Decoder({ role: 'client', kernel })
    const pieces = ['', '81', '', '02', '"a"', '', '"b"', '']
    const events = pieces.map((piece) => decoder.push(parseBytes(piece)))
    expect(events.map(({ length }) => length)).toEqual([0, 0, 0, 0, 0, 0, 1, 0])
  })

  test('a decoder may be fed while the events of another are handled', () => {
    const outer = new Decoder({ role: 'server', kernel })
    const inner = new Decoder({ role: 'server', kernel })
    const events = outer.push(
      join([frame(1, counted(60).fill(97)), frame(2, counted(500)), frame(9, counted(9))]),
    )
    const seen: number[] = []
    for (const event of events) {
      expect(inner.push(frame(2, new Uint8Array(200).fill(9)))).toHaveLength(1)
      seen.push((event as Message).data.length)
    }
    expect(seen).toEqual([60, 500, 9])
    expect((events[0] as Message).text()).toBe('a'.repeat(60))
    expect(Buffer.compare((events[1] as Message).data, counted(500))).toBe(0)
  })

  test('a limit of Infinity takes what the default refuses', () => {
    const header = '82 7f 00000000 01000001'
    expect(theFault(kernel, { role: 'client' }, header).code).toBe('ERR_WS_MESSAGE_TOO_BIG')
    const decoder = new Decoder({ role: 'client', kernel, readLimit: Number.POSITIVE_INFINITY })
    expect(decoder.push(parseBytes(header))).toEqual([])
  })

  test.each([-1, 1.5, Number.NaN, 2 ** 53, '10' as unknown as number])(
    'K1: a limit of %s is refused',
    (limit) => {
      for (const options of [{ readLimit: limit }, { maxFragments: limit }])
        expect(() => new Decoder({ role: 'client', kernel, ...options })).toThrow(
          expect.objectContaining({ name: 'RangeError', code: 'ERR_WS_ARGUMENT' }),
        )
    },
  )
})

test('a push that a text codec throws out of leaves no events for the next one', () => {
  const text = {
    decode: () => {
      throw new Error('boom')
    },
    byteLength: () => 0,
    encodeInto: () => 0,
  }
  const decoder = new Decoder({ role: 'client', text })
  const message = frameBytes({ fin: true, opcode: 2, payload: Uint8Array.of(1), key: undefined })
  const close = frameBytes({ fin: true, opcode: 8, payload: Uint8Array.of(3, 232, 65), key: undefined })
  expect(() => decoder.push(join([message, close]))).toThrow('boom')
  expect(decoder.push(Uint8Array.of(0))).toEqual([])
})
