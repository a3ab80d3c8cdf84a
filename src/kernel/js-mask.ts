// Masking in plain JavaScript (RFC 6455 §5.3), four bytes at a time over a 32-bit view.
// Making such a view costs as much as masking some 100 bytes, so callers with many payloads in one buffer keep theirs.

/** Without a view at hand, words pay from here (bench/kernels/mask.mjs). */
const VIEW_FROM = 160

/** A view of the whole words of the buffer under `bytes`; its index is the buffer's byte offset / 4. */
export function wordsOf(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.buffer, 0, bytes.buffer.byteLength >>> 2)
}

/** The key with its bytes moved on, so that `phase` 0..3 comes first. */
export function turnKey(key: number, phase: number): number {
  return phase === 0 ? key : (key >>> (phase << 3)) | (key << (32 - (phase << 3)))
}

/**
 * XORs the bytes start..end of a buffer with the key, whose first byte (its lowest) meets the byte at
 * `start`. The first and the last word may belong to others in part; that part stays as it is.
 *
 * @param words the buffer's {@link wordsOf}; it must reach to `end`
 */
export function xorWords(words: Int32Array, start: number, end: number, key: number): void {
  if (start === end) return
  const turned = turnKey(key, -start & 3)
  let w = start >>> 2
  const last = (end - 1) >>> 2
  const from = -1 << ((start & 3) << 3)
  const to = -1 >>> ((-end & 3) << 3)
  if (w === last) {
    words[w] ^= turned & from & to
    return
  }
  words[w++] ^= turned & from
  for (; w + 4 <= last; w += 4) {
    words[w] ^= turned
    words[w + 1] ^= turned
    words[w + 2] ^= turned
    words[w + 3] ^= turned
  }
  for (; w < last; w++) words[w] ^= turned
  words[last] ^= turned & to
}

/**
 * As {@link xorWords}, and looks at what comes out, which takes a third more time.
 * @returns all resulting words OR'ed: ASCII came out when no bit of 0x80808080 is set
 */
export function xorTextWords(words: Int32Array, start: number, end: number, key: number): number {
  if (start === end) return 0
  const turned = turnKey(key, -start & 3)
  let w = start >>> 2
  const last = (end - 1) >>> 2
  const from = -1 << ((start & 3) << 3)
  const to = -1 >>> ((-end & 3) << 3)
  if (w === last) {
    const word = words[w] ^ (turned & from & to)
    words[w] = word
    return word & from & to
  }
  const first = words[w] ^ (turned & from)
  words[w++] = first
  let all = first & from
  for (; w + 2 <= last; w += 2) {
    const a = words[w] ^ turned
    const b = words[w + 1] ^ turned
    words[w] = a
    words[w + 1] = b
    all |= a | b
  }
  if (w < last) {
    const word = words[w] ^ turned
    words[w] = word
    all |= word
  }
  const rest = words[last] ^ (turned & to)
  words[last] = rest
  return all | (rest & to)
}

/** As {@link xorTextWords}, byte by byte in `bytes`. */
export function xorBytes(bytes: Uint8Array, start: number, end: number, key: number): number {
  let all = 0
  for (let i = start; i < end; i++) {
    const byte = bytes[i] ^ (key & 0xff)
    bytes[i] = byte
    all |= byte
    key = turnKey(key, 1)
  }
  return all
}

/** {@link xorBytes}, in words where that pays. */
function xorInPlace(bytes: Uint8Array, start: number, end: number, key: number): void {
  let rest = start
  if (end - start >= VIEW_FROM) {
    const words = wordsOf(bytes)
    const base = bytes.byteOffset
    // The last bytes of a buffer may fill no word.
    rest = Math.min(end, (words.length << 2) - base)
    xorWords(words, base + start, base + rest, key)
  }
  xorBytes(bytes, rest, end, turnKey(key, (rest - start) & 3))
}

/** {@link Kernel.mask} in JavaScript. */
export function mask(
  source: Uint8Array,
  sourceStart: number,
  target: Uint8Array,
  targetStart: number,
  length: number,
  key: number,
  phase: number,
): number {
  // Source and target may be aligned differently, so copy first: a copy is ten times faster than the XOR.
  if (source !== target || sourceStart !== targetStart)
    target.set(source.subarray(sourceStart, sourceStart + length), targetStart)
  xorInPlace(target, targetStart, targetStart + length, turnKey(key, phase))
  return (phase + length) & 3
}
