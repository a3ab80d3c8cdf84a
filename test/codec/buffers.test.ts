// Bytes in every kind of memory that an application may give: views of other widths, resizable and detached buffers.
// What is no Uint8Array is refused; what may change under the codec is copied before it is judged (docs/bad-input.md).

import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { Decoder } from '../../src/codec/decoder.ts'
import { Encoder } from '../../src/codec/encoder.ts'
import type { Message } from '../../src/codec/message.ts'
import { Protocol } from '../../src/codec/protocol.ts'
import { frameBytes, join } from '../fuzz/frames.ts'
import { kernels } from '../kernel/kernels.ts'
import { decodeAll } from '../reference/decode.ts'

type Resizable = ArrayBuffer & { resize(length: number): void }
const ResizableBuffer = ArrayBuffer as unknown as new (
  length: number,
  options: { maxByteLength: number },
) => Resizable

const roles = ['server', 'client'] as const
const key = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d)
const peerOf = (role: 'server' | 'client') => (role === 'server' ? 'client' : 'server')
const argument = { code: 'ERR_WS_ARGUMENT' }
const counted = (length: number, from = 0) => new Uint8Array(length).map((_, i) => from + i * 7)
const isSame = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0

/** A frame as the peer of `role` writes it. */
function frameTo(role: 'server' | 'client', opcode: number, payload: Uint8Array, fin = true): Uint8Array {
  return frameBytes({ fin, opcode, payload, key: role === 'server' ? key : undefined })
}

/** `bytes` in a new buffer of its own, with room behind them. */
function inBuffer<B extends ArrayBufferLike>(buffer: B, bytes: Uint8Array): B {
  new Uint8Array(buffer).set(bytes)
  return buffer
}

function detach(buffer: ArrayBuffer): void {
  structuredClone(buffer, { transfer: [buffer] })
}

/** The payload of the one data frame that `output`, of a connection in this role, holds. */
function payloadOf(output: Uint8Array, role: 'server' | 'client'): Uint8Array {
  const events = decodeAll(output, { role: peerOf(role), readLimit: 2 ** 30 })
  expect(events.map(({ type }) => type)).toEqual([2])
  return events[0].data!
}

/** No bytes, or bytes in elements of another width; each made over the 64 bytes of `buffer`. */
const strangers: [string, (buffer: ArrayBuffer) => unknown][] = [
  ['a DataView', (buffer) => new DataView(buffer)],
  ['a Uint16Array', (buffer) => new Uint16Array(buffer)],
  ['a Float64Array', (buffer) => new Float64Array(buffer)],
  ['a BigInt64Array', (buffer) => new BigInt64Array(buffer)],
  ['an ArrayBuffer', (buffer) => buffer],
  ['a SharedArrayBuffer', () => new SharedArrayBuffer(64)],
  ['an array of numbers', (buffer) => [...new Uint8Array(buffer)]],
  ['an object with a length', () => ({ length: 64 })],
  ['a number', () => 64],
  ['null', () => null],
  ['undefined', () => undefined],
]

