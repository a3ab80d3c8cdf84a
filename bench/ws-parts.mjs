// What of the ws package stands in the tables: the package with and without bufferutil, and its two byte loops.
// The loops are restated from ws 8.23 (MIT), because ws hides them wherever Node or an addon has something faster.

import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** A copy of ws of its own, so that a copy with bufferutil and one without can stand side by side. */
export function loadWs({ bufferutil }) {
  for (const path of Object.keys(require.cache)) {
    if (/[\\/]node_modules[\\/]ws[\\/]/.test(path)) delete require.cache[path]
  }
  if (bufferutil) delete process.env.WS_NO_BUFFER_UTIL
  else process.env.WS_NO_BUFFER_UTIL = '1'
  return require('ws')
}

/** ws lib/buffer-util.js, _unmask. */
export function unmask(buffer, mask) {
  for (let i = 0; i < buffer.length; i++) {
    buffer[i] ^= mask[i & 3]
  }
}

/** ws lib/validation.js, _isValidUTF8; ported there from https://www.cl.cam.ac.uk/%7Emgk25/ucs/utf8_check.c */
export function isValidUtf8(buf) {
  const len = buf.length
  let i = 0

  while (i < len) {
    if ((buf[i] & 0x80) === 0) {
      i++
    } else if ((buf[i] & 0xe0) === 0xc0) {
      if (i + 1 === len || (buf[i + 1] & 0xc0) !== 0x80 || (buf[i] & 0xfe) === 0xc0) {
        return false
      }
      i += 2
    } else if ((buf[i] & 0xf0) === 0xe0) {
      if (
        i + 2 >= len ||
        (buf[i + 1] & 0xc0) !== 0x80 ||
        (buf[i + 2] & 0xc0) !== 0x80 ||
        (buf[i] === 0xe0 && (buf[i + 1] & 0xe0) === 0x80) ||
        (buf[i] === 0xed && (buf[i + 1] & 0xe0) === 0xa0)
      ) {
        return false
      }
      i += 3
    } else if ((buf[i] & 0xf8) === 0xf0) {
      if (
        i + 3 >= len ||
        (buf[i + 1] & 0xc0) !== 0x80 ||
        (buf[i + 2] & 0xc0) !== 0x80 ||
        (buf[i + 3] & 0xc0) !== 0x80 ||
        (buf[i] === 0xf0 && (buf[i + 1] & 0xf0) === 0x80) ||
        (buf[i] === 0xf4 && buf[i + 1] > 0x8f) ||
        buf[i] > 0xf4
      ) {
        return false
      }
      i += 4
    } else {
      return false
    }
  }

  return true
}
