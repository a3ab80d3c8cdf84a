// The batch scan (RFC 6455 §5.2): walks every frame of a chunk in linear memory, judges its header, unmasks and checks
// its payload in place, and writes one row for it. src/kernel/js-scan.ts is the same walk; change both together.

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
  ROWS_PTR,
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
  STATE_PTR,
  STATE_ROW_COUNT,
  STATE_UTF8,
  UTF8_ACCEPT,
  UTF8_STATE,
  UTF8_WIDE,
} from '../src/kernel/layout.ts'
import { mask } from './mask'
import { utf8 } from './utf8'

/** The longest header: 2 bytes, 8 of length, 4 of key. */
const MAX_HEADER: usize = 14

function get(word: usize): u32 {
  return load<u32>((word << 2) + STATE_PTR)
}

function set(word: usize, value: u32): void {
  store<u32>((word << 2) + STATE_PTR, value)
}

/** The faults of a header's first two bytes. */
function judge(b0: u32, b1: u32, config: u32, message: u32): u32 {
  const opcode = b0 & 0x0f
  let faults: u32 = 0
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

/**
 * Unmasks memory[p..p + length) in place and looks at what comes out: not 0 when a byte above 7F did.
 * The last bytes of the payload are done first, and twice: no loop for a rest.
 */
function unmaskText(p: usize, length: u32, key: u32): u32 {
  if (length >= 16) {
    const keys = i32x4.splat(key)
    const tail = length - 16
    const stop = p + tail
    const last = v128.xor(v128.load(stop), i32x4.splat(rotr<u32>(key, tail << 3)))
    let all = last
    let q = p
    while (q + 48 <= stop) {
      const a = v128.xor(v128.load(q), keys)
      const b = v128.xor(v128.load(q, 16), keys)
      const c = v128.xor(v128.load(q, 32), keys)
      const d = v128.xor(v128.load(q, 48), keys)
      all = v128.or(all, v128.or(v128.or(a, b), v128.or(c, d)))
      v128.store(q, a)
      v128.store(q, b, 16)
      v128.store(q, c, 32)
      v128.store(q, d, 48)
      q += 64
    }
    while (q < stop) {
      const part = v128.xor(v128.load(q), keys)
      all = v128.or(all, part)
      v128.store(q, part)
      q += 16
    }
    v128.store(stop, last)
    return i8x16.bitmask(all)
  }
  if (length >= 8) {
    const keys = <u64>key | ((<u64>key) << 32)
    const tail = length - 8
    const first = load<u64>(p) ^ keys
    const last = load<u64>(p + tail) ^ rotr<u64>(keys, tail << 3)
    store<u64>(p, first)
    store<u64>(p + tail, last)
    // 64 bits of 0x80, which no JavaScript number holds.
    return u32(((first | last) & (0x80808080 | ((<u64>0x80808080) << 32))) !== 0)
  }
  if (length >= 4) {
    const tail = length - 4
    const first = load<u32>(p) ^ key
    const last = load<u32>(p + tail) ^ rotr<u32>(key, tail << 3)
    store<u32>(p, first)
    store<u32>(p + tail, last)
    return (first | last) & 0x80808080
  }
  let all: u32 = 0
  for (let i: u32 = 0; i < length; i++) {
    const byte = load<u8>(p + i) ^ <u8>key
    all |= byte
    store<u8>(p + i, byte)
    key >>= 8
  }
  return all & 0x80
}

/**
 * Scans memory[start..start + length) with the state at STATE_PTR; rows go to ROWS_PTR.
 * Returns a SCAN_* status.
 */
export function scan(start: usize, length: usize): u32 {
  const end = start + length
  const config = get(STATE_CONFIG)
  const head: usize = STATE_PTR + (STATE_HEAD << 2)
  let message = get(STATE_MESSAGE)
  let lengthLo = get(STATE_LENGTH_LO)
  let lengthHi = get(STATE_LENGTH_HI)
  let fragments = get(STATE_FRAGMENTS)
  let text = get(STATE_UTF8)
  let carried: usize = get(STATE_HEAD_COUNT)
  let row: usize = ROWS_PTR
  let p = start
  let faults: u32 = 0
  let faultAt: usize = 0
  let status: u32 = SCAN_NEED_MORE

  const lastRow: usize = ROWS_PTR + MAX_ROWS * ROW_WORDS * 4
  const checksText = (config & CONFIG_SKIP_UTF8) === 0
  // Most bytes of whole messages in one masked frame, which are taken without the steps below; -1: none are.
  let longest: i32 = -1
  if ((config & CONFIG_MASKED) !== 0 && get(STATE_MAX_FRAGMENTS) !== 0)
    longest = get(STATE_LIMIT_HI) !== 0 ? 0xffff : <i32>min<u32>(0xffff, get(STATE_LIMIT_LO))

  while (p < end) {
    if (carried === 0 && message === 0) {
      while (end - p >= 6 && row !== lastRow) {
        const head: u32 = load<u16>(p)
        const opcode = head & 0x7f
        let size = (head >> 8) ^ 0x80
        let payload = p + 6
        if ((head & 0x80) === 0 || opcode - 1 > 1 || size > 126) break
        if (size === 126) {
          if (end - p < 8) break
          size = bswap<u16>(load<u16>(p, 2))
          if (size < 126) break
          payload = p + 8
        }
        const behind = payload + size
        if (behind > end || <i32>size > longest) break
        const key = load<u32>(payload - 4)
        const wide = unmaskText(payload, size, key)
        let flags = (head & 0xff) | ROW_FIRST
        if (opcode === 1 && checksText) {
          if (wide === 0) {
            flags |= ROW_ASCII
          } else {
            const next = utf8(payload, size, UTF8_ACCEPT)
            if (next < 0 || (next & UTF8_STATE) !== UTF8_ACCEPT) {
              faults = FAULT_UTF8
              faultAt = next < 0 ? payload + <usize>~next : behind
              break
            }
          }
        }
        store<u64>(row, <u64>flags | ((<u64>(payload - start)) << 32))
        store<u64>(row, <u64>size | ((<u64>(p - start)) << 32), 8)
        row += ROW_WORDS * 4
        p = behind
      }
      if (faults !== 0) {
        status = SCAN_FAULT
        break
      }
      if (p === end) break
    }
    if (row === lastRow) {
      status = SCAN_ROWS_FULL
      break
    }

    // A header that earlier bytes began is completed in the state record; h points at its first byte there.
    const first = p - carried
    let h = p
    let there = end - p
    if (carried !== 0) {
      const more = min<usize>(MAX_HEADER - carried, there)
      memory.copy(head + carried, p, more)
      h = head
      there = carried + more
    }

    let size: usize = 2
    let lo: u32 = 0
    let hi: u32 = 0
    let key: u32 = 0
    let complete = false
    let b0: u32 = 0
    let opcode: u32 = 0
    if (there >= 2) {
      b0 = load<u8>(h)
      const b1 = <u32>load<u8>(h, 1)
      opcode = b0 & 0x0f
      faults = judge(b0, b1, config, message)
      if (faults === 0 && opcode < 8 && fragments >= get(STATE_MAX_FRAGMENTS)) faults = FAULT_FRAGMENTS
      if (faults === 0) {
        lo = b1 & 0x7f
        let known = true
        if (lo === 126) {
          size = 4
          known = there >= 4
          if (known) {
            lo = bswap<u16>(load<u16>(h, 2))
            if (lo < 126 && (config & CONFIG_LENIENT_LENGTH) === 0) faults = FAULT_LENGTH_FORM
          }
        } else if (lo === 127) {
          size = 10
          known = there >= 10
          if (known) {
            hi = bswap<u32>(load<u32>(h, 2))
            lo = bswap<u32>(load<u32>(h, 6))
            if (hi >> 31 !== 0) faults = FAULT_LENGTH_MSB
            else if (hi === 0 && lo < 0x10000 && (config & CONFIG_LENIENT_LENGTH) === 0)
              faults = FAULT_LENGTH_FORM
          }
        }
        if (known && faults === 0 && opcode < 8) {
          // 64-bit sums in two words: the sum so far is at most the limit, so the high word cannot overflow.
          const sumLo = lengthLo + lo
          const sumHi = lengthHi + hi + u32(sumLo < lo)
          const compressed = opcode === 0 ? (message & ROW_COMPRESSED) !== 0 : (b0 & 0x40) !== 0
          const limit: usize = compressed ? STATE_LIMIT_RSV1_LO : STATE_LIMIT_LO
          const limitHi = get(limit + 1)
          if (sumHi > limitHi || (sumHi === limitHi && sumLo > get(limit))) faults = FAULT_TOO_BIG
        }
        if (known && faults === 0) {
          if ((config & CONFIG_MASKED) !== 0) {
            if (there >= size + 4) key = load<u32>(h + size)
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
      if (carried === 0) memory.copy(head, p, there)
      carried = there
      p = end
      break
    }
    carried = 0
    p = first + size

    let flags: u32
    if (opcode < 8) {
      if (opcode !== 0) {
        flags = opcode | (b0 & 0x40) | ROW_FIRST
        message = flags & (ROW_OPCODE | ROW_COMPRESSED)
        text = UTF8_ACCEPT
      } else {
        flags = message
      }
      lengthLo += lo
      lengthHi += hi + u32(lengthLo < lo)
      fragments += 1
    } else {
      flags = opcode | ROW_FIRST
    }
    flags |= b0 & ROW_FIN

    const visible = end - p
    if (hi !== 0 || <usize>lo > visible) {
      store<u32>(row, flags | ROW_PARTIAL)
      store<u32>(row, <u32>(p - start), 4)
      store<u32>(row, <u32>visible, 8)
      store<u32>(row, <u32>(first - start), 12)
      row += ROW_WORDS * 4
      set(STATE_FRAME, flags)
      set(STATE_LEFT_LO, lo)
      set(STATE_LEFT_HI, hi)
      set(STATE_KEY, key)
      set(STATE_PHASE, 0)
      p = end
      break
    }

    if (key !== 0) mask(p, p, lo, key, 0)
    if (opcode < 8) {
      if ((message & (ROW_OPCODE | ROW_COMPRESSED)) === 1 && (config & CONFIG_SKIP_UTF8) === 0) {
        const next = utf8(p, lo, text)
        if (next < 0) {
          faults = FAULT_UTF8
          faultAt = p + <usize>~next
        } else {
          text = next
          if ((b0 & 0x80) !== 0 && (text & UTF8_STATE) !== UTF8_ACCEPT) {
            faults = FAULT_UTF8
            faultAt = p + lo
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
    store<u32>(row, flags)
    store<u32>(row, <u32>(p - start), 4)
    store<u32>(row, lo, 8)
    store<u32>(row, <u32>(first - start), 12)
    row += ROW_WORDS * 4
    p += lo
    if (opcode === 8) {
      status = SCAN_CLOSE_SEEN
      break
    }
  }

  set(STATE_MESSAGE, message)
  set(STATE_LENGTH_LO, lengthLo)
  set(STATE_LENGTH_HI, lengthHi)
  set(STATE_FRAGMENTS, fragments)
  set(STATE_UTF8, text)
  set(STATE_HEAD_COUNT, <u32>carried)
  set(STATE_CONSUMED, <u32>(p - start))
  set(STATE_ROW_COUNT, <u32>((row - ROWS_PTR) / (ROW_WORDS * 4)))
  set(STATE_FAULT, faults)
  set(STATE_FAULT_AT, <u32>(faultAt - start))
  return status
}
