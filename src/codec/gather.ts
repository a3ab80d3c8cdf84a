// One growable buffer for a message that comes in pieces (RFC 6455 §5.4): fragments, or a frame cut by the end of a read.
// It grows with the bytes really received, never by an announced length alone.

const empty = new Uint8Array(0)
/** Smallest capacity while the message's length is not known. */
const MIN_CAPACITY = 4096

export class Gather {
  bytes: Uint8Array = empty
  length = 0

  /**
   * Makes room for `more` bytes behind `length`.
   *
   * @param total length of the whole message once known, else Infinity
   * @throws RangeError when the runtime has no such buffer
   */
  reserve(more: number, total: number): void {
    const need = this.length + more
    if (need <= this.bytes.length) return
    const grown = new Uint8Array(Math.min(total, Math.max(MIN_CAPACITY, 2 * need)))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }

  /** Adds source[start..end), for which there is room. */
  append(source: Uint8Array, start: number, end: number): void {
    this.bytes.set(source.subarray(start, end), this.length)
    this.length += end - start
  }

  /** Gives the gathered bytes away, in a buffer of at most twice their length, and forgets them. */
  take(): Uint8Array {
    const { bytes, length } = this
    this.clear()
    return bytes.length > 2 * length ? bytes.slice(0, length) : bytes
  }

  clear(): void {
    this.bytes = empty
    this.length = 0
  }
}
