// The memory of outgoing frames, which all encoders of a realm share: no byte of one encoder's output changes before it
// is released, whatever the others write, take and release meanwhile; and released memory is used again.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Encoder } from '../../src/codec/encoder.ts'
import type { Segment } from '../../src/codec/ports.ts'
import { SLAB_BYTES } from '../../src/codec/slab.ts'
import { join } from '../fuzz/frames.ts'
import { decodeAll } from '../reference/decode.ts'

const BINARY = 0x82

/** Written by one encoder: `number` tells it from all others. */
function payload(number: number, length: number): Uint8Array {
  return new Uint8Array(length).fill(number & 255)
}

function bytesOf(segments: readonly Segment[]): Uint8Array {
  return join(segments.map(({ bytes, start, end }) => bytes.subarray(start, end)))
}

/** An encoder, what it has encoded, and what of it is on its way out. */
class Writer {
  readonly role: 'server' | 'client'
  readonly encoder: Encoder
  private pending: Uint8Array[] = []
  private urgent: Uint8Array[] = []
  private readonly taken: { segments: Segment[]; bytes: Uint8Array }[] = []

  constructor(role: 'server' | 'client') {
    this.role = role
    this.encoder = new Encoder({ role })
  }

  write(data: Uint8Array, asText: boolean): void {
    if (asText) this.encoder.textFrame(BINARY, Buffer.from(data).toString('latin1'))
    else this.encoder.frame(BINARY, data, 0, data.length, false)
    this.pending.push(asText ? Buffer.from(Buffer.from(data).toString('latin1'), 'utf8') : data)
  }

  /** A control frame, which passes what waits for a slow peer. */
  writeUrgent(data: Uint8Array): void {
    this.encoder.urgentFrame(BINARY, data)
    if (this.encoder.isSlow) this.urgent.push(data)
    else this.pending.push(data)
  }

  /** What is taken is what was written. */
  take(): void {
    const segments = this.encoder.take()
    const bytes = bytesOf(segments)
    const events = decodeAll(bytes, { role: this.role === 'client' ? 'server' : 'client' })
    const expected = [...this.urgent, ...this.pending]
    expect(events.length).toBe(expected.length)
    events.forEach(({ data }, i) => {
      if (Buffer.compare(data!, expected[i]) !== 0)
        throw new Error('encoded bytes changed before they were taken')
    })
    this.pending = []
    this.urgent = []
    if (segments.length > 0) this.taken.push({ segments, bytes })
  }

  /** What is released is still what was taken. */
  release(index: number): void {
    if (this.taken.length === 0) return
    const [{ segments, bytes }] = this.taken.splice(index % this.taken.length, 1)
    if (Buffer.compare(bytesOf(segments), bytes) !== 0)
      throw new Error('taken bytes changed before they were released')
    this.encoder.release(segments)
  }

  releaseAll(): void {
    this.take()
    while (this.taken.length > 0) this.release(0)
  }
}

describe('encoders that take turns', () => {
  const step = fc.record({
    writer: fc.nat(3),
    action: fc.constantFrom('write', 'write', 'text', 'urgent', 'slow', 'take', 'release'),
    length: fc.oneof(
      fc.nat(200),
      fc.nat(9000),
      fc.nat(40_000),
      fc.constantFrom(65_521, 65_522, 65_532, 65_533, 80_000),
    ),
    index: fc.nat(9),
  })

  test('never change each other’s bytes before these are released', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        const writers = (['server', 'client', 'server', 'client'] as const).map((role) => new Writer(role))
        steps.forEach(({ writer: number, action, length, index }, i) => {
          const writer = writers[number]
          if (action === 'take') writer.take()
          else if (action === 'release') writer.release(index)
          else if (action === 'slow') writer.encoder.isSlow = index % 2 === 0
          else if (action === 'urgent') writer.writeUrgent(payload(i, length % 126))
          else writer.write(payload(i, length), action === 'text')
        })
        for (const writer of writers) writer.releaseAll()
      }),
      { numRuns: 400 },
    )
  })
})

const seen: Uint8Array[] = []

/** Which memory it is, of all that were seen: slabs stand side by side in one, or each in one of its own. */
function numberOf(bytes: Uint8Array): number {
  if (!seen.includes(bytes)) seen.push(bytes)
  return seen.indexOf(bytes)
}

describe('released memory', () => {
  test('that is released twice counts once', () => {
    const [first, second] = [new Encoder({ role: 'server' }), new Encoder({ role: 'server' })]
    first.textFrame(0x81, 'first')
    second.textFrame(0x81, 'second')
    const segments = [first.take(), second.take()]
    const before = bytesOf(segments[1])
    first.release(segments[0])
    first.release(segments[0])
    for (let i = 0; i < 20; i++) {
      first.frame(BINARY, payload(0xee, 9000), 0, 9000, false)
      first.release(first.take())
    }
    expect(bytesOf(segments[1])).toEqual(before)
    second.release(segments[1])
  })

  test('is used again from its start', () => {
    const encoder = new Encoder({ role: 'server' })
    const places: string[] = []
    for (let i = 0; i < 5; i++) {
      encoder.frame(BINARY, payload(i, 1000), 0, 1000, false)
      const segments = encoder.take()
      places.push(`${segments[0].bytes.byteLength} ${segments[0].start}`)
      encoder.release(segments)
    }
    expect(new Set(places.slice(1)).size).toBe(1)
  })

  test('serves a writer who releases late with few slabs', () => {
    const encoder = new Encoder({ role: 'server' })
    const slabs = new Set<string>()
    const waiting: Segment[][] = []
    for (let i = 0; i < 2000; i++) {
      encoder.frame(BINARY, payload(i, 10_000), 0, 10_000, false)
      const segments = encoder.take()
      for (const { bytes, start } of segments)
        slabs.add(`${numberOf(bytes)} ${Math.floor(start / SLAB_BYTES)}`)
      waiting.push(segments)
      if (waiting.length > 20) encoder.release(waiting.shift()!)
    }
    for (const segments of waiting) encoder.release(segments)
    // 21 frames wait at most: four slabs full, and one on either side.
    expect(slabs.size).toBeLessThanOrEqual(6)
  })

  test('of one connection never shows in the bytes of another', () => {
    const [secret, other] = [new Encoder({ role: 'server' }), new Encoder({ role: 'server' })]
    for (let i = 0; i < 50; i++) {
      secret.frame(BINARY, new Uint8Array(5000).fill(0x53), 0, 5000, false)
      secret.release(secret.take())
      other.textFrame(0x81, 'é'.repeat(100))
      const segments = other.take()
      expect(bytesOf(segments).includes(0x53)).toBe(false)
      other.release(segments)
    }
  })
})
