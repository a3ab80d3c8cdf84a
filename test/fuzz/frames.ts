// Writes frames the naive way, the right ones and the wrong ones.
// RFC 6455 §5.2 (header), §5.3 (masking).

import { mask } from '../reference/mask.ts'

export interface Frame {
  readonly fin: boolean
  readonly opcode: number
  readonly payload: Uint8Array
  /** Masking key of four bytes; undefined: unmasked. */
  readonly key: Uint8Array | undefined
  /** Bytes of the extended length: at least 0, 2 or 8; undefined: as few as there may be. */
  readonly lengthBytes?: 0 | 2 | 8 | undefined
}

export function frameBytes({ fin, opcode, payload, key, lengthBytes = 0 }: Frame): Uint8Array {
  const { length } = payload
  const extended = Math.max(lengthBytes, length < 126 ? 0 : length < 65536 ? 2 : 8)
  const short = extended === 0 ? length : extended === 2 ? 126 : 127
  const header = [(fin ? 0x80 : 0) | opcode, (key ? 0x80 : 0) | short]
  for (let i = extended - 1; i >= 0; i--) header.push(Math.floor(length / 256 ** i) % 256)
  return join([new Uint8Array(header), key ?? new Uint8Array(0), key ? mask(payload, key) : payload])
}

export function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}
