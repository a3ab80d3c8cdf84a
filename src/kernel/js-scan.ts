// The batch scan in plain JavaScript (RFC 6455 §5.2): walks every frame of a chunk, judges its header, unmasks and checks
// its payload in place, and writes one row for it. assembly/scan.ts is the same walk; change both together.

import { wordsOf, xorBytes, xorTextWords, xorWords } from './js-mask.ts'
import { skipAscii, utf8From } from './js-utf8.ts'
import {
  CONFIG_LENIENT_LENGTH,
  CONFIG_MASKED,
  CONFIG_RSV1,
  CONFIG_SKIP_UTF8,
  FAULT_CONTINUATION,
  FAULT_CONTROL_FIN,
  FAULT_CONTROL_LENGTH,
  FAULT_DATA_BEFORE_FIN,
  FAULT_FRAGMENTS,
  FAULT_LENGTH_FORM,
  FAULT_LENGTH_MSB,
  FAULT_MASK,
  FAULT_OPCODE,
  FAULT_RSV1,
  FAULT_RSV2,
  FAULT_RSV3,
  FAULT_TOO_BIG,
  FAULT_UTF8,
  MAX_ROWS,
  ROW_ASCII,
  ROW_COMPRESSED,
  ROW_CONTROL,
  ROW_FIN,
  ROW_FIRST,
  ROW_OPCODE,
  ROW_PARTIAL,
  ROW_WORDS,
  SCAN_CLOSE_SEEN,
  SCAN_FAULT,
  SCAN_NEED_MORE,
  SCAN_ROWS_FULL,
  STATE_CONFIG,
  STATE_CONSUMED,
  STATE_FAULT,
  STATE_FAULT_AT,
  STATE_FRAGMENTS,
  STATE_FRAME,
  STATE_HEAD,
  STATE_HEAD_COUNT,
  STATE_KEY,
  STATE_LEFT_HI,
  STATE_LEFT_LO,
  STATE_LENGTH_HI,
  STATE_LENGTH_LO,
  STATE_LIMIT_HI,
  STATE_LIMIT_LO,
  STATE_LIMIT_RSV1_LO,
  STATE_MAX_FRAGMENTS,
  STATE_MESSAGE,
  STATE_PHASE,
  STATE_ROW_COUNT,
  STATE_UTF8,
  UTF8_ACCEPT,
  UTF8_STATE,
  UTF8_WIDE,
} from './layout.ts'

/** The longest header: 2 bytes, 8 of length, 4 of key. */
const MAX_HEADER = 14
/** From so many bytes on a chunk gets its 32-bit view at once; below, payloads rarely repay it. */
const VIEW_FROM = 160
const NO_WORDS = new Int32Array(0)
const NOT_ASCII = 0x8080_8080 | 0

/** The bytes of a cut header. */
function headOf(state: Uint32Array): Uint8Array {
  return new Uint8Array(state.buffer, state.byteOffset + 4 * STATE_HEAD, MAX_HEADER)
}

/** The faults of a header's first two bytes. */
function judge(b0: number, b1: number, config: number, message: number): number {
  const opcode = b0 & 0x0f
  let faults = 0
  if ((b0 & 0x40) !== 0 && ((config & CONFIG_RSV1) === 0 || opcode === 0 || opcode > 2)) faults |= FAULT_RSV1
  if ((b0 & 0x20) !== 0) faults |= FAULT_RSV2
  if ((b0 & 0x10) !== 0) faults |= FAULT_RSV3
  if (opcode > 10 || (opcode > 2 && opcode < 8)) {
    faults |= FAULT_OPCODE
  } else if (opcode >= 8) {
    if ((b0 & 0x80) === 0) faults |= FAULT_CONTROL_FIN
    if ((b1 & 0x7f) > 125) faults |= FAULT_CONTROL_LENGTH
  } else if (opcode === 0) {
    if (message === 0) faults |= FAULT_CONTINUATION
  } else if (message !== 0) {
    faults |= FAULT_DATA_BEFORE_FIN
  }
  if (((b1 & 0x80) !== 0) !== ((config & CONFIG_MASKED) !== 0)) faults |= FAULT_MASK
  return faults
}

