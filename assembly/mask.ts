// Masking in place (RFC 6455 §5.3): 64 bytes a step, and a look at what comes out.
// The rest that fills no step is done first, as the last 16, 8 or 4 bytes, which may overlap what the steps then do again.

/**
 * XORs memory[p..p + length) with the key, as loaded little-endian from the wire and turned to where the first byte
 * meets it. Returns 0 when what comes out is ASCII, which costs next to nothing to know.
 */
export function mask(p: usize, length: u32, key: u32): u32 {
  if (length >= 16) {
    const keys = i32x4.splat(key)
    const tail = length - 16
    const end = p + tail
    // Loaded before the steps change it.
    const last = v128.xor(v128.load(end), i32x4.splat(rotr<u32>(key, tail << 3)))
    let all = last
    while (p + 48 <= end) {
      const a = v128.xor(v128.load(p), keys)
      const b = v128.xor(v128.load(p, 16), keys)
      const c = v128.xor(v128.load(p, 32), keys)
      const d = v128.xor(v128.load(p, 48), keys)
      all = v128.or(all, v128.or(v128.or(a, b), v128.or(c, d)))
      v128.store(p, a)
      v128.store(p, b, 16)
      v128.store(p, c, 32)
      v128.store(p, d, 48)
      p += 64
    }
    while (p < end) {
      const part = v128.xor(v128.load(p), keys)
      all = v128.or(all, part)
      v128.store(p, part)
      p += 16
    }
    v128.store(end, last)
    return i8x16.bitmask(all)
  }
  if (length >= 8) {
    const keys = <u64>key | ((<u64>key) << 32)
    const tail = length - 8
    const first = load<u64>(p) ^ keys
    const last = load<u64>(p + tail) ^ rotr<u64>(keys, tail << 3)
    store<u64>(p, first)
    store<u64>(p + tail, last)
    // 64 bits of 0x80, which no JavaScript number holds.
    return u32(((first | last) & (0x80808080 | ((<u64>0x80808080) << 32))) !== 0)
  }
  if (length >= 4) {
    const tail = length - 4
    const first = load<u32>(p) ^ key
    const last = load<u32>(p + tail) ^ rotr<u32>(key, tail << 3)
    store<u32>(p, first)
    store<u32>(p + tail, last)
    return (first | last) & 0x80808080
  }
  let all: u32 = 0
  for (let i: u32 = 0; i < length; i++) {
    const byte = load<u8>(p + i) ^ <u8>key
    all |= byte
    store<u8>(p + i, byte)
    key >>= 8
  }
  return all & 0x80
}
