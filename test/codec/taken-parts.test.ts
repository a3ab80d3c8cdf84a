// Parts of a message that are taken before it is complete: what the rest costs, whether it is taken or not.
// RFC 6455 §5.4; the ids are those of docs/bad-input.md.

import { expect, test } from 'vitest'
import { Decoder } from '../../src/codec/decoder.ts'
import type { Message } from '../../src/codec/message.ts'
import { join } from '../fuzz/frames.ts'
import { kernelWays } from '../kernel/kernels.ts'
import { frameTo } from './bad-inputs.ts'
import { growth, LINEAR } from './costs.ts'

const SMALL = frameTo('client', 0, new Uint8Array(16).fill(7))

function streamOf(fragments: number): Uint8Array {
  return join(Array.from({ length: fragments }, () => SMALL))
}

test.each(kernelWays)('%s: E9: the rest of a message comes in linear time behind a part', (_, kernel) => {
  const more = streamOf(1_000)
  // Quadratic is what copies all that came before for each fragment.
  const work = (thousands: number) => {
    const decoder = new Decoder({ role: 'client', kernel })
    decoder.push(frameTo('client', 2, Uint8Array.of(1)))
    expect(decoder.takePart()).toEqual(Uint8Array.of(1))
    for (let i = 0; i < thousands; i++) decoder.push(more.slice())
    expect(decoder.pendingBytes).toBe(16_000 * thousands)
    const [message] = decoder.push(frameTo('client', 0x80, Uint8Array.of(2))) as Message[]
    expect(message.byteLength).toBe(16_000 * thousands + 1)
  }
  expect(growth(32, work)).toBeLessThan(LINEAR)
})

test.each(kernelWays)('%s: a part that is taken has no more memory than it needs', (_, kernel) => {
  const decoder = new Decoder({ role: 'client', kernel })
  decoder.push(frameTo('client', 2, Uint8Array.of(1)))
  decoder.takePart()
  decoder.push(frameTo('client', 0, new Uint8Array(30_000)))
  expect(decoder.takePart().buffer.byteLength).toBe(30_000)
  decoder.push(streamOf(2_000))
  const part = decoder.takePart()
  expect(part.length).toBe(32_000)
  expect(part.buffer.byteLength).toBeLessThanOrEqual(64_000)
})