/** {@link Kernel.scan} in JavaScript, into `rows` of MAX_ROWS × ROW_WORDS words. */
export function scan(
  bytes: Uint8Array,
  start: number,
  end: number,
  state: Uint32Array,
  rows: Uint32Array,
): number {
  const config = state[STATE_CONFIG]
  const isMasked = (config & CONFIG_MASKED) !== 0
  const words = end - start >= VIEW_FROM ? wordsOf(bytes) : NO_WORDS
  // Byte i of the chunk is byte base + i of the words, for i up to wordsEnd.
  const base = words === NO_WORDS ? 0 : bytes.byteOffset
  const wordsEnd = words === NO_WORDS ? -1 : (words.length << 2) - base
  let row = 0
  let p = start
  let faults = 0
  let faultAt = start
  let status = SCAN_NEED_MORE

  /** Opcode of texts that are checked; 0 where none are. */
  const checked = (config & CONFIG_SKIP_UTF8) === 0 ? 1 : 0
  // Most bytes of whole messages in one masked frame, whose headers need no judging; -1: all are judged.
  let longest = -1
  if (isMasked && state[STATE_MAX_FRAGMENTS] !== 0)
    longest = state[STATE_LIMIT_HI] !== 0 ? 0xffff : Math.min(0xffff, state[STATE_LIMIT_LO])

  while (p < end) {
    if (row === MAX_ROWS * ROW_WORDS) {
      status = SCAN_ROWS_FULL
      break
    }

    let first = p
    let flags = 0
    let size = 0
    /** Payload bytes that are here. */
    let length = 0
    if ((state[STATE_HEAD_COUNT] | state[STATE_MESSAGE]) === 0 && end - p >= 8) {
      const b0 = bytes[p]
      const short = bytes[p + 1] ^ 0x80
      size = short === 126 ? 8 : 6
      length = short === 126 ? (bytes[p + 2] << 8) | bytes[p + 3] : short
      if (
        (b0 === 0x82 || b0 === 0x81) &&
        short <= 126 &&
        (short === 126) === length > 125 &&
        length <= longest &&
        length <= end - p - size
      )
        flags = b0 | ROW_FIRST
    }
    let key = 0
    if (flags !== 0) {
      p += size
      key = bytes[p - 4] | (bytes[p - 3] << 8) | (bytes[p - 2] << 16) | (bytes[p - 1] << 24)
    } else {
      // A header that earlier bytes began is completed in the state; head[h] is its first byte there.
      const carried = state[STATE_HEAD_COUNT]
      const message = state[STATE_MESSAGE]
      first -= carried
      let head = bytes
      let h = p
      let there = end - p
      if (carried !== 0) {
        head = headOf(state)
        h = 0
        there = Math.min(MAX_HEADER, carried + there)
        head.set(bytes.subarray(p, first + there), carried)
      }

      let lo = 0
      let hi = 0
      let isComplete = false
      let b0 = 0
      if (there >= 2) {
        b0 = head[h]
        lo = head[h + 1] & 0x7f
        size = lo < 126 ? 2 : lo === 126 ? 4 : 10
        faults = judge(b0, head[h + 1], config, message)
        if (faults === 0 && (b0 & ROW_CONTROL) === 0 && state[STATE_FRAGMENTS] >= state[STATE_MAX_FRAGMENTS])
          faults = FAULT_FRAGMENTS
        if (faults === 0 && there >= size) {
          if (size > 2) {
            lo = 0
            for (let i = 2; i < size; i++) {
              hi = (hi << 8) | (lo >>> 24)
              lo = (lo << 8) | head[h + i]
            }
            hi >>>= 0
            lo >>>= 0
            const isLong = hi === 0 && lo < (size === 4 ? 126 : 0x10000)
            if (hi >>> 31 !== 0) faults = FAULT_LENGTH_MSB
            else if (isLong && (config & CONFIG_LENIENT_LENGTH) === 0) faults = FAULT_LENGTH_FORM
          }
          if (faults === 0 && (b0 & ROW_CONTROL) === 0) {
            // 64-bit sums in two words: the sum so far is at most the limit, so the high word cannot overflow.
            const sumLo = (state[STATE_LENGTH_LO] + lo) >>> 0
            const sumHi = state[STATE_LENGTH_HI] + hi + (sumLo < lo ? 1 : 0)
            const limit = ((b0 | message) & ROW_COMPRESSED) !== 0 ? STATE_LIMIT_RSV1_LO : STATE_LIMIT_LO
            const limitHi = state[limit + 1]
            if (sumHi > limitHi || (sumHi === limitHi && sumLo > state[limit])) faults = FAULT_TOO_BIG
          }
          if (isMasked) size += 4
          isComplete = there >= size
        }
      }
      if (faults !== 0) {
        faultAt = first
        status = SCAN_FAULT
        break
      }
      if (!isComplete) {
        headOf(state).set(head.subarray(h, h + there))
        state[STATE_HEAD_COUNT] = there
        p = end
        break
      }
      if (isMasked) {
        const k = h + size
        key = head[k - 4] | (head[k - 3] << 8) | (head[k - 2] << 16) | (head[k - 1] << 24)
      }
      state[STATE_HEAD_COUNT] = 0
      p = first + size

      flags = (b0 & (ROW_OPCODE | ROW_COMPRESSED)) | ROW_FIRST
      if ((b0 & ROW_CONTROL) === 0) {
        if ((b0 & ROW_OPCODE) === 0) flags = message
        else state[STATE_MESSAGE] = b0 & (ROW_OPCODE | ROW_COMPRESSED)
        state[STATE_LENGTH_LO] += lo
        state[STATE_LENGTH_HI] += hi + (state[STATE_LENGTH_LO] < lo ? 1 : 0)
        state[STATE_FRAGMENTS]++
      }
      flags |= b0 & ROW_FIN

      length = end - p
      if (hi === 0 && lo <= length) {
        length = lo
      } else {
        state[STATE_FRAME] = flags
        state[STATE_LEFT_LO] = lo
        state[STATE_LEFT_HI] = hi
        state[STATE_KEY] = key
        state[STATE_PHASE] = 0
        flags |= ROW_PARTIAL
      }
    }

    const behind = p + length
    if ((flags & ROW_PARTIAL) === 0) {
      const hasWords = behind <= wordsEnd
      const isText = (flags & (ROW_OPCODE | ROW_COMPRESSED)) === checked
      // Whether the payload may hold more than ASCII.
      let wide = NOT_ASCII
      if (key !== 0) {
        if (!hasWords) wide = xorBytes(bytes, p, behind, key)
        else if (isText) wide = xorTextWords(words, base + p, base + behind, key)
        else xorWords(words, base + p, base + behind, key)
      }
      if (isText) {
        let text = state[STATE_UTF8]
        if ((wide & NOT_ASCII) !== 0 || (text & UTF8_STATE) !== UTF8_ACCEPT) {
          let from = p
          if (hasWords && (text & UTF8_STATE) === UTF8_ACCEPT) from = skipAscii(bytes, p, behind, words, base)
          const next = utf8From(bytes, from, behind, text)
          if (next < 0 || ((flags & ROW_FIN) !== 0 && (next & UTF8_STATE) !== UTF8_ACCEPT)) {
            faults = FAULT_UTF8
            faultAt = next < 0 ? ~next : behind
            status = SCAN_FAULT
            break
          }
          text = next
          state[STATE_UTF8] = (flags & ROW_FIN) !== 0 ? UTF8_ACCEPT : next
        }
        if ((text & UTF8_WIDE) === 0) flags |= ROW_ASCII
      }
      if (state[STATE_MESSAGE] !== 0 && (flags & (ROW_CONTROL | ROW_FIN)) === ROW_FIN) {
        state[STATE_MESSAGE] = 0
        state[STATE_LENGTH_LO] = 0
        state[STATE_LENGTH_HI] = 0
        state[STATE_FRAGMENTS] = 0
        state[STATE_UTF8] = UTF8_ACCEPT
      }
    }
    rows[row] = flags
    rows[row + 1] = p - start
    rows[row + 2] = length
    rows[row + 3] = first - start
    row += ROW_WORDS
    p = behind
    if ((flags & (ROW_OPCODE | ROW_PARTIAL)) === 8) {
      status = SCAN_CLOSE_SEEN
      break
    }
  }

  state[STATE_CONSUMED] = p - start
  state[STATE_ROW_COUNT] = row / ROW_WORDS
  state[STATE_FAULT] = faults
  state[STATE_FAULT_AT] = faultAt - start
  return status
}
