// The input of the decoding benchmarks: client frames (RFC 6455 §5.2, §5.3), each with a payload and a key of its own.
// Everything is made from a seed, so that every process of a run works on the same bytes.

const TEXTS = {
  ASCII: 'The quick brown fox jumps over the lazy dog. ',
  mixed: 'Größe: 12 µm, naïve café – 日本 ok 🙂, señor; ',
}
export const BINARY = 'binary'
export const KINDS = [BINARY, ...Object.keys(TEXTS)]

/** A payload of exactly `size` bytes; other `seed`s give others. */
export function makePayload(kind, size, seed) {
  const bytes = Buffer.allocUnsafeSlow(size)
  if (kind === BINARY) return fillRandomly(bytes, seed)
  const characters = [...TEXTS[kind]]
  const from = seed % characters.length
  const text = characters.slice(from).join('') + TEXTS[kind].repeat(Math.ceil(size / TEXTS[kind].length))
  // Whole characters only, then dots.
  const { written } = new TextEncoder().encodeInto(text, bytes)
  return bytes.fill('.', written)
}

/** The frame in which a client sends `payload` as a message. */
export function makeClientFrame(kind, payload, seed) {
  const { length } = payload
  const lengthBytes = length < 126 ? 0 : length < 65536 ? 2 : 8
  const start = 2 + lengthBytes + 4
  const frame = Buffer.allocUnsafeSlow(start + length)
  frame[0] = 0x80 | (kind === BINARY ? 2 : 1)
  frame[1] = 0x80 | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127)
  if (lengthBytes === 2) frame.writeUInt16BE(length, 2)
  if (lengthBytes === 8) frame.writeBigUInt64BE(BigInt(length), 2)
  const key = fillRandomly(frame.subarray(start - 4, start), seed + 1_000_000)
  for (let i = 0; i < length; i++) frame[start + i] = payload[i] ^ key[i & 3]
  return frame
}

/** `count` frames side by side, as one read finds them. */
export function makeRead(kind, size, count) {
  const payloads = Array.from({ length: count }, (_, i) => makePayload(kind, size, i))
  return { bytes: Buffer.concat(payloads.map((payload, i) => makeClientFrame(kind, payload, i))), payloads }
}

/** How many frames of `size` payload bytes a read of `room` bytes holds. */
export function framesIn(room, size) {
  return Math.floor(room / (size + (size < 126 ? 6 : size < 65536 ? 8 : 14)))
}

/** Marsaglia's xorshift32. */
function fillRandomly(bytes, seed) {
  let x = (seed + 1) * 0x9e3779b1
  for (let i = 0; i < bytes.length; i++) {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    bytes[i] = x >>> 8
  }
  return bytes
}
