// Strings and UTF-8 by Node's Buffer, whose native functions take offsets and so need no view of their own.
// latin1Slice is the cheap way for ASCII: it makes a one-byte string without decoding.

import { Buffer } from 'node:buffer'
import type { TextCodec } from '../codec/ports.ts'

/** Methods of every Buffer that Node's types leave out; their receiver may be any Uint8Array. */
interface NativeText {
  latin1Slice(this: Uint8Array, start: number, end: number): string
  utf8Slice(this: Uint8Array, start: number, end: number): string
  utf8Write(this: Uint8Array, text: string, at: number, room: number): number
}

const { latin1Slice, utf8Slice, utf8Write } = Buffer.prototype as unknown as NativeText

/** Up to so many units a loop writes ASCII faster than a native call: an estimate, not yet set by a benchmark. */
const LOOP_MAX = 24

export const nodeText: TextCodec = {
  decode(bytes, start, end, isAscii) {
    return isAscii ? latin1Slice.call(bytes, start, end) : utf8Slice.call(bytes, start, end)
  },

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
