// From the kernel's fault bits to an error: which code a fault has, and the words that name it.
// The words are gorilla/websocket's; several faults of one header are listed, the first one gives the code.

import {
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
} from '../kernel/layout.ts'
import { type ErrorCode, WebSocketError } from './errors.ts'

const faults: readonly (readonly [bit: number, code: ErrorCode, words: string])[] = [
  [FAULT_RSV1, 'ERR_WS_RESERVED_BIT', 'RSV1 set'],
  [FAULT_RSV2, 'ERR_WS_RESERVED_BIT', 'RSV2 set'],
  [FAULT_RSV3, 'ERR_WS_RESERVED_BIT', 'RSV3 set'],
  [FAULT_OPCODE, 'ERR_WS_OPCODE', 'bad opcode'],
  [FAULT_CONTROL_FIN, 'ERR_WS_CONTROL_FRAME', 'FIN not set on control'],
  [FAULT_CONTROL_LENGTH, 'ERR_WS_CONTROL_FRAME', 'len > 125 for control'],
  [FAULT_DATA_BEFORE_FIN, 'ERR_WS_FRAGMENTATION', 'data before FIN'],
  [FAULT_CONTINUATION, 'ERR_WS_FRAGMENTATION', 'continuation after FIN'],
  [FAULT_MASK, 'ERR_WS_MASK', 'bad MASK'],
  [FAULT_LENGTH_FORM, 'ERR_WS_LENGTH', 'length not in its shortest form'],
  [FAULT_LENGTH_MSB, 'ERR_WS_LENGTH', 'top bit of the length set'],
  [FAULT_TOO_BIG, 'ERR_WS_MESSAGE_TOO_BIG', 'message longer than the read limit'],
  [FAULT_FRAGMENTS, 'ERR_WS_TOO_MANY_FRAGMENTS', 'too many fragments'],
  [FAULT_UTF8, 'ERR_WS_INVALID_UTF8', 'text is not UTF-8'],
]

/** The error for the fault bits of one frame, found at byte `offset` of the incoming stream. */
export function faultError(bits: number, offset: number): WebSocketError {
  const found = faults.filter(([bit]) => (bits & bit) !== 0)
  const code = found[0]?.[1] ?? 'ERR_WS_OPCODE'
  return new WebSocketError(code, {
    message: found.map(([, , words]) => words).join(', '),
    remote: true,
    offset,
  })
}
