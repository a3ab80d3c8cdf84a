// Masking (RFC 6455 §5.3): target[i] = source[i] XOR key[(phase + i) mod 4], 64 bytes a step.
// The rest that fills no step is done first, as the last 16, 8 or 4 bytes, which may overlap what the steps then do again.

/**
 * Ranges are identical or disjoint. `key` is the masking key as loaded little-endian from the wire.
 * Returns the phase behind the last byte.
 */
export function mask(source: usize, target: usize, length: u32, key: u32, phase: u32): u32 {
  key = rotr<u32>(key, phase << 3)
  if (length >= 16) {
    const keys = i32x4.splat(key)
    const tail = length - 16
    const end = source + tail
    // Loaded before anything is stored, as source and target may be the same bytes.
    const last = v128.xor(v128.load(end), i32x4.splat(rotr<u32>(key, tail << 3)))
    // One register walks both ranges.
    const delta = target - source
    let p = source
    while (p + 48 <= end) {
      const q = p + delta
      const a = v128.xor(v128.load(p), keys)
      const b = v128.xor(v128.load(p, 16), keys)
      const c = v128.xor(v128.load(p, 32), keys)
      const d = v128.xor(v128.load(p, 48), keys)
      v128.store(q, a)
      v128.store(q, b, 16)
      v128.store(q, c, 32)
      v128.store(q, d, 48)
      p += 64
    }
    while (p < end) {
      v128.store(p + delta, v128.xor(v128.load(p), keys))
      p += 16
    }
    v128.store(target + tail, last)
  } else if (length >= 8) {
    const tail = length - 8
    const keys = <u64>key | ((<u64>key) << 32)
    const first = load<u64>(source) ^ keys
    const last = load<u64>(source + tail) ^ rotr<u64>(keys, tail << 3)
    store<u64>(target, first)
    store<u64>(target + tail, last)
  } else if (length >= 4) {
    const tail = length - 4
    const first = load<u32>(source) ^ key
    const last = load<u32>(source + tail) ^ rotr<u32>(key, tail << 3)
    store<u32>(target, first)
    store<u32>(target + tail, last)
  } else {
    for (let i: u32 = 0; i < length; i++) {
      store<u8>(target + i, load<u8>(source + i) ^ <u8>key)
      key >>= 8
    }
  }
  return (phase + length) & 3
}
