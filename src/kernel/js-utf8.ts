// Streaming UTF-8 validation in plain JavaScript (RFC 3629; Unicode 15 table 3-7).
// Whole characters are checked where they stand; the automaton carries a character over the edges of a call.

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

/** {@link Kernel.utf8} in JavaScript. */
export function utf8(bytes: Uint8Array, start: number, end: number, state: number): number {
  let i = start
  let s = state & UTF8_STATE
  let wide = state & UTF8_WIDE
  while (i < end) {
    // Characters that are here whole are judged where they stand, without the automaton.
    while (s === UTF8_ACCEPT && i + 4 <= end) {
      const lead = bytes[i]
      if (lead < 0x80) {
        i++
        while (i + 4 <= end && ((bytes[i] | bytes[i + 1] | bytes[i + 2] | bytes[i + 3]) & 0x80) === 0) i += 4
        continue
      }
      const second = bytes[i + 1]
      if ((second & 0xc0) !== 0x80 || lead < 0xc2) break
      if (lead < 0xe0) {
        i += 2
      } else if (lead < 0xf0) {
        // E0 80..9F would be overlong, ED A0..BF a surrogate.
        if ((bytes[i + 2] & 0xc0) !== 0x80) break
        if ((lead === 0xe0 && second < 0xa0) || (lead === 0xed && second >= 0xa0)) break
        i += 3
      } else {
        // F0 80..8F would be overlong, F4 90.. and F5.. above U+10FFFF.
        if (lead > 0xf4 || (bytes[i + 2] & 0xc0) !== 0x80 || (bytes[i + 3] & 0xc0) !== 0x80) break
        if ((lead === 0xf0 && second < 0x90) || (lead === 0xf4 && second >= 0x90)) break
        i += 4
      }
      wide = UTF8_WIDE
    }
    if (i === end) break
    // The last bytes, a character in progress, or the one that is wrong.
    const byte = bytes[i]
    if (byte >= 0x80) wide = UTF8_WIDE
    s = step(s, byte)
    if (s === REJECT) return ~i
    i++
  }
  return s | wide
}
