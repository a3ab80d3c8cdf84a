// The incoming side of a stream while a handshake is on it: chunks when they are asked for, nothing lost in between.
// The stream is paused unless somebody waits, so that whoever is next, TLS or a Conn, finds everything else in it.

import type { Duplex } from 'node:stream'
import { typeError } from '../codec/errors.ts'

export class Inlet {
  readonly stream: Duplex
  private held: Uint8Array[] = []
  private ended: boolean
  private error: Error | undefined
  private wake: (() => void) | undefined

  constructor(stream: Duplex) {
    this.stream = stream
    this.ended = stream.destroyed || stream.readableEnded
    stream.pause()
    stream.on('data', this.onData)
    stream.on('end', this.onEnd)
    stream.on('close', this.onEnd)
    stream.on('error', this.onError)
  }

  /** The next bytes, at least one; undefined at the end of the stream. Rejects with the stream's error. */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const chunk = this.held.shift()
      if (chunk !== undefined) return chunk
      if (this.error !== undefined) throw this.error
      if (this.ended) return undefined
      await new Promise<void>((resolve) => {
        this.wake = resolve
        this.stream.resume()
      })
    }
  }

  /** Puts back what was too much. */
  unread(bytes: Uint8Array): void {
    if (bytes.length > 0) this.held.unshift(bytes)
  }

  /** The next `count` bytes; undefined when the stream ends before. */
  async take(count: number): Promise<Uint8Array | undefined> {
    const bytes = new Uint8Array(count)
    for (let at = 0; at < count; ) {
      const chunk = await this.next()
      if (chunk === undefined) return undefined
      const part = chunk.subarray(0, count - at)
      bytes.set(part, at)
      at += part.length
      this.unread(chunk.subarray(part.length))
    }
    return bytes
  }

  /** Bytes have come that nobody asked for. */
  get hasMore(): boolean {
    return this.held.length > 0 || this.stream.readableLength > 0
  }

  /** Leaves the stream, paused. @returns the bytes that were not taken */
  release(): Uint8Array {
    const { stream, held } = this
    stream.pause()
    stream.removeListener('data', this.onData)
    stream.removeListener('end', this.onEnd)
    stream.removeListener('close', this.onEnd)
    stream.removeListener('error', this.onError)
    // Not Buffer.concat(): messages will be views of this, and must not show memory that others share.
    const rest = new Uint8Array(held.reduce((sum, { length }) => sum + length, 0))
    let at = 0
    for (const chunk of held) {
      rest.set(chunk, at)
      at += chunk.length
    }
    return rest
  }

  private readonly onData = (chunk: unknown): void => {
    this.stream.pause()
    if (!(chunk instanceof Uint8Array)) this.error ??= typeError('the stream must be one of bytes')
    else if (chunk.length > 0) this.held.push(chunk)
    this.wake?.()
  }

  private readonly onEnd = (): void => {
    this.ended = true
    this.wake?.()
  }

  private readonly onError = (error: Error): void => {
    this.error = error
    this.wake?.()
  }
}
