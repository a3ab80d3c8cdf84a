// Bytes that messages stand in, shared by all messages that one scan finds there: a read, or the gathered pieces of one.
// What is worth doing once for all of them is done here: asking the bytes for their buffer, decoding short ASCII texts.

import type { TextCodec } from './ports.ts'

/** ASCII texts up to this are cut out of one string made for all of them (bench/codec). */
const SHARED_TEXT_MAX = 512
/** Length of that string, which a text cut out of it keeps alive. */
const BLOCK = 2048

export class Chunk {
  readonly bytes: Uint8Array
  /** The application has the bytes as well, and may change them. */
  isForeign = false
  private readonly text: TextCodec
  private buffer: ArrayBufferLike | undefined = undefined
  private offset = 0
  private block = ''
  private blockStart = 0
  private blockEnd = 0

  constructor(bytes: Uint8Array, text: TextCodec) {
    this.bytes = bytes
    this.text = text
  }

  view(start: number, length: number): Uint8Array {
    // A typed array's own getters cost as much as the view.
    if (this.buffer === undefined) {
      this.buffer = this.bytes.buffer
      this.offset = this.bytes.byteOffset
    }
    return new Uint8Array(this.buffer, this.offset + start, length)
  }

  /** The bytes from start to end in `into`, where they fit, else in memory of their own. */
  slice(start: number, end: number, into?: Uint8Array): Chunk {
    const part = this.bytes.subarray(start, end)
    if (into === undefined || into.length < part.length) return new Chunk(new Uint8Array(part), this.text)
    into.set(part)
    const chunk = new Chunk(into, this.text)
    chunk.isForeign = true
    return chunk
  }

  /** String of valid UTF-8. */
  decode(start: number, end: number): string {
    return this.text.decode(this.bytes, start, end, false)
  }

  /** String of ASCII. */
  decodeAscii(start: number, end: number): string {
    const { text } = this
    if (end - start > SHARED_TEXT_MAX || text.latin1 === undefined)
      return text.decode(this.bytes, start, end, true)
    if (end > this.blockEnd || start < this.blockStart) {
      this.blockStart = start
      this.blockEnd = Math.min(this.bytes.length, start + BLOCK)
      this.block = text.latin1(this.bytes, start, this.blockEnd)
    }
    return this.block.substring(start - this.blockStart, end - this.blockStart)
  }
}
