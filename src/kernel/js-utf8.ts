// Streaming UTF-8 validation in plain JavaScript (RFC 3629; Unicode 15 table 3-7).
// Whole characters are checked where they stand; the automaton carries a character over the edges of a call.

import { wordsOf } from './js-mask.ts'
import {
  UTF8_ACCEPT,
  UTF8_E0,
  UTF8_ED,
  UTF8_F0,
  UTF8_F4,
  UTF8_STATE,
  UTF8_TAIL1,
  UTF8_TAIL2,
  UTF8_TAIL3,
  UTF8_WIDE,
} from './layout.ts'

/** Texts of fewer bytes do not repay a 32-bit view (bench/kernels/utf8.mjs). */
const VIEW_FROM = 64
const NOT_ASCII = 0x8080_8080 | 0

/** Not a state: the byte makes the text no prefix of valid UTF-8. */
const REJECT = 255

/** The automaton's next state. */
function step(state: number, byte: number): number {
  if (state === UTF8_ACCEPT) {
    if (byte < 0x80) return UTF8_ACCEPT
    if (byte < 0xc2) return REJECT
    if (byte < 0xe0) return UTF8_TAIL1
    if (byte < 0xf0) return byte === 0xe0 ? UTF8_E0 : byte === 0xed ? UTF8_ED : UTF8_TAIL2
    if (byte < 0xf5) return byte === 0xf0 ? UTF8_F0 : byte === 0xf4 ? UTF8_F4 : UTF8_TAIL3
    return REJECT
  }
  if ((byte & 0xc0) !== 0x80) return REJECT
  if (state <= UTF8_TAIL3) return state - 1
  if (state === UTF8_E0) return byte >= 0xa0 ? UTF8_TAIL1 : REJECT
  if (state === UTF8_ED) return byte < 0xa0 ? UTF8_TAIL1 : REJECT
  if (state === UTF8_F0) return byte >= 0x90 ? UTF8_TAIL2 : REJECT
  return byte < 0x90 ? UTF8_TAIL2 : REJECT
}

/** {@link Kernel.utf8} for text that is expected to hold more than ASCII: byte by byte. */
export function utf8From(bytes: Uint8Array, start: number, end: number, state: number): number {
  let i = start
  let s = state & UTF8_STATE
  let wide = state & UTF8_WIDE
  // A character that earlier bytes began.
  while (s !== UTF8_ACCEPT && i < end) {
    s = step(s, bytes[i])
    if (s === REJECT) return ~i
    i++
  }
  // Characters that are here whole are judged where they stand, without the automaton.
  const stop = end - 3
  while (i < stop) {
    const lead = bytes[i]
    if (lead < 0x80) {
      i++
      continue
    }
    wide = UTF8_WIDE
    const second = bytes[i + 1]
    if (lead < 0xe0) {
      if (lead < 0xc2 || (second & 0xc0) !== 0x80) break
      i += 2
    } else if (lead < 0xf0) {
      // E0 80..9F would be overlong, ED A0..BF a surrogate.
      if ((second & 0xc0) !== 0x80 || (bytes[i + 2] & 0xc0) !== 0x80) break
      if ((lead === 0xe0 && second < 0xa0) || (lead === 0xed && second >= 0xa0)) break
      i += 3
    } else {
      // F0 80..8F would be overlong, F4 90.. and F5.. above U+10FFFF.
      if (lead > 0xf4 || (second & 0xc0) !== 0x80) break
      if ((bytes[i + 2] & 0xc0) !== 0x80 || (bytes[i + 3] & 0xc0) !== 0x80) break
      if ((lead === 0xf0 && second < 0x90) || (lead === 0xf4 && second >= 0x90)) break
      i += 4
    }
  }
  // The last bytes, or the character that is wrong.
  for (; i < end; i++) {
    const byte = bytes[i]
    if (byte >= 0x80) wide = UTF8_WIDE
    s = step(s, byte)
    if (s === REJECT) return ~i
  }
  return s | wide
}

/**
 * Passes over ASCII, in words.
 *
 * @param words the buffer's wordsOf()
 * @param base offset of `bytes` in the buffer
 * @returns an index from start to end; every byte before it is ASCII
 */
export function skipAscii(
  bytes: Uint8Array,
  start: number,
  end: number,
  words: Int32Array,
  base: number,
): number {
  let i = start
  while (((base + i) & 3) !== 0) {
    if (i === end || bytes[i] >= 0x80) return i
    i++
  }
  let w = (base + i) >>> 2
  const last = Math.min(words.length, (base + end) >>> 2)
  for (; w + 8 <= last; w += 8) {
    const low = words[w] | words[w + 1] | words[w + 2] | words[w + 3]
    const high = words[w + 4] | words[w + 5] | words[w + 6] | words[w + 7]
    if (((low | high) & NOT_ASCII) !== 0) break
  }
  return Math.max(i, (w << 2) - base)
}

/** {@link Kernel.utf8} in JavaScript. */
export function utf8(bytes: Uint8Array, start: number, end: number, state: number): number {
  let i = start
  if (end - start >= VIEW_FROM && (state & UTF8_STATE) === UTF8_ACCEPT)
    i = skipAscii(bytes, start, end, wordsOf(bytes), bytes.byteOffset)
  return utf8From(bytes, i, end, state)
}
