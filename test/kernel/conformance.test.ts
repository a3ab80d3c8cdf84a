// One body of tests for mask and utf8 over all kernels, against the naive loops of test/reference.
// RFC 6455 §5.3 (masking) and §8.1 (UTF-8); the contract is that of src/kernel/kernel.ts.

import { describe, expect, test } from 'vitest'
import { randomBytes, randomText } from '../fuzz/payloads.ts'
import { seeded } from '../fuzz/random.ts'
import { mask } from '../reference/mask.ts'
import { kernelWays } from './kernels.ts'
import { PADDINGS, sequences, utf8Result } from './utf8-cases.ts'

const KEYS = [0, 1, 0x3d21fa37, 0x80000000, 0xffffffff, 0xdeadbeef]
const LONG = [4095, 4096, 16383, 16385, 65535, 65536, 65537, 100_001, 131_072, 131_073, 200 * 1024]

const keyBytes = (key: number) => [key & 255, (key >>> 8) & 255, (key >>> 16) & 255, key >>> 24]
const isSame = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0

describe.each(kernelWays)('%s', (way, kernel) => {
  // In its own memory only what fits there.
  const long = LONG.filter((length) => way !== 'wasm in its own memory' || length < 32_000)
  const source = randomBytes(seeded(1), 200 * 1024 + 64)

  /** Masks source bytes into a target between canaries and compares all of it with the naive loop. */
  function checkMask(
    length: number,
    from: number,
    to: number,
    key: number,
    phase: number,
    inPlace: boolean,
  ): void {
    const bytes = source.subarray(from, from + length)
    const target = new Uint8Array(to + length + 20).fill(0xc5)
    const expected = target.slice()
    expected.set(mask(bytes, keyBytes(key), phase), to)
    if (inPlace) target.set(bytes, to)
    const behind = inPlace
      ? kernel.mask(target, to, target, to, length, key, phase)
      : kernel.mask(source, from, target, to, length, key, phase)
    if (behind !== ((phase + length) & 3) || !isSame(target, expected))
      throw new Error(
        `${length} bytes from ${from} to ${to}, key ${key}, phase ${phase}, in place ${inPlace}`,
      )
  }

  test('mask: every size up to 1030 at every alignment and phase, in place', () => {
    for (let length = 0; length <= 1030; length++)
      for (let to = 0; to < 16; to++)
        for (let phase = 0; phase < 4; phase++) checkMask(length, to, to, KEYS[length % 6], phase, true)
  })

  test('mask: from every alignment to every alignment, and the source stays as it is', () => {
    const before = source.slice()
    for (const length of [
      0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 48, 63, 64, 65, 127, 255, 256, 257, 300, 1030,
    ])
      for (let from = 0; from < 16; from++)
        for (let to = 0; to < 16; to++)
          checkMask(length, from, to, KEYS[(from + to) % 6], (from * 3 + to) & 3, false)
    expect(isSame(source, before)).toBe(true)
  })

  test('mask: long payloads, in place and elsewhere', () => {
    for (const length of long)
      for (const [from, to] of [
        [0, 0],
        [1, 1],
        [3, 0],
        [0, 5],
        [7, 15],
      ])
        for (let phase = 0; phase < 4; phase++)
          for (const inPlace of [true, false]) checkMask(length, from, to, KEYS[2 + phase], phase, inPlace)
  })

  test('mask: two disjoint ranges of one buffer', () => {
    for (const length of [1, 16, 100, 255, 256, 1000]) {
      const buffer = source.slice(0, 2 * length + 3)
      const expected = buffer.slice()
      expected.set(mask(buffer.subarray(0, length), keyBytes(0xdeadbeef), 2), length + 3)
      kernel.mask(buffer, 0, buffer, length + 3, length, 0xdeadbeef, 2)
      expect(isSame(buffer, expected)).toBe(true)
      expected.set(mask(expected.subarray(length + 3), keyBytes(1), 1), 0)
      kernel.mask(buffer, length + 3, buffer, 0, length, 1, 1)
      expect(isSame(buffer, expected)).toBe(true)
    }
  })

  test('mask: a payload cut anywhere goes on with the phase that was returned', () => {
    const whole = mask(source.subarray(5, 5 + 600), keyBytes(0x3d21fa37), 1)
    for (let cut = 0; cut <= 600; cut++) {
      const target = new Uint8Array(600)
      const phase = kernel.mask(source, 5, target, 0, cut, 0x3d21fa37, 1)
      kernel.mask(source, 5 + cut, target, cut, 600 - cut, 0x3d21fa37, phase)
      if (!isSame(target, whole)) throw new Error(`cut at ${cut}`)
    }
  })

  /** Runs the automaton over `text`, which stands in a buffer between bytes that are no text. */
  function utf8(text: Uint8Array, start: number): number {
    const buffer = new Uint8Array(start + text.length + 16).fill(0xff)
    buffer.set(text, start)
    const result = kernel.utf8(buffer, start, start + text.length, 0)
    return result < 0 ? ~(~result - start) : result
  }

  /** The same in two parts. */
  function utf8InParts(text: Uint8Array, cut: number): number {
    const state = kernel.utf8(text, 0, cut, 0)
    return state < 0 ? state : kernel.utf8(text, cut, text.length, state)
  }

  test('utf8: every sequence of one and of two bytes, alone and among other characters', () => {
    for (const [before, after] of [
      [0, 0],
      [15, 20],
      [61, 3],
      [100, 100],
    ]) {
      const text = new Uint8Array(before + 2 + after).fill(0x61)
      for (let first = 0; first < 256; first++) {
        for (let second = 0; second < 256; second++) {
          text[before] = first
          text[before + 1] = second
          const expected = utf8Result(text)
          if (utf8(text, 3) !== expected)
            throw new Error(`${first} ${second} at ${before}: expected ${expected}`)
        }
        const one = text.subarray(0, before + 1)
        expect(utf8(one, 0)).toBe(utf8Result(one))
      }
    }
  })

  test('utf8: every sequence of three and four bytes from the edges of the ranges', () => {
    const edges = [
      0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed,
    ]
    edges.push(0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf7, 0xf8, 0xff)
    const tails = [0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc2, 0xff]
    for (const [before, after] of [
      [0, 0],
      [14, 18],
      [62, 40],
    ]) {
      for (const count of [3, 4]) {
        const text = new Uint8Array(before + count + after).fill(0x61)
        for (const first of edges)
          for (const second of edges)
            for (const third of edges)
              for (const fourth of count === 3 ? [0] : tails) {
                text.set(count === 3 ? [first, second, third] : [first, second, third, fourth], before)
                const expected = utf8Result(text)
                if (utf8(text, 0) !== expected)
                  throw new Error(`${[first, second, third, fourth]} at ${before}: expected ${expected}`)
              }
      }
    }
  })

  test.each(Object.entries(PADDINGS))(
    'utf8: good and bad sequences at every place in %s, and every cut',
    (_, padding) => {
      for (const sequence of sequences) {
        for (let place = 0; place <= 70; place++) {
          for (const after of [0, 5, 40, 200 - place]) {
            const text = new Uint8Array([...padding(place), ...sequence, ...padding(after)])
            const expected = utf8Result(text)
            if (utf8(text, place & 15) !== expected)
              throw new Error(`${sequence} at ${place} of ${text.length}`)
            if (after > 40) continue
            for (let cut = 0; cut <= text.length; cut++)
              if (utf8InParts(text, cut) !== expected)
                throw new Error(`${sequence} at ${place} cut at ${cut}`)
          }
        }
      }
    },
  )

  test('utf8: a character cut into single bytes, with empty parts between', () => {
    for (const sequence of sequences) {
      const text = new Uint8Array(sequence)
      let state = 0
      for (let at = 0; at < text.length && state >= 0; at++) {
        state = kernel.utf8(text, at, at + 1, kernel.utf8(text, at, at, state))
      }
      expect(state).toBe(utf8Result(text))
    }
  })

  test('utf8: long texts, whole and broken near every border', () => {
    for (const length of long) {
      for (let kind = 0; kind < 5; kind++) {
        const text = randomText(seeded(kind), length)
        expect(utf8(text, kind)).toBe(utf8Result(text))
        for (const at of [0, 1, 63, 64, length >> 1, 65534, 65535, 65536, 65537, length - 2, length - 1]) {
          if (at >= length) continue
          const broken = text.slice()
          broken[at] = 0xff
          expect(utf8(broken, 1)).toBe(~at)
          broken[at] = 0xe2
          expect(utf8(broken, 0)).toBe(utf8Result(broken))
        }
      }
    }
  })

  test('utf8: random bytes in random texts', () => {
    const draw = seeded(7)
    for (let run = 0; run < 20_000; run++) {
      const text = randomText(draw, 1 + draw(260))
      for (let i = draw(2); i >= 0; i--) text[draw(text.length - 1)] = draw(255)
      const expected = utf8Result(text)
      const cut = draw(text.length)
      if (utf8(text, run & 15) !== expected || utf8InParts(text, cut) !== expected)
        throw new Error(`${Buffer.from(text).toString('hex')} cut at ${cut}: expected ${expected}`)
    }
  })
})
