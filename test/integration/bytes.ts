// Payloads that look random and are the same in every run.
// A wrong byte shows wherever it is, since no two places look alike.

/** `length` bytes that depend on `seed`. */
export function patternOf(length: number, seed = 1): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4))
  let state = (seed * 0x9e37_79b9) >>> 0 || 1
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[i] = state
  }
  return Buffer.from(words.buffer, 0, length)
}

/** Whether both are the same bytes; a comparison by the test runner would take minutes for megabytes. */
export function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