describe.each(kernels)('on the $name kernel', (kernel) => {
  const received = join([frameTo('client', 2, counted(30)), frameTo('client', 2, counted(30))])

  test.each([...strangers, ['a string', () => 'x'.repeat(64)] as const])(
    'O1: %s as received bytes is a TypeError, and no byte of the stream is lost',
    (_, make) => {
      const stranger = () => make(received.slice().buffer) as Uint8Array
      const decoder = new Decoder({ role: 'client', kernel })
      const protocol = new Protocol({ role: 'client', kernel })
      for (const call of [
        () => decoder.push(stranger()),
        () => decoder.push(stranger(), { keep: true }),
        () => decoder.pushEach(stranger(), () => {}),
        () => protocol.receive(stranger()),
      ]) {
        expect(call).toThrow(TypeError)
        expect(call).toThrow(expect.objectContaining(argument) as Error)
      }
      expect(decoder.push(received.slice()).length).toBe(2)
      expect(protocol.receive(received.slice()).length).toBe(2)
    },
  )

  test.each(roles)(
    'O1: anything but a Uint8Array as a payload of a %s is a TypeError, encoded is nothing',
    (role) => {
      for (const [what, make] of strangers) {
        const stranger = make(counted(64).buffer) as Uint8Array
        const protocol = new Protocol({ role, kernel })
        const encoder = new Encoder({ role, kernel })
        const calls: [string, () => unknown][] = [
          ['send text', () => protocol.send(1, stranger)],
          ['send binary', () => protocol.send(2, stranger)],
          ['closeWith', () => protocol.closeWith(stranger)],
          ['frame', () => encoder.frame(0x82, stranger, 0, 4, false)],
          ['large frame', () => encoder.frame(0x82, stranger, 0, 4, true)],
        ]
        if (stranger !== undefined)
          calls.push(['ping', () => protocol.ping(stranger)], ['pong', () => protocol.pong(stranger)])
        for (const [name, call] of calls) {
          expect(call, `${name} of ${what}`).toThrow(TypeError)
          expect(call, `${name} of ${what}`).toThrow(expect.objectContaining(argument) as Error)
        }
        expect([protocol.pendingBytes, encoder.pendingBytes]).toEqual([0, 0])
      }
    },
  )

  test('O1: a Buffer of the pool is worked on within its bounds only', () => {
    for (const role of roles) {
      const payload = counted(300)
      const around = Buffer.allocUnsafeSlow(1000).fill(0xc5)
      const stream = join([
        frameTo(role, 2, payload),
        frameTo(role, 9, counted(20)),
        frameTo(role, 2, payload),
      ])
      for (const from of [0, 1, 3, 8, 63]) {
        around.fill(0xc5)
        const piece = around.subarray(from, from + stream.length)
        piece.set(stream)
        const events = new Decoder({ role, kernel }).push(piece)
        expect(events.map((event) => isSame((event as Message).data, payload))).toEqual([true, false, true])
        const outside = join([around.subarray(0, from), around.subarray(from + stream.length)])
        expect(outside.every((octet) => octet === 0xc5)).toBe(true)
      }
    }
  })

  test('O1: a Uint8Array of another realm is one', () => {
    const foreign = (bytes: Uint8Array) =>
      runInNewContext('Uint8Array.from(bytes)', { bytes: [...bytes] }) as Uint8Array
    for (const role of roles) {
      const events = new Decoder({ role, kernel }).push(foreign(frameTo(role, 2, counted(500))))
      expect(isSame((events[0] as Message).data, counted(500))).toBe(true)
      const protocol = new Protocol({ role, kernel })
      protocol.send(2, foreign(counted(500)))
      expect(isSame(payloadOf(protocol.output(), role), counted(500))).toBe(true)
    }
  })

  test.each(roles)('O2: a %s reads a view that follows its resizable buffer as long as it is now', (role) => {
    const stream = frameTo(role, 2, counted(400))
    for (const length of [stream.length - 1, stream.length, stream.length + 1]) {
      const buffer = inBuffer(
        new ResizableBuffer(length + 50, { maxByteLength: 1000 }),
        stream.subarray(0, length),
      )
      const view = new Uint8Array(buffer)
      buffer.resize(length)
      const decoder = new Decoder({ role, kernel })
      const events = decoder.push(view)
      expect(events.length).toBe(length < stream.length ? 0 : 1)
      if (length < stream.length) events.push(...decoder.push(stream.slice(length)))
      buffer.resize(0)
      expect(isSame((events[0] as Message).data, counted(400))).toBe(true)
    }
  })

  test('O2: a view whose buffer has shrunk below it holds nothing, and the stream goes on', () => {
    const buffer = new ResizableBuffer(100, { maxByteLength: 100 })
    const view = new Uint8Array(buffer, 8, 50)
    buffer.resize(20)
    expect([view.length, view.byteOffset]).toEqual([0, 0])
    const decoder = new Decoder({ role: 'client', kernel })
    expect(decoder.push(view)).toEqual([])
    expect(decoder.push(frameTo('client', 2, counted(5))).length).toBe(1)
    const encoder = new Encoder({ role: 'server', kernel })
    expect(() => encoder.frame(0x82, view, 8, 50, false)).toThrow(expect.objectContaining(argument) as Error)
    expect(encoder.pendingBytes).toBe(0)
  })

  test.each(roles)(
    'O2: a message of a %s has the bytes it had when it was sent, also if its memory shrinks',
    (role) => {
      for (const length of [10, 300, 40_000, 100_000]) {
        const buffer = inBuffer(new ResizableBuffer(length, { maxByteLength: length }), counted(length))
        const protocol = new Protocol({ role, kernel })
        protocol.send(2, new Uint8Array(buffer))
        new Uint8Array(buffer).fill(0)
        buffer.resize(5)
        expect(isSame(payloadOf(protocol.output(), role), counted(length))).toBe(true)
      }
    },
  )

  test('O2: a buffer that the random source shrinks or detaches is sent as it was or not at all', () => {
    for (const length of [20, 300, 1000, 70_000]) {
      for (const way of ['shrinks', 'detaches'] as const) {
        const buffer = inBuffer(new ResizableBuffer(length, { maxByteLength: length }), counted(length))
        const random = {
          fill: (bytes: Uint8Array) => {
            bytes.fill(1)
            if (way === 'shrinks') buffer.resize(5)
            else detach(buffer)
          },
        }
        const protocol = new Protocol({ role: 'client', kernel, random })
        let isSent = true
        try {
          protocol.send(2, new Uint8Array(buffer))
        } catch {
          isSent = false
        }
        if (isSent) expect(isSame(payloadOf(protocol.output(), 'client'), counted(length))).toBe(true)
        else expect(protocol.pendingBytes).toBe(0)
      }
    }
  })

  test('O3: a detached buffer is no message and harms nothing', () => {
    for (const role of roles) {
      const gone = counted(50)
      detach(gone.buffer as ArrayBuffer)
      const decoder = new Decoder({ role, kernel })
      decoder.push(frameTo(role, 2, counted(9)).subarray(0, 5).slice())
      expect(decoder.push(gone)).toEqual([])
      expect(decoder.push(gone, { keep: true })).toEqual([])
      const [message] = decoder.push(frameTo(role, 2, counted(9)).slice(5))
      expect(isSame((message as Message).data, counted(9))).toBe(true)
      const protocol = new Protocol({ role, kernel })
      for (const call of [
        () => protocol.send(1, gone),
        () => protocol.send(2, gone),
        () => protocol.ping(gone),
      ]) {
        expect(call).toThrow(TypeError)
        expect(call).toThrow(expect.objectContaining(argument) as Error)
      }
      const encoder = new Encoder({ role, kernel })
      expect(() => encoder.frame(0x82, gone, 0, 50, true)).toThrow(expect.objectContaining(argument) as Error)
      expect([protocol.pendingBytes, encoder.pendingBytes]).toEqual([0, 0])
    }
  })

  test.each(roles)('O3: the memory of a message that a %s got may be transferred away at once', (role) => {
    const letters = new Uint8Array(700).fill(0x61)
    const stream = join([frameTo(role, 2, counted(20_000)), frameTo(role, 1, letters)])
    for (const step of [13, 1000]) {
      const decoder = new Decoder({ role, kernel })
      const whole = join([stream, stream, stream])
      let count = 0
      for (let at = 0; at < whole.length; at += step) {
        for (const event of decoder.push(whole.slice(at, at + step))) {
          const { data } = event as Message
          expect(isSame(data, count++ % 2 === 0 ? counted(20_000) : letters)).toBe(true)
          detach(data.buffer as ArrayBuffer)
        }
      }
      expect(count).toBe(6)
    }
  })

  test('O3: a message that shares a read with a part of a large one may be transferred away', () => {
    for (const role of roles) {
      const large = counted(400_000)
      for (const fin of [true, false]) {
        const stream = join([
          frameTo(role, 2, counted(9)),
          frameTo(role, 2, large, fin),
          frameTo(role, 9, counted(5)),
          ...(fin ? [] : [frameTo(role, 0, counted(70_000))]),
        ])
        const decoder = new Decoder({ role, kernel })
        const whole = fin ? large : join([large, counted(70_000)])
        let isRight = false
        for (let at = 0; at < stream.length; at += 65_536) {
          for (const event of decoder.push(stream.slice(at, at + 65_536))) {
            const { data } = event as Message
            if (data.length > 9) isRight = isSame(data, whole)
            detach(data.buffer as ArrayBuffer)
          }
        }
        expect(isRight).toBe(true)
      }
    }
  })

  test.each([
    ['start', Number.NaN, 5],
    ['end', 0, Number.NaN],
    ['start', -1, 5],
    ['start', 2 ** 32 + 1, 2 ** 32 + 5],
    ['end', 1, 2 ** 32 + 5],
    ['end', 0, 2 ** 53],
    ['start', 2 ** 53, 2 ** 53],
    ['start', -(2 ** 32), 5],
    ['end', 0, Number.POSITIVE_INFINITY],
    ['start', 1.5, 5],
    ['start', '1', 5],
    ['end', 1, '5'],
    ['start', null, 5],
    ['end', 0, undefined],
    ['end', 0, 65],
    ['end', 5, 4],
  ])('O5: a payload whose %s is none, from %s to %s of 64 bytes, is a RangeError', (_, start, end) => {
    for (const role of roles) {
      const encoder = new Encoder({ role, kernel })
      for (const borrow of [false, true]) {
        const call = () => encoder.frame(0x82, counted(64), start as number, end as number, borrow)
        expect(call).toThrow(RangeError)
        expect(call).toThrow(expect.objectContaining(argument) as Error)
      }
      expect(encoder.pendingBytes).toBe(0)
      encoder.frame(0x82, counted(64), 60, 64, false)
      expect(encoder.pendingBytes).toBe(role === 'server' ? 6 : 10)
    }
  })
})
