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
  ROW_CONTROL,
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
  STATE_LEFT_LO,
  STATE_LENGTH_LO,
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
/** A cut header. */
const HEAD_PTR: usize = STATE_PTR + (STATE_HEAD << 2)

function get(word: usize): u32 {
  return load<u32>((word << 2) + STATE_PTR)
}

function set(word: usize, value: u32): void {
  store<u32>((word << 2) + STATE_PTR, value)
}

// The low word of two stands first.

function getLong(word: usize): u64 {
  return load<u64>((word << 2) + STATE_PTR)
}

function setLong(word: usize, value: u64): void {
  store<u64>((word << 2) + STATE_PTR, value)
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

/** Writes the row of a frame, and returns where the next one goes. */
function writeRow(row: usize, flags: u32, payload: usize, length: u32, first: usize): usize {
  store<u64>(row, <u64>flags | ((<u64>payload) << 32))
  store<u64>(row, <u64>length | ((<u64>first) << 32), 8)
  return row + ROW_WORDS * 4
}

function fault(faults: u32, at: usize): u32 {
  set(STATE_FAULT, faults)
  set(STATE_FAULT_AT, <u32>at)
  return SCAN_FAULT
}

/** Takes memory[p..p + length) into the text in progress, which ends there with `flags` of ROW_FIN. */
function checkText(p: usize, length: u32, flags: u32, start: usize): u32 {
  const next = utf8(p, length, get(STATE_UTF8))
  const isLast = (flags & ROW_FIN) !== 0
  if (next < 0) return fault(FAULT_UTF8, p + <usize>~next - start)
  if (isLast && (next & UTF8_STATE) !== UTF8_ACCEPT) return fault(FAULT_UTF8, p + length - start)
  set(STATE_UTF8, isLast ? UTF8_ACCEPT : next)
  return (next & UTF8_WIDE) === 0 ? flags | ROW_ASCII : flags
}

/**
 * Scans memory[start..start + length) with the state at STATE_PTR; rows go to ROWS_PTR.
 * Returns a SCAN_* status.
 */
export function scan(start: usize, size: usize): u32 {
  const end = start + size
  const config = get(STATE_CONFIG)
  const isMasked = (config & CONFIG_MASKED) !== 0
  const lastRow: usize = ROWS_PTR + MAX_ROWS * ROW_WORDS * 4
  let row: usize = ROWS_PTR
  let p = start
  let status: u32 = SCAN_NEED_MORE
  fault(0, 0)

  // Opcode of texts that are checked; 0 where none are.
  const checked: u32 = (config & CONFIG_SKIP_UTF8) === 0 ? 1 : 0
  // Most bytes of whole messages in one masked frame, whose headers need no judging; -1: all are judged.
  let longest: i32 = -1
  if (isMasked && get(STATE_MAX_FRAGMENTS) !== 0) longest = <i32>min<u64>(0xffff, getLong(STATE_LIMIT_LO))

  while (p < end && status === SCAN_NEED_MORE) {
    if ((get(STATE_HEAD_COUNT) | get(STATE_MESSAGE)) === 0) {
      while (end - p >= 6 && row !== lastRow) {
        const head: u32 = load<u16>(p)
        let flags = head & 0xff
        let length = (head >> 8) ^ 0x80
        let payload = p + 6
        if (flags - 0x81 > 1 || length > 126) break
        if (length === 126) {
          if (end - p < 8) break
          length = bswap<u16>(load<u16>(p, 2))
          if (length < 126) break
          payload = p + 8
        }
        const behind = payload + length
        if (behind > end || <i32>length > longest) break
        const wide = mask(payload, length, load<u32>(payload - 4))
        flags |= ROW_FIRST
        if ((flags & ROW_OPCODE) === checked) {
          if (wide === 0) flags |= ROW_ASCII
          else flags = checkText(payload, length, flags, start)
          if (flags === SCAN_FAULT) {
            status = flags
            break
          }
        }
        row = writeRow(row, flags, payload - start, length, p - start)
        p = behind
      }
      if (p === end || status !== SCAN_NEED_MORE) break
    }
    if (row === lastRow) {
      status = SCAN_ROWS_FULL
      break
    }

    // A header that earlier bytes began is completed in the state record; h points at its first byte there.
    const carried: usize = get(STATE_HEAD_COUNT)
    const message = get(STATE_MESSAGE)
    const first = p - carried
    let h = p
    let there = end - p
    if (carried !== 0) {
      const more = min<usize>(MAX_HEADER - carried, there)
      memory.copy(HEAD_PTR + carried, p, more)
      h = HEAD_PTR
      there = carried + more
    }

    let announced: u64 = 0
    let header: usize = 2
    let b0: u32 = 0
    if (there >= 2) {
      b0 = load<u8>(h)
      const b1: u32 = load<u8>(h, 1)
      const isData = (b0 & ROW_CONTROL) === 0
      let faults = judge(b0, b1, config, message)
      if (faults === 0 && isData && get(STATE_FRAGMENTS) >= get(STATE_MAX_FRAGMENTS)) faults = FAULT_FRAGMENTS
      announced = b1 & 0x7f
      if (announced > 125) header = announced === 126 ? 4 : 10
      if (faults === 0 && there >= header) {
        if (header > 2) {
          announced = 0
          for (let i: usize = 2; i < header; i++) announced = (announced << 8) | load<u8>(h + i)
          if (<i64>announced < 0) faults = FAULT_LENGTH_MSB
          else if (announced < (header === 4 ? 126 : 0x10000) && (config & CONFIG_LENIENT_LENGTH) === 0)
            faults = FAULT_LENGTH_FORM
        }
        // The sum so far is at most the limit, so this one cannot overflow.
        const limit: usize = ((b0 | message) & ROW_COMPRESSED) !== 0 ? STATE_LIMIT_RSV1_LO : STATE_LIMIT_LO
        if (faults === 0 && isData && getLong(STATE_LENGTH_LO) + announced > getLong(limit))
          faults = FAULT_TOO_BIG
      }
      if (faults !== 0) {
        status = fault(faults, first - start)
        break
      }
    }
    if (isMasked) header += 4
    if (there < header) {
      memory.copy(HEAD_PTR, h, there)
      set(STATE_HEAD_COUNT, <u32>there)
      p = end
      break
    }
    set(STATE_HEAD_COUNT, 0)
    const key: u32 = isMasked ? load<u32>(h + header - 4) : 0
    p = first + header

    let flags = (b0 & (ROW_OPCODE | ROW_COMPRESSED)) | ROW_FIRST
    if ((b0 & ROW_CONTROL) === 0) {
      if ((b0 & ROW_OPCODE) === 0) flags = message
      else set(STATE_MESSAGE, b0 & (ROW_OPCODE | ROW_COMPRESSED))
      setLong(STATE_LENGTH_LO, getLong(STATE_LENGTH_LO) + announced)
      set(STATE_FRAGMENTS, get(STATE_FRAGMENTS) + 1)
    }
    flags |= b0 & ROW_FIN

    const visible = end - p
    if (announced > visible) {
      set(STATE_FRAME, flags)
      setLong(STATE_LEFT_LO, announced)
      set(STATE_KEY, key)
      set(STATE_PHASE, 0)
      row = writeRow(row, flags | ROW_PARTIAL, p - start, <u32>visible, first - start)
      p = end
      break
    }
    const length = <u32>announced
    if (key !== 0) mask(p, length, key)
    if ((flags & (ROW_OPCODE | ROW_COMPRESSED)) === checked) {
      flags = checkText(p, length, flags, start)
      if (flags === SCAN_FAULT) {
        status = flags
        break
      }
    }
    if ((flags & (ROW_CONTROL | ROW_FIN)) === ROW_FIN) {
      set(STATE_MESSAGE, 0)
      setLong(STATE_LENGTH_LO, 0)
      set(STATE_FRAGMENTS, 0)
    }
    row = writeRow(row, flags, p - start, length, first - start)
    p += length
    if ((flags & ROW_OPCODE) === 8) status = SCAN_CLOSE_SEEN
  }

  set(STATE_CONSUMED, <u32>(p - start))
  set(STATE_ROW_COUNT, <u32>((row - ROWS_PTR) / (ROW_WORDS * 4)))
  return status
}
