// Slabs stand in the kernel's memory as long as it has some: shared by all copies of the library, and never given twice.
// The encoder's own use of them is tested in encoder-slabs.test.ts.

import { describe, expect, test } from 'vitest'
import { Encoder } from '../../src/codec/encoder.ts'
import { SLAB_BYTES, SlabPool } from '../../src/codec/slab.ts'
import { jsKernel } from '../../src/kernel/js.ts'
import { OUTGOING_BYTES, OUTGOING_PTR } from '../../src/kernel/layout.ts'
import { createWasmKernel } from '../../src/kernel/wasm.ts'
import { join } from '../fuzz/frames.ts'
import { decodeAll } from '../reference/decode.ts'

const SLABS = OUTGOING_BYTES / SLAB_BYTES

describe('the slabs of a pool', () => {
  test('of the wasm kernel lie in its outgoing memory first, then anywhere', () => {
    const kernel = createWasmKernel()
    const pool = new SlabPool(kernel)
    const slabs = [pool.current]
    while (slabs.length < SLABS + 3) slabs.push(pool.next())
    const inside = slabs.filter(({ bytes }) => bytes === kernel.memory)
    expect(inside.length).toBe(SLABS)
    expect(inside.map(({ start }) => start).sort((a, b) => a - b)).toEqual(
      Array.from({ length: SLABS }, (_, i) => OUTGOING_PTR + i * SLAB_BYTES),
    )
    for (const { start, end } of slabs) expect(end - start).toBe(SLAB_BYTES)
  })

  test('of two copies of the library on one kernel have no byte in common', () => {
    const kernel = createWasmKernel()
    const pools = [new SlabPool(kernel), new SlabPool(kernel)]
    const starts = pools.flatMap((pool) =>
      Array.from({ length: SLABS }, () => pool.next()).flatMap(({ bytes, start }) =>
        bytes === kernel.memory ? [start] : [],
      ),
    )
    expect(new Set(starts).size).toBe(starts.length)
  })

  test('of the js kernel are memory of their own', () => {
    const { current } = new SlabPool(jsKernel)
    expect([current.start, current.bytes.length]).toEqual([0, SLAB_BYTES])
  })
})

test('a client whose slabs are in the kernel sends what it sends without', () => {
  const random = { fill: (bytes: Uint8Array) => bytes.fill(0x5a) }
  const sent = [createWasmKernel(), jsKernel].map((kernel) => {
    const encoder = new Encoder({ role: 'client', kernel, random })
    const parts: Uint8Array[] = []
    for (let round = 0; round < 60; round++) {
      for (let length = 0; length < 700; length += 1 + (round % 7)) {
        const payload = new Uint8Array(length + 9).map((_, i) => i * 7 + round)
        encoder.frame(0x82, payload, round % 9, (round % 9) + length, false)
      }
      encoder.textFrame(0x81, 'aé日🙂'.repeat(round))
      const segments = encoder.take()
      parts.push(...segments.map(({ bytes, start, end }) => bytes.slice(start, end)))
      // Late by one round, so that the slabs change places.
      if (round % 2 === 1) encoder.release(segments)
    }
    return join(parts)
  })
  expect(Buffer.compare(sent[0], sent[1])).toBe(0)
  const events = decodeAll(sent[0], { role: 'server', readLimit: 2 ** 30 })
  expect(events.every(({ type }) => type === 1 || type === 2)).toBe(true)
})
