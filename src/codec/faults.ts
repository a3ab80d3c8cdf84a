// From the kernel's fault bits to an error: which code a fault has, and the words that name it.
// The words are gorilla/websocket's; several faults of one header are listed, the first one gives the code.

import type { ErrorCode, WebSocketError } from './errors.ts'
import { peerError } from './shared-errors.ts'

/** In the order of the FAULT_* bits of src/kernel/layout.ts, from the lowest on. */
const faults: readonly (readonly [code: ErrorCode, words: string])[] = [
  ['ERR_WS_RESERVED_BIT', 'RSV1 set'],
  ['ERR_WS_RESERVED_BIT', 'RSV2 set'],
  ['ERR_WS_RESERVED_BIT', 'RSV3 set'],
  ['ERR_WS_OPCODE', 'bad opcode'],
  ['ERR_WS_CONTROL_FRAME', 'FIN not set on control'],
  ['ERR_WS_CONTROL_FRAME', 'len > 125 for control'],
  ['ERR_WS_FRAGMENTATION', 'data before FIN'],
  ['ERR_WS_FRAGMENTATION', 'continuation after FIN'],
  ['ERR_WS_MASK', 'bad MASK'],
  ['ERR_WS_LENGTH', 'length not in its shortest form'],
  ['ERR_WS_LENGTH', 'top bit of the length set'],
  ['ERR_WS_MESSAGE_TOO_BIG', 'message too long'],
  ['ERR_WS_TOO_MANY_FRAGMENTS', 'too many fragments'],
  ['ERR_WS_INVALID_UTF8', 'text is not UTF-8'],
]

/** The error for the fault bits of one frame, found at byte `offset` of the incoming stream. */
export function faultError(bits: number, offset: number): WebSocketError {
  const found = faults.filter((_, bit) => ((bits >>> bit) & 1) !== 0)
  const code = found[0]?.[0] ?? 'ERR_WS_OPCODE'
  return peerError(code, found.map(([, words]) => words).join(', '), offset)
}
