// Writes frames one behind the other into one buffer, so that a random stream costs little more than its bytes.
// RFC 6455 §5.2 (header), §5.3 (masking); the buffer is used again for the next stream.

export class StreamWriter {
  bytes = new Uint8Array(0x20000)
  length = 0
  /** Where each frame begins, and where its payload does. */
  readonly starts: number[] = []
  readonly payloads: number[] = []
  private keyed = false

  reset(): void {
    this.length = 0
    this.starts.length = 0
    this.payloads.length = 0
  }

  /** Makes room behind `length`. */
  reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return
    const grown = new Uint8Array(2 * (this.length + more))
    grown.set(this.bytes)
    this.bytes = grown
  }

  /**
   * Writes a header; the payload is to be written at the returned index, up to `length`, before end() masks it.
   *
   * @param first FIN, RSV bits and opcode
   * @param key masking key of 32 bits, its first octet the lowest; undefined: unmasked
   * @param lengthBytes of the extended length: at least 0, 2 or 8
   */
  begin(first: number, payload: number, key: number | undefined, lengthBytes = 0): number {
    this.reserve(14 + payload)
    const at = this.header(first, payload, key, lengthBytes)
    this.length = at + payload
    return at
  }

  /** Writes a header that announces `payload` bytes, and no payload; the payload may be longer than any buffer. */
  header(first: number, payload: number, key: number | undefined, lengthBytes = 0): number {
    const { bytes } = this
    const extended = Math.max(lengthBytes, payload < 126 ? 0 : payload < 65536 ? 2 : 8)
    let at = this.length
    this.starts.push(at)
    bytes[at++] = first
    bytes[at++] = (key === undefined ? 0 : 0x80) | (extended === 0 ? payload : extended === 2 ? 126 : 127)
    for (let i = extended - 1; i >= 0; i--) bytes[at++] = Math.floor(payload / 256 ** i) % 256
    this.keyed = key !== undefined
    if (key !== undefined) for (let i = 0; i < 4; i++) bytes[at++] = key >>> (8 * i)
    this.payloads.push(at)
    this.length = at
    return at
  }

  /** Masks the payload that was written last. */
  end(): void {
    if (!this.keyed) return
    const { bytes } = this
    const at = this.payloads[this.payloads.length - 1]
    for (let i = at; i < this.length; i++) bytes[i] ^= bytes[at - 4 + ((i - at) & 3)]
  }

  /** Where frame i ends. */
  endOf(i: number): number {
    return i + 1 < this.starts.length ? this.starts[i + 1] : this.length
  }
}
