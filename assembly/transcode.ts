// From UTF-8 to UTF-16 (RFC 3629, RFC 2781), 16 bytes a step: a unit is computed at every byte as if a character began
// there, and the units at continuation bytes are dropped. A module of its own, for src/node/transcoder.ts.

import { SWIZZLES_PTR } from '../src/node/transcoder-layout.ts'

// One row of 16 bytes for each set of 8 lanes: the swizzle that moves these lanes to the front.
for (let set: u32 = 0; set < 256; set++) {
  let at: usize = SWIZZLES_PTR + (set << 4)
  for (let lane: u32 = 0; lane < 8; lane++) {
    if (((set >> lane) & 1) !== 0) {
      store<u16>(at, <u16>((lane << 1) | (((lane << 1) | 1) << 8)))
      at += 2
    }
  }
}

/** Units of eight characters from their first bytes and the two bytes behind each of them, in 16-bit lanes. */
function units(first: v128, second: v128, third: v128): v128 {
  const low = i16x8.splat(0x3f)
  const tail = v128.and(second, low)
  const two = v128.or(i16x8.shl(v128.and(first, i16x8.splat(0x1f)), 6), tail)
  // The shift drops the high nibble of the first byte.
  const three = v128.or(v128.or(i16x8.shl(first, 12), i16x8.shl(tail, 6)), v128.and(third, low))
  const short = v128.bitselect(two, first, i16x8.ge_u(first, i16x8.splat(0xc0)))
  return v128.bitselect(three, short, i16x8.ge_u(first, i16x8.splat(0xe0)))
}

/**
 * Writes memory[source..source + length) in UTF-16 to `target`, which has room for length + 16 units.
 * Returns the number of units.
 */
export function transcode(source: usize, length: u32, target: usize): u32 {
  const end = source + length
  let p = source
  let q = target
  while (p < end) {
    if (p + 18 <= end) {
      const first = v128.load(p)
      const high = i8x16.bitmask(first)
      if (high === 0) {
        v128.store(q, i16x8.extend_low_i8x16_u(first))
        v128.store(q, i16x8.extend_high_i8x16_u(first), 16)
        p += 16
        q += 32
        continue
      }
      if (!v128.any_true(i8x16.ge_u(first, i8x16.splat(-16)))) {
        const second = v128.load(p, 1)
        const third = v128.load(p, 2)
        const starts: u32 = i8x16.bitmask(i8x16.ge_s(first, i8x16.splat(-64)))
        const a = units(
          i16x8.extend_low_i8x16_u(first),
          i16x8.extend_low_i8x16_u(second),
          i16x8.extend_low_i8x16_u(third),
        )
        const b = units(
          i16x8.extend_high_i8x16_u(first),
          i16x8.extend_high_i8x16_u(second),
          i16x8.extend_high_i8x16_u(third),
        )
        const low = starts & 0xff
        const rest = starts >> 8
        v128.store(q, i8x16.swizzle(a, v128.load(SWIZZLES_PTR + (low << 4))))
        q += popcnt<u32>(low) << 1
        v128.store(q, i8x16.swizzle(b, v128.load(SWIZZLES_PTR + (rest << 4))))
        q += popcnt<u32>(rest) << 1
        p += 16
        continue
      }
    }
    // The last bytes, and whatever holds characters of four bytes.
    const stop = min<usize>(p + 16, end)
    while (p < stop) {
      const b0 = <u32>load<u8>(p)
      if (b0 < 0x80) {
        store<u16>(q, <u16>b0)
        p += 1
        q += 2
      } else if (b0 < 0xc0) {
        // Belongs to a character that the step before has written.
        p += 1
      } else if (b0 < 0xe0) {
        store<u16>(q, <u16>(((b0 & 0x1f) << 6) | (load<u8>(p, 1) & 0x3f)))
        p += 2
        q += 2
      } else if (b0 < 0xf0) {
        store<u16>(q, <u16>((b0 << 12) | ((load<u8>(p, 1) & 0x3f) << 6) | (load<u8>(p, 2) & 0x3f)))
        p += 3
        q += 2
      } else {
        const point =
          ((b0 & 7) << 18) |
          ((<u32>load<u8>(p, 1) & 0x3f) << 12) |
          ((<u32>load<u8>(p, 2) & 0x3f) << 6) |
          (<u32>load<u8>(p, 3) & 0x3f)
        const above = point - 0x10000
        store<u16>(q, <u16>(0xd800 | (above >> 10)))
        store<u16>(q, <u16>(0xdc00 | (above & 0x3ff)), 2)
        p += 4
        q += 4
      }
    }
  }
  return <u32>((q - target) >> 1)
}
