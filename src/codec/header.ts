// Frame headers outside the kernel's scan (RFC 6455 §5.2): writing one, and finding the end of one whose frame is large.
// Judging headers is the kernel's alone.

/** Frames from so many bytes on are moved part by part when a read cuts them, without passing the kernel's window. */
const LARGE_FRAME = 16 * 1024

/** Bytes of the header of a frame with `length` payload bytes. */
export function headerLength(length: number, masked: boolean): number {
  return (length < 126 ? 2 : length < 65_536 ? 4 : 10) + (masked ? 4 : 0)
}

/**
 * Writes a header.
 * @param first FIN, RSV bits and opcode
 * @param key masking key; undefined for an unmasked frame
 * @returns index behind the last byte written
 */
export function writeHeader(
  target: Uint8Array,
  at: number,
  first: number,
  length: number,
  key: number | undefined,
): number {
  const maskBit = key === undefined ? 0 : 0x80
  target[at] = first
  if (length < 126) {
    target[at + 1] = maskBit | length
    at += 2
  } else if (length < 65_536) {
    target[at + 1] = maskBit | 126
    target[at + 2] = length >>> 8
    target[at + 3] = length
    at += 4
  } else {
    target[at + 1] = maskBit | 127
    for (let i = at + 9; i > at + 1; i--) {
      target[i] = length
      length = Math.floor(length / 256)
    }
    at += 10
  }
  if (key === undefined) return at
  for (let i = 0; i < 4; i++) target[at++] = key >>> (8 * i)
  return at
}

/**
 * Where a scan of bytes[start..end) should stop: behind the header when a large frame begins at `start` and is cut by
 * `end`, so that its payload is not taken through the kernel for nothing; else at `end`.
 */
export function scanEnd(bytes: Uint8Array, start: number, end: number): number {
  const visible = end - start
  if (visible < 14) return end
  const second = bytes[start + 1]
  const short = second & 0x7f
  if (short < 126) return end
  let header = short === 126 ? 4 : 10
  let length = 0
  for (let i = 2; i < header; i++) length = length * 256 + bytes[start + i]
  if (second & 0x80) header += 4
  return length >= LARGE_FRAME && length > visible - header ? start + header : end
}
