// The linear memory of the WASM module: what may be written in it, and which pointers and lengths may reach the module.
// WebAssembly knows no bounds of objects: src/kernel/wasm.ts must keep them, and src/kernel/layout.ts has the map.

import { expect, test } from 'vitest'
import { Encoder } from '../../src/codec/encoder.ts'
import * as layout from '../../src/kernel/layout.ts'
import { createWasmKernel } from '../../src/kernel/wasm.ts'
import { feed } from '../codec/feed.ts'
import { randomBytes } from '../fuzz/payloads.ts'
import { randomProgram } from '../fuzz/programs.ts'
import { oneOf, type Pick, seeded } from '../fuzz/random.ts'
import { randomState, randomStream } from './scan-streams.ts'
import { type Calls, callsOf } from './watched-wasm.ts'

const { MAX_ROWS, MEMORY_PAGES, OUTGOING_BYTES, OUTGOING_PTR, ROW_WORDS, ROWS_PTR } = layout
const { STATE_PTR, STATE_WORDS, WINDOW_BYTES, WINDOW_PTR } = layout
const OUTGOING_END = OUTGOING_PTR + OUTGOING_BYTES
const WINDOW_END = WINDOW_PTR + WINDOW_BYTES
const MEMORY_BYTES = MEMORY_PAGES * 65_536
const ROWS_END = ROWS_PTR + MAX_ROWS * ROW_WORDS * 4
/** Constant tables of the module lie here: not ours to paint over. */
const TABLES = { from: 0x400, to: 0x1000 }
const GUARD = 0xc5

/** A kernel whose whole memory is painted, and a check that only `allowed` parts of it were written since. */
function painted() {
  const kernel = createWasmKernel()
  const { memory } = kernel
  const tables = memory.slice(TABLES.from, TABLES.to)
  const paint = () => {
    memory.fill(GUARD, 0, TABLES.from)
    memory.fill(GUARD, TABLES.to)
  }
  paint()
  const check = (allowed: readonly (readonly [from: number, to: number])[]) => {
    const expected = new Uint8Array(MEMORY_BYTES).fill(GUARD)
    expected.set(tables, TABLES.from)
    for (const [from, to] of allowed) expected.set(memory.subarray(from, to), from)
    if (Buffer.compare(memory, expected) === 0) return
    const at = memory.findIndex((octet, i) => octet !== expected[i])
    throw new Error(`a byte was written at 0x${at.toString(16)}`)
  }
  return { kernel, memory, paint, check }
}

const state: [number, number] = [STATE_PTR, STATE_PTR + STATE_WORDS * 4]

/** A stream for a scan, at most a window of it. */
function stream(pick: Pick, config: number): Uint8Array {
  const bytes = randomStream(pick, config)
  return bytes.subarray(0, oneOf(pick, [WINDOW_BYTES, WINDOW_BYTES, 1 + pick(5000), 1 + pick(90)]))
}

test('O11: a scan writes to its state, to the rows it counts, and to the bytes it was given', () => {
  const { kernel, memory, paint, check } = painted()
  for (let seed = 0; seed < 400; seed++) {
    const pick = seeded(seed)
    const record = randomState(pick)
    const bytes = stream(pick, record[layout.STATE_CONFIG])
    const { length } = bytes
    const isInPlace = pick(1) === 0
    const at = isInPlace ? pick(WINDOW_BYTES - length) : 0
    paint()
    if (isInPlace) memory.set(bytes, WINDOW_PTR + at)
    if (isInPlace) kernel.scan(memory, WINDOW_PTR + at, WINDOW_PTR + at + length, record)
    else kernel.scan(bytes.slice(), 0, length, record)
    const rows = record[layout.STATE_ROW_COUNT] * ROW_WORDS * 4
    expect(rows).toBeLessThanOrEqual(ROWS_END - ROWS_PTR)
    check([state, [ROWS_PTR, ROWS_PTR + rows], [WINDOW_PTR + at, WINDOW_PTR + at + length]])
  }
})

test('O11: mask and utf8 write to the bytes they were given, at every alignment in the memory', () => {
  const { kernel, memory, paint, check } = painted()
  const target = WINDOW_PTR + 0x8000
  for (let length = 0; length <= 70; length++) {
    for (let from = 0; from < 64; from++) {
      const to = target + ((from * 5 + length) & 63)
      kernel.mask(memory, WINDOW_PTR + from, memory, to, length, 0x12345678, from & 3)
      kernel.utf8(memory, to, to + length, 0)
      kernel.mask(memory, to, memory, to, length, 0x12345678, from & 3)
    }
  }
  // Masked twice, everything is as it was.
  check([])
  paint()
  for (const length of [100, 1000, 32_767]) {
    for (let at = 0; at < 64; at++) {
      paint()
      const end = WINDOW_END - at
      kernel.mask(memory, end - length, memory, end - length, length, 0x12345678, 0)
      check([[end - length, end]])
    }
  }
})

