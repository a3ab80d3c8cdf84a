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

/** A cut header, completed for judging. Holds nothing between two scans. */
const carriedHead = new Uint8Array(MAX_HEADER)

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
  const words = end - start >= VIEW_FROM ? wordsOf(bytes) : NO_WORDS
  // Byte i of the chunk is byte base + i of the words, for i up to wordsEnd.
  const base = words === NO_WORDS ? 0 : bytes.byteOffset
  const wordsEnd = words === NO_WORDS ? -1 : (words.length << 2) - base
  let message = state[STATE_MESSAGE]
  let lengthLo = state[STATE_LENGTH_LO]
  let lengthHi = state[STATE_LENGTH_HI]
  let fragments = state[STATE_FRAGMENTS]
  let text = state[STATE_UTF8]
  let carried = state[STATE_HEAD_COUNT]
  let row = 0
  let p = start
  let faults = 0
  let faultAt = start
  let status = SCAN_NEED_MORE

  const checksText = (config & CONFIG_SKIP_UTF8) === 0
  // Most bytes of whole messages in one masked frame, which are taken without the steps below; -1: none are.
  let longest = -1
  if ((config & CONFIG_MASKED) !== 0 && state[STATE_MAX_FRAGMENTS] !== 0)
    longest = state[STATE_LIMIT_HI] !== 0 ? 0xffff : Math.min(0xffff, state[STATE_LIMIT_LO])

  while (p < end) {
    if (carried === 0 && message === 0) {
      while (end - p >= 6 && row !== MAX_ROWS * ROW_WORDS) {
        const first = bytes[p]
        let size = bytes[p + 1] ^ 0x80
        let payload = p + 6
        if ((first !== 0x82 && first !== 0x81) || size > 126) break
        if (size === 126) {
          if (end - p < 8) break
          size = (bytes[p + 2] << 8) | bytes[p + 3]
          if (size < 126) break
          payload = p + 8
        }
        const behind = payload + size
        if (behind > end || size > longest) break
        const key =
          bytes[payload - 4] |
          (bytes[payload - 3] << 8) |
          (bytes[payload - 2] << 16) |
          (bytes[payload - 1] << 24)
        const hasWords = behind <= wordsEnd
        let flags = first | ROW_FIRST
        if (first === 0x81 && checksText) {
          const all = hasWords
            ? xorTextWords(words, base + payload, base + behind, key)
            : xorBytes(bytes, payload, behind, key)
          if ((all & NOT_ASCII) === 0) {
            flags |= ROW_ASCII
          } else {
            const next = utf8From(bytes, payload, behind, UTF8_ACCEPT)
            if (next < 0 || (next & UTF8_STATE) !== UTF8_ACCEPT) {
              faults = FAULT_UTF8
              faultAt = next < 0 ? ~next : behind
              break
            }
          }
        } else if (hasWords) {
          xorWords(words, base + payload, base + behind, key)
        } else {
          xorBytes(bytes, payload, behind, key)
        }
        rows[row] = flags
        rows[row + 1] = payload - start
        rows[row + 2] = size
        rows[row + 3] = p - start
        row += ROW_WORDS
        p = behind
      }
      if (faults !== 0) {
        status = SCAN_FAULT
        break
      }
      if (p === end) break
    }
    if (row === MAX_ROWS * ROW_WORDS) {
      status = SCAN_ROWS_FULL
      break
    }

    // A header that earlier bytes began is completed aside; head[h] is its first byte there.
    const first = p - carried
    let head = bytes
    let h = p
    let there = end - p
    if (carried !== 0) {
      there = Math.min(MAX_HEADER, carried + there)
      for (let i = 0; i < carried; i++) carriedHead[i] = state[STATE_HEAD + (i >>> 2)] >>> ((i & 3) << 3)
      for (let i = carried; i < there; i++) carriedHead[i] = bytes[first + i]
      head = carriedHead
      h = 0
    }

    let size = 2
    let lo = 0
    let hi = 0
    let key = 0
    let complete = false
    let b0 = 0
    let opcode = 0
    if (there >= 2) {
      b0 = head[h]
      const b1 = head[h + 1]
      opcode = b0 & 0x0f
      faults = judge(b0, b1, config, message)
      if (faults === 0 && opcode < 8 && fragments >= state[STATE_MAX_FRAGMENTS]) faults = FAULT_FRAGMENTS
      if (faults === 0) {
        lo = b1 & 0x7f
        let known = true
        if (lo === 126) {
          size = 4
          known = there >= 4
          if (known) {
            lo = (head[h + 2] << 8) | head[h + 3]
            if (lo < 126 && (config & CONFIG_LENIENT_LENGTH) === 0) faults = FAULT_LENGTH_FORM
          }
        } else if (lo === 127) {
          size = 10
          known = there >= 10
          if (known) {
            hi = ((head[h + 2] << 24) | (head[h + 3] << 16) | (head[h + 4] << 8) | head[h + 5]) >>> 0
            lo = ((head[h + 6] << 24) | (head[h + 7] << 16) | (head[h + 8] << 8) | head[h + 9]) >>> 0
            if (hi >>> 31 !== 0) faults = FAULT_LENGTH_MSB
            else if (hi === 0 && lo < 0x10000 && (config & CONFIG_LENIENT_LENGTH) === 0)
              faults = FAULT_LENGTH_FORM
          }
        }
        if (known && faults === 0 && opcode < 8) {
          // 64-bit sums in two words: the sum so far is at most the limit, so the high word cannot overflow.
          const sumLo = (lengthLo + lo) >>> 0
          const sumHi = lengthHi + hi + (sumLo < lo ? 1 : 0)
          const compressed = opcode === 0 ? (message & ROW_COMPRESSED) !== 0 : (b0 & 0x40) !== 0
          const limit = compressed ? STATE_LIMIT_RSV1_LO : STATE_LIMIT_LO
          const limitHi = state[limit + 1]
          if (sumHi > limitHi || (sumHi === limitHi && sumLo > state[limit])) faults = FAULT_TOO_BIG
        }
        if (known && faults === 0) {
          if ((config & CONFIG_MASKED) !== 0) {
            if (there >= size + 4) {
              const k = h + size
              key = head[k] | (head[k + 1] << 8) | (head[k + 2] << 16) | (head[k + 3] << 24)
            }
            size += 4
          }
          complete = there >= size
        }
      }
    }
    if (faults !== 0) {
      faultAt = first
      status = SCAN_FAULT
      break
    }
    if (!complete) {
      for (let i = STATE_HEAD; i < STATE_HEAD + 4; i++) state[i] = 0
      for (let i = 0; i < there; i++) state[STATE_HEAD + (i >>> 2)] |= head[h + i] << ((i & 3) << 3)
      carried = there
      p = end
      break
    }
    carried = 0
    p = first + size

    let flags: number
    if (opcode < 8) {
      if (opcode !== 0) {
        flags = opcode | (b0 & 0x40) | ROW_FIRST
        message = flags & (ROW_OPCODE | ROW_COMPRESSED)
        text = UTF8_ACCEPT
      } else {
        flags = message
      }
      lengthLo = (lengthLo + lo) >>> 0
      lengthHi += hi + (lengthLo < lo ? 1 : 0)
      fragments++
    } else {
      flags = opcode | ROW_FIRST
    }
    flags |= b0 & ROW_FIN

    const visible = end - p
    if (hi !== 0 || lo > visible) {
      rows[row] = flags | ROW_PARTIAL
      rows[row + 1] = p - start
      rows[row + 2] = visible
      rows[row + 3] = first - start
      row += ROW_WORDS
      state[STATE_FRAME] = flags
      state[STATE_LEFT_LO] = lo
      state[STATE_LEFT_HI] = hi
      state[STATE_KEY] = key
      state[STATE_PHASE] = 0
      p = end
      break
    }

    const behind = p + lo
    if (key !== 0) {
      if (behind <= wordsEnd) xorWords(words, base + p, base + behind, key)
      else xorBytes(bytes, p, behind, key)
    }
    if (opcode < 8) {
      if ((message & (ROW_OPCODE | ROW_COMPRESSED)) === 1 && (config & CONFIG_SKIP_UTF8) === 0) {
        let from = p
        if ((text & UTF8_STATE) === UTF8_ACCEPT && behind <= wordsEnd)
          from = skipAscii(bytes, p, behind, words, base)
        const next = utf8From(bytes, from, behind, text)
        if (next < 0) {
          faults = FAULT_UTF8
          faultAt = ~next
        } else {
          text = next
          if ((b0 & 0x80) !== 0 && (text & UTF8_STATE) !== UTF8_ACCEPT) {
            faults = FAULT_UTF8
            faultAt = behind
          }
          if ((text & UTF8_WIDE) === 0) flags |= ROW_ASCII
        }
        if (faults !== 0) {
          status = SCAN_FAULT
          break
        }
      }
      if ((b0 & 0x80) !== 0) {
        message = 0
        lengthLo = 0
        lengthHi = 0
        fragments = 0
        text = UTF8_ACCEPT
      }
    }
    rows[row] = flags
    rows[row + 1] = p - start
    rows[row + 2] = lo
    rows[row + 3] = first - start
    row += ROW_WORDS
    p = behind
    if (opcode === 8) {
      status = SCAN_CLOSE_SEEN
      break
    }
  }

  state[STATE_MESSAGE] = message
  state[STATE_LENGTH_LO] = lengthLo
  state[STATE_LENGTH_HI] = lengthHi
  state[STATE_FRAGMENTS] = fragments
  state[STATE_UTF8] = text
  state[STATE_HEAD_COUNT] = carried
  state[STATE_CONSUMED] = p - start
  state[STATE_ROW_COUNT] = row / ROW_WORDS
  state[STATE_FAULT] = faults
  state[STATE_FAULT_AT] = faultAt - start
  return status
}
