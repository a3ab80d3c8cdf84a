// A program in words: its options, its cuts, and its frames as their headers (RFC 6455 §5.2) announce them.
// For the reader of a failure; payloads are unmasked and shortened.

import { hex } from '../codec/plain-events.ts'
import { mask } from '../reference/mask.ts'
import type { Program } from './programs.ts'
import { type FrameAt, framesOf } from './walk.ts'

const OPCODES: Record<number, string> = {
  0: 'continuation',
  1: 'text',
  2: 'binary',
  8: 'close',
  9: 'ping',
  10: 'pong',
}
/** Most frames, payload bytes and cuts that are shown. */
const MAX_FRAMES = 40
const MAX_PAYLOAD = 24
const MAX_CUTS = 60

function payloadText(data: Uint8Array): string {
  return `${hex(data.subarray(0, MAX_PAYLOAD))}${data.length > MAX_PAYLOAD ? ' …' : ''}`
}

function frameLine(bytes: Uint8Array, { start, payload, end }: FrameAt): string {
  const first = bytes[start]
  const masked = bytes[start + 1] >= 0x80
  const bits = ['FIN', 'RSV1', 'RSV2', 'RSV3'].filter((_, i) => first & (0x80 >> i))
  const what = [...bits, OPCODES[first & 15] ?? `opcode ${first & 15}`, `${end - payload} bytes`]
  if (end > bytes.length) what.push(`(${end - bytes.length} missing)`)
  if (masked) what.push(`key ${hex(bytes.subarray(payload - 4, payload), '')}`)
  const data = bytes.subarray(payload, end)
  return `at ${start}: ${what.join(' ')}: ${payloadText(masked ? mask(data, bytes.subarray(payload - 4)) : data)}`
}

export function describeProgram({
  options,
  bytes,
  cuts,
  keep,
  borrow,
  margin = 1,
  memory = 'packed',
}: Program): string {
  const { role, ...others } = options
  const settings = Object.entries(others).map(([name, value]) => `${name} ${value}`)
  const frames = framesOf(bytes)
  const end = frames.at(-1)?.end ?? 0
  const shown = frames.slice(0, MAX_FRAMES).map((frame) => `  ${frameLine(bytes, frame)}`)
  if (frames.length > MAX_FRAMES) shown.push(`  … and ${frames.length - MAX_FRAMES} more`)
  if (end < bytes.length) shown.push(`  at ${end}: no header: ${payloadText(bytes.subarray(end))}`)
  const pieces =
    cuts.length > MAX_CUTS ? `${cuts.slice(0, MAX_CUTS)} … and ${cuts.length - MAX_CUTS} more` : `${cuts}`
  return [
    `${[role, ...settings].join(', ')}; pieces to keep: ${keep}; ${borrow ? 'lent messages; ' : ''}margin ${margin}; ${memory} memory`,
    `${bytes.length} bytes, cut at: ${pieces || 'nothing'}`,
    ...shown,
  ].join('\n')
}
