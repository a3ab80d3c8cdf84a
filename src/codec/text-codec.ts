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
    let length = text.length
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      if (unit < 0x80) continue
      if (unit < 0x800) {
        length += 1
      } else {
        length += 2
        // A surrogate pair takes four bytes for its two units, a lone surrogate the three of U+FFFD.
        if (unit >= 0xd800 && unit < 0xdc00 && i + 1 < text.length) {
          const next = text.charCodeAt(i + 1)
          if (next >= 0xdc00 && next < 0xe000) i++
        }
      }
    }
    return length
  },

  encodeInto(text, target, at) {
    return encoder.encodeInto(text, target.subarray(at)).written
  },
}
