// The beginning of the body of a response that is no 101, for the error that tells of it (RFC 9112 §6, §7.1).
// Takes no more than the error keeps: a Content-Length ends it, chunked coding is undone, else the connection's end does.

import { MAX_ERROR_BODY, type ResponseHead, valuesOf } from '../handshake/index.ts'

/** Raw bytes kept: small chunks may need several times their data. */
const MAX_RAW = 8 * MAX_ERROR_BODY

const latin1 = new TextDecoder('latin1')

/** Takes chunked coding off, trailers and extensions passed over; bad coding ends it. */
function decodeChunked(raw: Uint8Array): { readonly data: Uint8Array; readonly isComplete: boolean } {
  const data = new Uint8Array(raw.length)
  let length = 0
  for (let at = 0; at < raw.length; ) {
    const lineEnd = raw.indexOf(0x0a, at)
    if (lineEnd < 0) break
    const size = Number.parseInt(latin1.decode(raw.subarray(at, lineEnd)), 16)
    if (!(size > 0)) return { data: data.subarray(0, length), isComplete: true }
    const chunk = raw.subarray(lineEnd + 1, lineEnd + 1 + size)
    data.set(chunk, length)
    length += chunk.length
    at = lineEnd + 1 + size + 2
  }
  return { data: data.subarray(0, length), isComplete: false }
}

export class ErrorBody {
  private readonly raw = new Uint8Array(MAX_RAW)
  private length = 0
  private readonly isChunked: boolean
  private readonly announced: number

  constructor({ fields }: ResponseHead) {
    const [coding] = valuesOf(fields, 'Transfer-Encoding')
    const [length] = valuesOf(fields, 'Content-Length')
    this.isChunked = coding !== undefined && /\bchunked\b/i.test(coding)
    this.announced = length !== undefined && /^\d+$/.test(length) ? Number(length) : Number.POSITIVE_INFINITY
  }

  push(bytes: Uint8Array): void {
    const part = bytes.subarray(0, MAX_RAW - this.length)
    this.raw.set(part, this.length)
    this.length += part.length
  }

  /** The body so far, at most MAX_ERROR_BODY bytes. */
  get data(): Uint8Array {
    return this.decoded.data.subarray(0, MAX_ERROR_BODY)
  }

  /** Nothing that the error keeps is still to come. */
  get isComplete(): boolean {
    const { data, isComplete } = this.decoded
    return isComplete || data.length >= MAX_ERROR_BODY || this.length === MAX_RAW
  }

  private get decoded(): { readonly data: Uint8Array; readonly isComplete: boolean } {
    const raw = this.raw.subarray(0, this.length)
    if (this.isChunked) return decodeChunked(raw)
    return { data: raw.subarray(0, this.announced), isComplete: this.length >= this.announced }
  }
}
