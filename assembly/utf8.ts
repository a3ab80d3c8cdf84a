// Streaming UTF-8 validation (RFC 3629; Unicode 15 table 3-7): vectors over whole characters, an automaton at the edges.
// The vector step is the lookup algorithm of Keiser and Lemire, "Validating UTF-8 In Less Than One Instruction Per Byte".

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
} from '../src/kernel/layout.ts'

/** Not a state: the byte makes the text no prefix of valid UTF-8. */
const REJECT: i32 = 255

/** The automaton's next state. */
function step(state: i32, byte: u32): i32 {
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

/** First byte of the character that valid text before `p` leaves unfinished there; `p` when it ends between characters. */
function boundary(p: usize, begin: usize): usize {
  if (p - begin >= 1 && load<u8>(p - 1) >= 0xc0) return p - 1
  if (p - begin >= 2 && load<u8>(p - 2) >= 0xe0) return p - 2
  if (p - begin >= 3 && load<u8>(p - 3) >= 0xf0) return p - 3
  return p
}

// What two bytes in a row can do wrong, one bit each. A pair is wrong when all three of its nibble tables agree on a bit.
//   bit 0  lead byte, then no continuation        bit 4  surrogate (ED A0..BF)
//   bit 1  ASCII, then a continuation             bit 5  overlong in two bytes (C0, C1)
//   bit 2  overlong in three bytes (E0 80..9F)    bit 6  above F4 8F or overlong in four bytes (F0 80..8F)
//   bit 3  too large (F4 90.., F5..)              bit 7  two continuations (wrong unless byte 3 or 4 of a character)

/** By the high nibble of the first byte. */
function byte1High(): v128 {
  return i8x16(2, 2, 2, 2, 2, 2, 2, 2, -128, -128, -128, -128, 0x21, 0x01, 0x15, 0x49)
}

/** By the low nibble of the first byte; bits 0, 1 and 7 do not depend on it. */
function byte1Low(): v128 {
  return i8x16(-25, -93, -125, -125, -117, -53, -53, -53, -53, -53, -53, -53, -53, -37, -53, -53)
}

/** By the high nibble of the second byte. */
function byte2High(): v128 {
  return i8x16(1, 1, 1, 1, 1, 1, 1, 1, -26, -82, -70, -70, 1, 1, 1, 1)
}

/** High nibbles. V8 has no shift of bytes; a shift of 16-bit lanes and a mask is what it would make, and less. */
function high(block: v128): v128 {
  return v128.and(i16x8.shr_u(block, 4), i8x16.splat(0x0f))
}

/** Bits that are set where `block`, with `previous` in front of it, is wrong. */
function wrong(block: v128, previous: v128): v128 {
  const prev1 = i8x16.shuffle(previous, block, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30)
  const prev2 = i8x16.shuffle(previous, block, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29)
  const prev3 = i8x16.shuffle(previous, block, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28)
  const pairs = v128.and(
    v128.and(
      i8x16.swizzle(byte1High(), high(prev1)),
      i8x16.swizzle(byte1Low(), v128.and(prev1, i8x16.splat(0x0f))),
    ),
    i8x16.swizzle(byte2High(), high(block)),
  )
  // Where a three-byte lead stands two back or a four-byte lead three back, bit 7 must be set; elsewhere it must not.
  const third = i8x16.sub_sat_u(prev2, i8x16.splat(0x60))
  const fourth = i8x16.sub_sat_u(prev3, i8x16.splat(0x70))
  return v128.xor(v128.and(v128.or(third, fourth), i8x16.splat(-128)), pairs)
}

/** Not zero where `block` ends inside a character: a lead byte with too little room behind it. */
function unfinished(block: v128): v128 {
  return i8x16.sub_sat_u(block, i8x16(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -17, -33, -65))
}

/**
 * Runs the automaton over memory[start..start + length).
 * Returns the state behind the last byte, or the complement of the offset from `start` of the first bad byte.
 */
export function utf8(start: usize, length: u32, state: u32): i32 {
  const end = start + length
  let p = start
  let wide = state & UTF8_WIDE
  let s = <i32>(state & UTF8_STATE)

  // The character in progress.
  while (s !== UTF8_ACCEPT && p < end) {
    s = step(s, load<u8>(p))
    if (s === REJECT) return ~(<i32>(p - start))
    p += 1
  }

  if (s === UTF8_ACCEPT && end - p >= 16) {
    const begin = p
    let previous = i8x16.splat(0)
    while (p + 64 <= end) {
      const a = v128.load(p)
      const b = v128.load(p, 16)
      const c = v128.load(p, 32)
      const d = v128.load(p, 48)
      if (i8x16.bitmask(v128.or(v128.or(a, b), v128.or(c, d))) === 0) {
        if (v128.any_true(unfinished(previous))) break
      } else {
        wide = UTF8_WIDE
        const error = v128.or(v128.or(wrong(a, previous), wrong(b, a)), v128.or(wrong(c, b), wrong(d, c)))
        if (v128.any_true(error)) break
      }
      previous = d
      p += 64
    }
    while (p + 16 <= end) {
      const a = v128.load(p)
      if (i8x16.bitmask(a) === 0) {
        if (v128.any_true(unfinished(previous))) break
      } else {
        wide = UTF8_WIDE
        if (v128.any_true(wrong(a, previous))) break
      }
      previous = a
      p += 16
    }
    // The rest as the last 16 bytes, some of them again; the three bytes before them must be text as well.
    if (p < end && p + 16 > end && end - begin >= 19) {
      const tail = v128.load(end - 16)
      const before = v128.load(end - 32)
      if (i8x16.bitmask(tail) === 0) {
        if (!v128.any_true(unfinished(before))) p = end
      } else if (!v128.any_true(wrong(tail, before))) {
        wide = UTF8_WIDE
        p = end
      }
    }
    // Everything before p is a prefix of valid text; the automaton takes over at the last whole character. Where a
    // block is wrong it finds the exact byte.
    p = boundary(p, begin)
  }

  while (p < end) {
    const byte = <u32>load<u8>(p)
    if (byte >= 0x80) wide = UTF8_WIDE
    s = step(s, byte)
    if (s === REJECT) return ~(<i32>(p - start))
    p += 1
  }
  return s | <i32>wide
}
