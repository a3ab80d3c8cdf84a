// Strings and UTF-8 by what every runtime has: TextDecoder and TextEncoder (RFC 6455 §5.6 sends text as UTF-8).
// The Node entry brings a faster one.

import type { TextCodec } from './ports.ts'

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()

/** The {@link TextCodec} of every runtime. */
export const portableText: TextCodec = {
  decode(bytes, start, end) {
    return decoder.decode(bytes.subarray(start, end))
  },

  byteLength(text) {
    return encoder.encode(text).length
  },

  encodeInto(text, target, at) {
    return encoder.encodeInto(text, target.subarray(at)).written
  },
}
