// The naive decoder that the real one is compared with: the whole stream in one buffer, one frame after the other.
// RFC 6455 §5 (framing), §5.4 (fragments), §5.5 (control frames), §7.4 (close codes), §8.1 (UTF-8).

import type { PlainEvent, ReferenceOptions } from './events.ts'
import { mask } from './mask.ts'
import { utf8 } from './utf8.ts'

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const mayBeSent = (code: number) =>
  (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999)

export function decodeAll(bytes: Uint8Array, options: ReferenceOptions): PlainEvent[] {
  const { role, readLimit = 2 ** 24, maxFragments = 2 ** 17, lenientLength, checkUtf8 = true } = options
  const events: PlainEvent[] = []
  let message: { type: number; data: Uint8Array; length: bigint; frames: number } | undefined

  for (let start = 0, at = 2; at <= bytes.length; start = at, at += 2) {
    const fault = (error: string, closeCode: number, offset = start) => [
      ...events,
      { type: 0, error, closeCode, offset },
    ]
    const [first, second] = bytes.subarray(start)
    const [fin, opcode, masked, short] = [first >= 0x80, first & 15, second >= 0x80, second & 0x7f]
    const control = opcode >= 8
    if (first & 0x70) return fault('ERR_WS_RESERVED_BIT', 1002)
    if ((opcode > 2 && opcode < 8) || opcode > 10) return fault('ERR_WS_OPCODE', 1002)
    if (control && (!fin || short > 125)) return fault('ERR_WS_CONTROL_FRAME', 1002)
    if (!control && (opcode === 0) !== (message !== undefined)) return fault('ERR_WS_FRAGMENTATION', 1002)
    if (masked !== (role === 'server')) return fault('ERR_WS_MASK', 1002)
    if (!control && (message?.frames ?? 0) + 1 > maxFragments) return fault('ERR_WS_TOO_MANY_FRAGMENTS', 1008)

    const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8
    if (at + lengthBytes > bytes.length) break
    let length = lengthBytes === 0 ? BigInt(short) : 0n
    for (const behind = at + lengthBytes; at < behind; at++) length = length * 256n + BigInt(bytes[at])
    const shortest = length < 126 ? 0 : length < 65536 ? 2 : 8
    if (length >= 2n ** 63n || (lengthBytes > shortest && !lenientLength)) return fault('ERR_WS_LENGTH', 1002)
    const most = (message?.type ?? opcode) === 1 ? Math.min(readLimit, 2 ** 29 - 24) : readLimit
    if (!control && (message?.length ?? 0n) + length > most) return fault('ERR_WS_MESSAGE_TOO_BIG', 1009)

    if (masked) at += 4
    if (at > bytes.length) break
    const end = at + Number(length)
    const complete = end <= bytes.length
    const payload = mask(bytes.subarray(at, end), masked ? bytes.subarray(at - 4, at) : [0, 0, 0, 0])
    if (control) {
      if (!complete) break
      if (opcode !== 8) events.push({ type: opcode, data: payload })
      if (opcode === 8) {
        const closeCode = payload.length === 0 ? 1005 : payload[0] * 256 + payload[1]
        if (payload.length === 1) return fault('ERR_WS_CLOSE_PAYLOAD', 1002)
        if (payload.length > 1 && !mayBeSent(closeCode)) return fault('ERR_WS_CLOSE_CODE', 1002)
        const bad = utf8(payload.subarray(2))
        if (bad >= 0) return fault('ERR_WS_INVALID_UTF8', 1007, at + 2 + bad)
        return [...events, { type: 8, closeCode, reason: decoder.decode(payload.subarray(2)) }]
      }
    } else {
      message ??= { type: opcode, data: new Uint8Array(0), length: 0n, frames: 0 }
      const { type, data: before } = message
      const data = new Uint8Array(before.length + payload.length)
      data.set(before)
      data.set(payload, before.length)
      // The last character of what came before may go on here: the check begins where it begins.
      let character = Math.max(0, before.length - 1)
      while ((before[character] & 0xc0) === 0x80) character--
      const bad = type === 1 && checkUtf8 ? utf8(data, character) : -1
      if (bad >= 0 && (bad < data.length || (complete && fin)))
        return fault('ERR_WS_INVALID_UTF8', 1007, at + bad - before.length)
      if (!complete) break
      message = fin ? undefined : { type, data, length: message.length + length, frames: message.frames + 1 }
      if (fin && type === 2) events.push({ type, data })
      if (fin && type === 1)
        events.push({ type, data, text: utf8(data) < 0 ? decoder.decode(data) : undefined })
    }
    at = end
  }
  return events
}
