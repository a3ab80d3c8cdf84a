// Short payloads at every length and alignment, where vector and word loops begin and end: nothing else is touched.
// The contract is that of src/kernel/kernel.ts; results are compared with the naive loops of test/reference.

import { describe, expect, test } from 'vitest'
import {
  CONFIG_MASKED,
  ROW_WORDS,
  SCAN_NEED_MORE,
  STATE_CONSUMED,
  STATE_ROW_COUNT,
} from '../../src/kernel/layout.ts'
import { frameBytes, join } from '../fuzz/frames.ts'
import { randomBytes } from '../fuzz/payloads.ts'
import { seeded } from '../fuzz/random.ts'
import { mask } from '../reference/mask.ts'
import { kernelWays } from './kernels.ts'
import { scanState } from './scan-streams.ts'
import { PADDINGS, utf8Result } from './utf8-cases.ts'

const LONGEST = 70
const ALIGNMENTS = 64
const GUARD = 0xc5
const KEY = 0xdeadbeef
const keyBytes = Uint8Array.of(0xef, 0xbe, 0xad, 0xde)

const isSame = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0
const lengths = Array.from({ length: LONGEST + 1 }, (_, i) => i)
const alignments = Array.from({ length: ALIGNMENTS }, (_, i) => i)

describe.each(kernelWays)('%s', (_, kernel) => {
  const source = randomBytes(seeded(3), ALIGNMENTS + LONGEST)
  const untouched = source.slice()

  test('O11: mask from every alignment to every alignment writes the payload and nothing else', () => {
    const target = new Uint8Array(3 * ALIGNMENTS + LONGEST)
    const expected = target.slice()
    for (const length of lengths) {
      for (const from of alignments) {
        const phase = (length + from) & 3
        const masked = mask(source.subarray(from, from + length), keyBytes, phase)
        for (const at of alignments) {
          const to = ALIGNMENTS + at
          target.fill(GUARD)
          expected.fill(GUARD)
          expected.set(masked, to)
          const behind = kernel.mask(source, from, target, to, length, KEY, phase)
          if (behind !== ((phase + length) & 3) || !isSame(target, expected))
            throw new Error(`${length} bytes from ${from} to ${to}`)
        }
      }
    }
    expect(isSame(source, untouched)).toBe(true)
  })

  test('O11: mask in place at every alignment and phase, also up to the last byte of a buffer', () => {
    for (const length of lengths) {
      for (const at of alignments) {
        for (const behind of [0, 1, 3, 64]) {
          const bytes = new Uint8Array(at + length + behind).fill(GUARD)
          bytes.set(source.subarray(0, length), at)
          const phase = (length + at + behind) & 3
          const expected = bytes.slice()
          expected.set(mask(bytes.subarray(at, at + length), keyBytes, phase), at)
          kernel.mask(bytes, at, bytes, at, length, KEY, phase)
          if (!isSame(bytes, expected)) throw new Error(`${length} bytes at ${at}, ${behind} behind them`)
        }
      }
    }
  })

  test.each(Object.entries(PADDINGS))(
    'O11: utf8 at every alignment reads %s and nothing beside them',
    (_, padding) => {
      // Bytes that would go on with a character, begin one, or be wrong in any text.
      const guards = [0x41, 0x80, 0xbf, 0xc3, 0xe2, 0xf0, 0xff]
      for (const length of lengths) {
        const whole = padding(length + 4)
        // Cut anywhere, so in the middle of a character too.
        const text = new Uint8Array(whole.slice(0, length))
        const expected = utf8Result(text)
        for (const at of alignments) {
          const bytes = new Uint8Array(at + length + ALIGNMENTS)
          for (const guard of guards) {
            bytes.fill(guard)
            bytes.set(text, at)
            const before = bytes.slice()
            if (kernel.utf8(bytes, at, at + length, 0) !== expected || !isSame(bytes, before))
              throw new Error(`${length} bytes at ${at} between bytes ${guard}`)
          }
        }
      }
    },
  )

  test('O11: utf8 at every alignment finds a bad last byte, whatever stands behind it', () => {
    for (const length of lengths.slice(1)) {
      for (const at of alignments) {
        for (const guard of [0x80, 0x41]) {
          const bytes = new Uint8Array(at + length + ALIGNMENTS).fill(guard)
          bytes.fill(0x61, at, at + length)
          bytes[at + length - 1] = 0xff
          expect(kernel.utf8(bytes, at, at + length, 0)).toBe(~(at + length - 1))
        }
      }
    }
  })

  /** Frames whose first payload has `length` bytes; enough of them that no kernel finds them too few. */
  function frames(length: number, masked: boolean): { wire: Uint8Array; read: Uint8Array } {
    const payloads = [length, 3, 125, LONGEST - length].map((size, i) => ({
      fin: true,
      opcode: [1, 9, 2, 2][i],
      payload: i === 0 ? new Uint8Array(size).fill(0x61) : source.subarray(0, size),
    }))
    const bytes = (key?: Uint8Array) => join(payloads.map((frame) => frameBytes({ ...frame, key })))
    const wire = bytes(masked ? keyBytes : undefined)
    if (!masked) return { wire, read: wire }
    // As on the wire, with the payloads unmasked.
    const read = join(
      payloads.map((frame) => {
        const whole = frameBytes({ ...frame, key: keyBytes })
        whole.set(frame.payload, whole.length - frame.payload.length)
        return whole
      }),
    )
    return { wire, read }
  }

  test.each([['masked'], ['unmasked']])(
    'O11: scan of %s frames at every alignment unmasks their payloads and writes nothing else',
    (how) => {
      const isMasked = how === 'masked'
      for (const length of lengths) {
        const { wire, read } = frames(length, isMasked)
        for (const at of alignments) {
          const bytes = new Uint8Array(at + wire.length + ALIGNMENTS).fill(GUARD)
          const expected = bytes.slice()
          bytes.set(wire, at)
          expected.set(read, at)
          const state = scanState(isMasked ? CONFIG_MASKED : 0)
          const status = kernel.scan(bytes, at, at + wire.length, state)
          if (
            status !== SCAN_NEED_MORE ||
            state[STATE_CONSUMED] !== wire.length ||
            state[STATE_ROW_COUNT] !== 4
          )
            throw new Error(`${length} bytes at ${at}: status ${status}`)
          if (!isSame(bytes, expected)) throw new Error(`${length} bytes at ${at}`)
        }
      }
    },
  )

  test('O11: scan of a frame that the end of the bytes cuts leaves its part and what is behind it as they are', () => {
    const { wire, read } = frames(LONGEST, true)
    const last = frameBytes({ fin: true, opcode: 2, payload: source, key: keyBytes })
    for (let cut = 1; cut < last.length; cut++) {
      const at = cut % ALIGNMENTS
      const end = at + wire.length + cut
      const bytes = new Uint8Array(end + ALIGNMENTS).fill(GUARD)
      const expected = bytes.slice()
      bytes.set(join([wire, last.subarray(0, cut)]), at)
      expected.set(join([read, last.subarray(0, cut)]), at)
      const state = scanState(CONFIG_MASKED)
      expect(kernel.scan(bytes, at, end, state)).toBe(SCAN_NEED_MORE)
      expect(isSame(bytes, expected)).toBe(true)
      const header = last.length - source.length
      expect(state[STATE_ROW_COUNT]).toBe(cut < header ? 4 : 5)
      if (cut >= header) expect(kernel.rows[4 * ROW_WORDS + 2]).toBe(cut - header)
    }
  })
})