test('O11: payloads from outside touch no more of the memory than their length', () => {
  const { kernel, paint, check } = painted()
  for (const length of [256, 257, 1000, 5001, 65_535, 65_536]) {
    paint()
    const bytes = randomBytes(seeded(length), length + 3)
    kernel.mask(bytes, 3, new Uint8Array(length + 9), 9, length, 0xdeadbeef, 1)
    kernel.utf8(bytes, 3, length, 0)
    check([[WINDOW_PTR, WINDOW_PTR + length]])
  }
})

/** Everything the kernel is for: streams cut anywhere, frames of every size both ways, long ranges. */
function work(kernel: ReturnType<typeof createWasmKernel>): void {
  for (let seed = 0; seed < 120; seed++) feed(kernel, randomProgram(seeded(seed), seed % 2 === 1))
  const source = randomBytes(seeded(1), 200_000)
  for (const role of ['server', 'client'] as const) {
    const encoder = new Encoder({ role, kernel })
    for (const length of [0, 1, 125, 126, 300, 40_000, 65_522, 65_523, 65_536, 65_537, 199_000])
      encoder.frame(0x82, source, 7, 7 + length, false)
    encoder.textFrame(0x81, 'ä'.repeat(30_000))
    encoder.release(encoder.take())
  }
  for (const length of [WINDOW_BYTES - 1, WINDOW_BYTES, WINDOW_BYTES + 1, 3 * WINDOW_BYTES, 199_999]) {
    kernel.mask(source, 1, source, 1, length, 0xdeadbeef, 3)
    kernel.utf8(new Uint8Array(length).fill(0x61), 0, length, 0)
  }
}

test.each(['server', 'client'] as const)(
  'O11: a %s encodes in memory that was claimed, and in no other',
  (role) => {
    const { kernel, check } = painted()
    const encoder = new Encoder({ role, kernel })
    const source = randomBytes(seeded(1), 100_000)
    for (const length of [0, 1, 125, 126, 127, 300, 32_768, 32_769, 65_522, 65_523, 100_000])
      for (let from = 0; from < 20; from++) {
        encoder.frame(0x82, source, from, Math.min(100_000, from + length), true)
        encoder.textFrame(0x81, 'é'.repeat((length + from) / 4))
      }
    const claimed = kernel.outgoing?.claim(0) ?? OUTGOING_PTR
    expect(claimed).toBeGreaterThan(OUTGOING_PTR)
    // Large payloads pass the window on their way.
    check([
      [WINDOW_PTR, WINDOW_END],
      [OUTGOING_PTR, claimed === -1 ? OUTGOING_END : claimed],
    ])
  },
)

test('O7: every pointer that reaches the module lies in its window or in the outgoing bytes, with its length', () => {
  const calls: Calls = { mask: 0, utf8: 0, scan: 0 }
  const bad: string[] = []
  const check = (name: keyof Calls, pointer: number, length: number) => {
    const isWhole = Number.isInteger(pointer) && Number.isInteger(length) && length >= 0
    const isInWindow = pointer >= WINDOW_PTR && pointer + length <= WINDOW_END
    const isOutgoing = name === 'mask' && pointer >= OUTGOING_PTR && pointer + length <= OUTGOING_END
    if (!isWhole || (!isInWindow && !isOutgoing)) bad.push(`${name} of ${length} bytes at ${pointer}`)
  }
  const kernel = callsOf(createWasmKernel, (name, args, run) => {
    calls[name]++
    check(name, args[0], args[1])
    return run()
  })
  work(kernel)
  expect(bad.slice(0, 3)).toEqual([])
  for (const count of Object.values(calls)) expect(count).toBeGreaterThan(30)
})

test('O8: the memory never grows, and none of its views can be detached', () => {
  const kernel = createWasmKernel()
  const { buffer } = kernel.memory
  work(kernel)
  expect(kernel.memory.length).toBe(MEMORY_BYTES)
  expect(kernel.rows.length).toBe(MAX_ROWS * ROW_WORDS)
  expect([kernel.memory.buffer === buffer, kernel.rows.buffer === buffer]).toEqual([true, true])
  try {
    structuredClone(buffer, { transfer: [buffer as ArrayBuffer] })
  } catch {
    // A runtime may refuse it, or copy; it must not take the memory away.
  }
  expect(kernel.memory.length).toBe(MEMORY_BYTES)
})
