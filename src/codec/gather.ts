// A message that comes in pieces (RFC 6455 §5.4): fragments, or a frame cut by the end of a read.
// It grows with the bytes really received, never by an announced length alone: small pieces go into one growable buffer,
// large ones stay in the reads they came in and are joined once, as growing over megabytes costs more than masking them.

import type { Kernel } from '../kernel/kernel.ts'

const empty = new Uint8Array(0)
/** Smallest capacity while the message's length is not known. */
const MIN_CAPACITY = 4096
/** Half of the longest read: so a piece that stays in its read keeps at most twice its bytes. */
export const LARGE_PIECE: number = 32 * 1024

export class Gather {
  /** Bytes of the message so far. */
  length = 0
  /** The growable buffer, and how much of it is in use: what came behind the large pieces. */
  bytes: Uint8Array = empty
  used = 0
  /** Each with its masking key, 0 for none, and its phase. */
  #pieces: [bytes: Uint8Array, key: number, phase: number][] = []

  /**
   * Makes room for `more` bytes behind `used`.
   *
   * @param total length of the whole message once known, else Infinity
   * @throws RangeError when the runtime has no such buffer
   */
  reserve(more: number, total: number): void {
    const need = this.used + more
    if (need <= this.bytes.length) return
    const left = total - this.length + this.used
    const grown = new Uint8Array(Math.min(left, Math.max(MIN_CAPACITY, 2 * need)))
    grown.set(this.bytes.subarray(0, this.used))
    this.bytes = grown
  }

  /** Counts `length` bytes that were put behind `used`, for which there is room. */
  grow(length: number): void {
    this.used += length
    this.length += length
  }

  /** Adds source[start..end), for which there is room. */
  append(source: Uint8Array, start: number, end: number): void {
    this.bytes.set(source.subarray(start, end), this.used)
    this.grow(end - start)
  }

  /**
   * Keeps a piece where it is, ours from now on, to be unmasked when the message is taken. What is in the growable buffer
   * becomes a piece before it.
   */
  keep(piece: Uint8Array, key: number, phase: number): void {
    this.#pieces.push([this.bytes.subarray(0, this.used), 0, 0], [piece, key, phase])
    this.bytes = empty
    this.used = 0
    this.length += piece.length
  }

  /** Gives the gathered bytes away, in a buffer of at most twice their length, and forgets them. */
  take(kernel: Kernel): Uint8Array {
    const { length } = this
    let { bytes } = this
    if (this.#pieces.length === 2 && length === this.#pieces[1][0].length) {
      // One piece is all there is: it is unmasked where it stands.
      const [piece, key, phase] = this.#pieces[1]
      kernel.mask(piece, 0, piece, 0, length, key, phase)
      bytes = piece
    } else if (this.#pieces.length > 0) {
      this.keep(empty, 0, 0)
      bytes = new Uint8Array(length)
      let at = 0
      for (const [piece, key, phase] of this.#pieces) {
        kernel.mask(piece, 0, bytes, at, piece.length, key, phase)
        at += piece.length
      }
    }
    this.clear()
    return bytes.length > 2 * length ? bytes.slice(0, length) : bytes
  }

  clear(): void {
    this.length = 0
    this.bytes = empty
    this.used = 0
    this.#pieces = []
  }
}
