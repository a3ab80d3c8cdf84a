// Peers that spend little to make the codec spend much: empty frames, tiny fragments, announcements, single bytes.
// RFC 6455 §10.4 asks for limits; within them time is linear in bytes, memory in bytes received (docs/bad-input.md).

import { describe, expect, test } from 'vitest'
import { Decoder, type DecoderOptions } from '../../src/codec/decoder.ts'
import type { DecoderEvent } from '../../src/codec/events.ts'
import type { Message } from '../../src/codec/message.ts'
import { frameBytes, join } from '../fuzz/frames.ts'
import { kernels } from '../kernel/kernels.ts'
import { growth, holding, LINEAR, NOISE } from './costs.ts'

type Role = 'server' | 'client'

const roles = ['server', 'client'] as const
const key = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d)
const KIB = 1024
const MIB = 1024 * KIB

/** A frame as the peer of `role` writes it. */
function frameTo(role: Role, opcode: number, payload: Uint8Array | string, fin = true): Uint8Array {
  const bytes = typeof payload === 'string' ? new TextEncoder().encode(payload) : payload
  return frameBytes({ fin, opcode, payload: bytes, key: role === 'server' ? key : undefined })
}

function repeated(bytes: Uint8Array, count: number): Uint8Array {
  const whole = new Uint8Array(bytes.length * count)
  whole.set(bytes)
  for (let at = bytes.length; at < whole.length; at *= 2) whole.copyWithin(at, 0, at)
  return whole
}

/** As many frames as fit into `bytes` bytes. */
const filling = (frame: Uint8Array, bytes: number) => repeated(frame, Math.floor(bytes / frame.length))

describe.each(kernels)('on the $name kernel', (kernel) => {
  describe.each(roles)('a %s', (role) => {
    const decoderOf = (options: Omit<DecoderOptions, 'role' | 'kernel'> = {}) =>
      new Decoder({ role, kernel, ...options })

    test.each([[1], [2]])('C16: a megabyte of empty frames of type %i takes time in proportion', (opcode) => {
      const empty = frameTo(role, opcode, '')
      const grown = growth(MIB / 4, (bytes) => {
        const events = decoderOf().push(filling(empty, bytes))
        if (events.length !== Math.floor(bytes / empty.length)) throw new Error(`${events.length} messages`)
      })
      expect(grown).toBeLessThan(LINEAR)
    })

    test('C16: a megabyte of empty frames leaves nothing behind', () => {
      const flood = filling(frameTo(role, 2, ''), MIB)
      const decoder = decoderOf()
      decoder.push(flood.slice(0, 60_000))
      const { bytes } = holding(() => decoder.push(flood.slice()).length)
      expect(bytes).toBeLessThan(NOISE)
    })

    test.each([
      ['text', 'in one read', 1],
      ['binary', 'in reads of one frame', 2],
    ])(
      'E4: 100,000 fragments of one byte of a %s hold no more than twice their bytes, %s',
      (_, pieces, opcode) => {
        const count = 100_000
        const links = 3
        const first = frameTo(role, opcode, 'x', false)
        const stream = join([first, repeated(frameTo(role, 0, 'x', false), count - 1)])
        const step = pieces === 'in one read' ? stream.length : first.length
        const decoders = Array.from({ length: links }, () => decoderOf({ maxFragments: count + 1 }))
        const { bytes } = holding(() => {
          for (const decoder of decoders)
            for (let at = 0; at < stream.length; at += step) decoder.push(stream.slice(at, at + step))
        })
        expect(bytes).toBeLessThan(links * (2 * count + 8 * KIB) + NOISE)
        for (const decoder of decoders) {
          const [message] = decoder.push(frameTo(role, 0, 'y')) as Message[]
          expect([message.type, message.byteLength]).toEqual([opcode, count + 1])
        }
      },
    )

    test('E4: fragments of one byte take time in proportion', () => {
      const first = frameTo(role, 1, 'x', false)
      const next = frameTo(role, 0, 'x', false)
      const grown = growth(30_000, (count) => {
        const decoder = decoderOf({ maxFragments: count + 2 })
        decoder.push(first.slice())
        for (let at = 0; at < count; at += 1000) decoder.push(repeated(next, 1000))
        expect(decoder.push(frameTo(role, 0, '')).length).toBe(1)
      })
      expect(grown).toBeLessThan(LINEAR)
    })

    test('E9: a text that comes byte by byte takes time in proportion, and is whole', () => {
      const grown = growth(64 * KIB, (length) => {
        const payload = new Uint8Array(length).map((_, i) => i % 127)
        const stream = frameTo(role, 1, payload)
        const decoder = decoderOf()
        const events: DecoderEvent[] = []
        for (let at = 0; at < stream.length; at++)
          for (const event of decoder.push(stream.subarray(at, at + 1), { keep: true })) events.push(event)
        expect(events.length).toBe(1)
        expect(Buffer.compare((events[0] as Message).data, payload)).toBe(0)
      })
      expect(grown).toBeLessThan(LINEAR)
    })

    test('E9: a megabyte that comes byte by byte, each in a buffer of its own, holds at most twice its bytes', () => {
      const payload = new Uint8Array(MIB + 5).map((_, i) => i * 7)
      const stream = frameTo(role, 2, payload)
      const decoder = decoderOf()
      const { bytes } = holding(() => {
        for (let at = 0; at < stream.length - 1; at++) decoder.push(stream.slice(at, at + 1))
      })
      expect(bytes).toBeLessThan(2 * MIB + NOISE)
      const [message] = decoder.push(stream.slice(-1)) as Message[]
      expect(Buffer.compare(message.data, payload)).toBe(0)
    })

    test.each([[1], [2]])(
      'C11: 10,000 connections that are told of 16 MiB of type %i and given a byte hold what they were given',
      (opcode) => {
        const stream = frameTo(role, opcode, new Uint8Array(16 * MIB))
        const header = stream.subarray(0, stream.length - 16 * MIB + 1)
        const links = 10_000
        const { bytes } = holding(() => {
          const decoders = Array.from({ length: links }, () => decoderOf())
          for (const decoder of decoders) expect(decoder.push(header.slice())).toEqual([])
          return decoders
        })
        // 4 KiB is the least that is gathered in; the rest are the records of a decoder.
        expect(bytes / links).toBeLessThan(6 * KIB)
      },
    )
  })
})
