// Frame headers outside the kernel's scan (RFC 6455 §5.2): writing one, and finding the end of one whose frame is large.
// Judging headers is the kernel's alone.

/** Frames from so many bytes on are moved part by part when a read cuts them, without passing the kernel's window. */
const LARGE_FRAME = 16 * 1024

/** Bytes of the header of a frame with `length` payload bytes. */
export function headerLength(length: number, masked: boolean): number {
  return (length < 126 ? 2 : length < 65_536 ? 4 : 10) + (masked ? 4 : 0)
}

/**
 * Writes a header without its masking key.
 * @param first FIN, RSV bits and opcode
 * @returns index behind the last byte written
 */
export function writeHeader(
  target: Uint8Array,
  at: number,
  first: number,
  length: number,
  masked: boolean,
): number {
  const maskBit = masked ? 0x80 : 0
  target[at] = first
  if (length < 126) {
    target[at + 1] = maskBit | length
    return at + 2
  }
  if (length < 65_536) {
    target[at + 1] = maskBit | 126
    target[at + 2] = length >>> 8
    target[at + 3] = length
    return at + 4
  }
  const high = Math.floor(length / 0x1_0000_0000)
  target[at + 1] = maskBit | 127
  target[at + 2] = high >>> 24
  target[at + 3] = high >>> 16
  target[at + 4] = high >>> 8
  target[at + 5] = high
  target[at + 6] = length >>> 24
  target[at + 7] = length >>> 16
  target[at + 8] = length >>> 8
  target[at + 9] = length
  return at + 10
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
  const header = (short === 126 ? 4 : 10) + (second & 0x80 ? 4 : 0)
  if (short === 126) {
    const length = (bytes[start + 2] << 8) | bytes[start + 3]
    return length >= LARGE_FRAME && length > visible - header ? start + header : end
  }
  const high = bytes[start + 2] | bytes[start + 3] | bytes[start + 4] | bytes[start + 5]
  const low =
    bytes[start + 6] * 0x1_00_0000 + (bytes[start + 7] << 16) + (bytes[start + 8] << 8) + bytes[start + 9]
  return high !== 0 || low > visible - header ? start + header : end
}
