// Masking (RFC 6455 §5.3): target[i] = source[i] XOR key[(phase + i) mod 4], 64 bytes a step.
// Two vectors a step already reach the load/store limit; four cost nothing and shorten the loop's share at 1 KiB.

/**
 * Ranges are identical or disjoint. `key` is the masking key as loaded little-endian from the wire.
 * Returns the phase behind the last byte.
 */
export function mask(source: usize, target: usize, length: u32, key: u32, phase: u32): u32 {
  key = rotr<u32>(key, phase << 3)
  const end = source + length
  // One register walks both ranges.
  const delta = target - source
  let p = source
  const keys = i32x4.splat(key)
  while (p + 64 <= end) {
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
  while (p + 16 <= end) {
    v128.store(p + delta, v128.xor(v128.load(p), keys))
    p += 16
  }
  while (p + 4 <= end) {
    store<u32>(p + delta, load<u32>(p) ^ key)
    p += 4
  }
  let rest = key
  while (p < end) {
    store<u8>(p + delta, load<u8>(p) ^ <u8>rest)
    rest >>= 8
    p += 1
  }
  return (phase + length) & 3
}
