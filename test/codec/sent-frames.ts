// Takes apart what was sent: frame by frame, unmasked, so that a test can say which frames it wants.
// RFC 6455 §5.2, §5.3.

import { join } from '../fuzz/frames.ts'
import { framesOf } from '../fuzz/walk.ts'
import { mask } from '../reference/mask.ts'

export interface SentFrame {
  readonly fin: boolean
  readonly opcode: number
  readonly payload: Uint8Array
  /** The four bytes of the masking key as a number; undefined for an unmasked frame. */
  readonly key: number | undefined
}

/** The frames in `bytes`, all of them whole. */
export function sentFrames(bytes: Uint8Array): SentFrame[] {
  const frames = framesOf(bytes)
  if ((frames.at(-1)?.end ?? 0) !== bytes.length) throw new Error('the last frame is not whole')
  return frames.map(({ start, payload, end }) => {
    const isMasked = bytes[start + 1] >= 0x80
    const key = bytes.slice(payload - 4, payload)
    const data = bytes.slice(payload, end)
    return {
      fin: bytes[start] >= 0x80,
      opcode: bytes[start] & 0x7f,
      payload: isMasked ? mask(data, key) : data,
      key: isMasked ? new DataView(key.buffer).getUint32(0) : undefined,
    }
  })
}

/** The frames in `bytes` in words: opcode, payload length, and a full stop behind a final one. */
export function frameWords(bytes: Uint8Array): string[] {
  return sentFrames(bytes).map(({ fin, opcode, payload }) => `${opcode}:${payload.length}${fin ? '.' : ''}`)
}

/** The bytes with every frame unmasked: what a server would have sent. */
export function unmasked(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = []
  for (const { start, payload, end } of framesOf(bytes)) {
    const isMasked = bytes[start + 1] >= 0x80
    const header = bytes.slice(start, isMasked ? payload - 4 : payload)
    header[1] &= 0x7f
    const data = bytes.slice(payload, end)
    parts.push(header, isMasked ? mask(data, bytes.slice(payload - 4, payload)) : data)
  }
  return join(parts)
}
