// Walks the headers of a stream, believing them, for those who count frames, take some out or describe them.
// RFC 6455 §5.2; whether the frames are allowed is not asked.

export interface FrameAt {
  /** Where the header begins, where the payload does, and where it ends, which may be behind the stream. */
  readonly start: number
  readonly payload: number
  readonly end: number
}

/** The frames of the stream, the last one perhaps cut; bytes that are no whole header are left over. */
export function framesOf(bytes: Uint8Array): FrameAt[] {
  const frames: FrameAt[] = []
  for (let start = 0; start + 2 <= bytes.length; ) {
    const short = bytes[start + 1] & 0x7f
    let payload = start + 2
    let length = short < 126 ? short : 0
    for (let more = short < 126 ? 0 : short === 126 ? 2 : 8; more > 0; more--)
      length = length * 256 + bytes[payload++]
    if (bytes[start + 1] >= 0x80) payload += 4
    if (payload > bytes.length) break
    const end = payload + length
    frames.push({ start, payload, end })
    start = end
  }
  return frames
}
