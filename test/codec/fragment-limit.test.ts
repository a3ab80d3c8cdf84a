// Endless fragments: the limit on a message's frames fires at the first frame beyond it, not one early and not one late.
// RFC 6455 §5.4 allows any number, §10.4 asks for limits; the answer is 1008, empty ones count (docs/bad-input.md).

import { describe, expect, test } from 'vitest'
import { Decoder } from '../../src/codec/decoder.ts'
import type { DecoderEvent } from '../../src/codec/events.ts'
import { Protocol } from '../../src/codec/protocol.ts'
import { frameBytes, join } from '../fuzz/frames.ts'
import { kernels } from '../kernel/kernels.ts'
import { decodeAll } from '../reference/decode.ts'

type Role = 'server' | 'client'

const roles = ['server', 'client'] as const
const key = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d)
const DEFAULT = 131_072

function frameTo(role: Role, opcode: number, payload: Uint8Array, fin: boolean): Uint8Array {
  return frameBytes({ fin, opcode, payload, key: role === 'server' ? key : undefined })
}

/** What a message of `count` frames is made of: the first, those between, and a last that ends it. */
function message(role: Role, count: number, payload = new Uint8Array(0)) {
  const first = frameTo(role, 2, payload, false)
  const next = frameTo(role, 0, payload, false)
  const stream = new Uint8Array(first.length + (count - 1) * next.length)
  stream.set(first)
  for (let at = first.length; at < stream.length; at += next.length) stream.set(next, at)
  return { stream, next, last: frameTo(role, 0, payload, true) }
}

/** Takes bytes as a Decoder or a Protocol does. */
type Push = (bytes: Uint8Array) => DecoderEvent[]

/** A step that never ends beside a frame's first byte for long: 1 is every place. */
function inSteps(push: Push, bytes: Uint8Array, step: number): DecoderEvent[] {
  const events: DecoderEvent[] = []
  for (let at = 0; at < bytes.length; at += step)
    for (const event of push(bytes.slice(at, at + step))) events.push(event)
  return events
}

const fault = (offset: number) => ({
  type: 0,
  error: { code: 'ERR_WS_TOO_MANY_FRAGMENTS', closeCode: 1008, remote: true, offset },
})

describe.each(kernels)('on the $name kernel', (kernel) => {
  describe.each(roles)('a %s', (role) => {
    const limited = (maxFragments?: number) => ({ role, kernel, maxFragments })
    const decoder = (maxFragments?: number): Push => {
      const own = new Decoder(limited(maxFragments))
      return (bytes) => own.push(bytes)
    }
    const protocol = (maxFragments?: number): Push => {
      const own = new Protocol(limited(maxFragments))
      return (bytes) => own.receive(bytes)
    }
    const takers = [
      ['Decoder', decoder],
      ['Protocol', protocol],
    ] as const

    test.each(takers)('E3: %s takes messages of exactly as many frames as the limit says', (_, make) => {
      for (const limit of [2, 3, 100, 4095, 4096, 4097]) {
        for (const step of [1, 7, 65_536]) {
          const push = make(limit)
          const { stream, last } = message(role, limit - 1)
          const whole = join([stream, last, stream, last, frameTo(role, 2, new Uint8Array(1), true)])
          const events = inSteps(push, whole, step)
          expect(events).toMatchObject([
            { type: 2, byteLength: 0 },
            { type: 2, byteLength: 0 },
            { type: 2, byteLength: 1 },
          ])
        }
      }
    })

    test.each(takers)('E3: %s fails at the first frame beyond the limit, by its second byte', (_, make) => {
      for (const limit of [1, 2, 3, 100, 4095, 4096, 4097]) {
        for (const [step, size] of [
          [1, 0],
          [7, 0],
          [65_536, 0],
          [65_536, 5],
        ]) {
          const { stream, next, last } = message(role, limit, new Uint8Array(size))
          for (const beyond of [next, last]) {
            const push = make(limit)
            expect(inSteps(push, stream, step)).toEqual([])
            expect(push(beyond.slice(0, 1))).toEqual([])
            expect(push(beyond.slice(1, 2))).toMatchObject([fault(stream.length)])
            expect(push(join([beyond.subarray(2), last]))).toEqual([])
          }
        }
      }
    })

    test.each(takers)('E3: %s has 131,072 as its limit, in one read and in many', (_, make) => {
      const { stream, next, last } = message(role, DEFAULT - 1)
      for (const step of [1460, stream.length]) {
        const push = make()
        expect(inSteps(push, stream, step)).toEqual([])
        expect(push(last.slice())).toMatchObject([{ type: 2, byteLength: 0 }])
        expect(inSteps(push, stream, step)).toEqual([])
        expect(push(next.slice())).toEqual([])
        expect(push(next.slice())).toMatchObject([fault(2 * stream.length + last.length + next.length)])
        expect(push(last.slice())).toEqual([])
      }
    })

    test.each(takers)('E3: %s does not count control frames, nor the frames of other messages', (_, make) => {
      const push = make(3)
      const ping = frameTo(role, 9, new Uint8Array(5), true)
      const single = frameTo(role, 2, new Uint8Array(5), true)
      const { stream, next, last } = message(role, 1)
      const good = join([stream, ping, ping, next, ping, ping, last])
      const many = join(Array.from({ length: 50 }, () => join([good, single, single])))
      expect(push(many).map(({ type }) => type)).toEqual(
        Array.from({ length: 50 }, () => [9, 9, 9, 9, 2, 2, 2]).flat(),
      )
      const begun = join([stream, ping, next, ping, next, ping])
      expect(push(begun).map(({ type }) => type)).toEqual([9, 9, 9])
      expect(push(last.slice())).toMatchObject([{ type: 0, error: { closeCode: 1008 } }])
    })

    test('E3: a Protocol answers with one Close of 1008, behind the pongs it owes, and delivers nothing more', () => {
      const own = new Protocol(limited(10))
      const ping = frameTo(role, 9, Uint8Array.of(0x61), true)
      const single = frameTo(role, 2, Uint8Array.of(7), true)
      const { stream, next, last } = message(role, 10)
      const events = own.receive(join([single, stream, ping, next, last, single, ping]))
      expect(events.map(({ type }) => type)).toEqual([2, 9, 0])
      const peer = role === 'server' ? 'client' : 'server'
      expect(decodeAll(own.output(), { role: peer })).toMatchObject([
        { type: 10, data: Uint8Array.of(0x61) },
        { type: 8, closeCode: 1008, reason: 'too many fragments' },
      ])
      expect([own.state, own.gatheredBytes]).toEqual(['closed', 0])
      expect(own.receive(single.slice())).toEqual([])
      expect(own.output().length).toBe(0)
    })
  })
})
