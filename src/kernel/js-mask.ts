// Masking in plain JavaScript (RFC 6455 §5.3), four bytes at a time over a 32-bit view.
// Making such a view costs as much as masking some 200 bytes, so callers with many payloads in one buffer pass theirs.

/** With a view at hand, words pay from here (bench/kernels/mask.mjs). */
const WORDS_FROM = 16
/** Without one, the view must be made first (bench/kernels/mask.mjs). */
const OWN_VIEW_FROM = 160

/** A view of the whole words of the buffer under `bytes`; its index is the buffer's byte offset / 4. */
export function wordsOf(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.buffer, 0, bytes.buffer.byteLength >>> 2)
}

/** XORs bytes[start..end) with the key, whose first byte (its lowest) meets bytes[start]. `words`: wordsOf(bytes). */
export function xorInPlace(
  bytes: Uint8Array,
  start: number,
  end: number,
  key: number,
  words: Int32Array | undefined,
): void {
  let i = start
  if (end - start >= (words === undefined ? OWN_VIEW_FROM : WORDS_FROM)) {
    const base = bytes.byteOffset
    while (((base + i) & 3) !== 0) {
      bytes[i++] ^= key
      key = (key >>> 8) | (key << 24)
    }
    const view = words ?? wordsOf(bytes)
    let w = (base + i) >>> 2
    const last = (base + end) >>> 2
    i += (last - w) << 2
    for (; w + 4 <= last; w += 4) {
      view[w] ^= key
      view[w + 1] ^= key
      view[w + 2] ^= key
      view[w + 3] ^= key
    }
    for (; w < last; w++) view[w] ^= key
  }
  for (; i < end; i++) {
    bytes[i] ^= key
    key = (key >>> 8) | (key << 24)
  }
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
  let rotated = phase === 0 ? key : (key >>> (phase << 3)) | (key << (32 - (phase << 3)))
  if (source === target && sourceStart === targetStart) {
    xorInPlace(target, targetStart, targetStart + length, rotated, undefined)
  } else if (length >= OWN_VIEW_FROM) {
    // Source and target may be aligned differently, so copy first: a copy is ten times faster than the XOR.
    target.set(source.subarray(sourceStart, sourceStart + length), targetStart)
    xorInPlace(target, targetStart, targetStart + length, rotated, undefined)
  } else {
    for (let i = 0; i < length; i++) {
      target[targetStart + i] = source[sourceStart + i] ^ rotated
      rotated = (rotated >>> 8) | (rotated << 24)
    }
  }
  return (phase + length) & 3
}
