// Strings and UTF-8 by Node's Buffer, whose native functions take offsets and so need no view of their own.
// ASCII is copied as Latin-1; other text goes by way of UTF-16 on those versions of Node that decode UTF-8 slowly.

import { Buffer } from 'node:buffer'
import type { TextCodec } from '../codec/ports.ts'
import { createTranscoder, type Transcode } from './transcoder.ts'

/** Methods of every Buffer that Node's types leave out; their receiver may be any Uint8Array. */
interface NativeText {
  latin1Slice(this: Uint8Array, start: number, end: number): string
  utf8Slice(this: Uint8Array, start: number, end: number): string
  utf8Write(this: Uint8Array, text: string, at: number, room: number): number
}

const { latin1Slice, utf8Slice, utf8Write } = Buffer.prototype as unknown as NativeText

/** Up to so many units a loop writes ASCII faster than a native call: an estimate, not yet set by a benchmark. */
const LOOP_MAX = 24
/** From so many bytes on UTF-16 by way of WASM is the faster way to a string (bench/kernels/text.mjs). */
const TRANSCODE_FROM = 16

/** Made when it is first needed; null where there is none. */
let transcode: Transcode | null | undefined

function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  if (end - start < TRANSCODE_FROM) return utf8Slice.call(bytes, start, end)
  if (transcode === undefined) transcode = createTranscoder() ?? null
  if (transcode === null) return utf8Slice.call(bytes, start, end)
  try {
    return transcode(bytes, start, end)
  } catch {
    // A trap, of which none is known: the module is not to be trusted any more.
    transcode = null
    return utf8Slice.call(bytes, start, end)
  }
}

export const nodeText: TextCodec = {
  decode(bytes, start, end, isAscii) {
    return isAscii ? latin1Slice.call(bytes, start, end) : decodeUtf8(bytes, start, end)
  },

  latin1: (bytes, start, end) => latin1Slice.call(bytes, start, end),

  byteLength: (text) => Buffer.byteLength(text),

  encodeInto(text, target, at) {
    const { length } = text
    if (length <= LOOP_MAX) {
      let i = 0
      for (; i < length; i++) {
        const unit = text.charCodeAt(i)
        if (unit > 0x7f) break
        target[at + i] = unit
      }
      if (i === length) return length
    }
    return utf8Write.call(target, text, at, target.length - at)
  },
}
