// The naive decoder that the real one is compared with: the whole stream in one buffer, one frame after the other.
// RFC 6455 §5 (framing), §5.4 (fragments), §5.5 (control frames), §7.4 (close codes), §8.1 (UTF-8).

import type { PlainEvent, ReferenceOptions } from './events.ts'
import { mask } from './mask.ts'
import { utf8 } from './utf8.ts'

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const NO_KEY = new Uint8Array(4)
/** Most bytes of a text: what one string holds. */
const MAX_TEXT = 2 ** 29 - 24
const mayBeSent = (code: number) =>
  (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999)

export function decodeAll(bytes: Uint8Array, options: ReferenceOptions): PlainEvent[] {
  const { role, maxFragments = 2 ** 17, lenientLength, checkUtf8 = true } = options
  const readLimit = Math.min(options.readLimit ?? 2 ** 24, Number.MAX_SAFE_INTEGER)
  const events: PlainEvent[] = []
  let message: { type: number; data: Uint8Array; length: number; frames: number } | undefined

  for (let start = 0, at = 2; at <= bytes.length; start = at, at += 2) {
    const fault = (error: string, closeCode: number, offset = start) => [
      ...events,
      { type: 0, error, closeCode, offset },
    ]
    const fin = bytes[start] >= 0x80
    const opcode = bytes[start] & 15
    const masked = bytes[start + 1] >= 0x80
    const short = bytes[start + 1] & 0x7f
    const control = opcode >= 8
    if (bytes[start] & 0x70) return fault('ERR_WS_RESERVED_BIT', 1002)
    if ((opcode > 2 && opcode < 8) || opcode > 10) return fault('ERR_WS_OPCODE', 1002)
    if (control && (!fin || short > 125)) return fault('ERR_WS_CONTROL_FRAME', 1002)
    if (!control && (opcode === 0) !== (message !== undefined)) return fault('ERR_WS_FRAGMENTATION', 1002)
    if (masked !== (role === 'server')) return fault('ERR_WS_MASK', 1002)
    if (!control && (message?.frames ?? 0) + 1 > maxFragments) return fault('ERR_WS_TOO_MANY_FRAGMENTS', 1008)

    const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8
    if (at + lengthBytes > bytes.length) break
    if (lengthBytes === 8 && bytes[at] >= 0x80) return fault('ERR_WS_LENGTH', 1002)
    // A length above 2^53 is rounded, but never below 2^53, and no limit is as high.
    let length = lengthBytes === 0 ? short : 0
    for (const behind = at + lengthBytes; at < behind; at++) length = length * 256 + bytes[at]
    const shortest = length < 126 ? 0 : length < 65536 ? 2 : 8
    if (lengthBytes > shortest && !lenientLength) return fault('ERR_WS_LENGTH', 1002)
    const announced = (message?.length ?? 0) + length
    if (!control && announced > readLimit) return fault('ERR_WS_MESSAGE_TOO_BIG', 1009)

    if (masked) at += 4
    if (at > bytes.length) break
    const type = message?.type ?? opcode
    if (!control && type === 1 && announced > MAX_TEXT) return fault('ERR_WS_MESSAGE_TOO_BIG', 1009)
    const end = at + length
    const complete = end <= bytes.length
    const payload = mask(bytes.subarray(at, end), masked ? bytes.subarray(at - 4, at) : NO_KEY)
    if (control) {
      if (!complete) break
      if (opcode !== 8) events.push({ type: opcode, data: payload })
      if (opcode === 8) {
        const closeCode = length === 0 ? 1005 : payload[0] * 256 + payload[1]
        if (length === 1) return fault('ERR_WS_CLOSE_PAYLOAD', 1002)
        if (length > 1 && !mayBeSent(closeCode)) return fault('ERR_WS_CLOSE_CODE', 1002)
        const bad = utf8(payload.subarray(2))
        if (bad >= 0) return fault('ERR_WS_INVALID_UTF8', 1007, at + 2 + bad)
        return [...events, { type: 8, closeCode, reason: decoder.decode(payload.subarray(2)) }]
      }
    } else {
      const before = message?.data
      const from = before?.length ?? 0
      let data = payload
      if (before !== undefined) {
        data = new Uint8Array(from + payload.length)
        data.set(before)
        data.set(payload, from)
      }
      // The last character of what came before may go on here: the check begins where it begins.
      let character = Math.max(0, from - 1)
      while ((data[character] & 0xc0) === 0x80 && character > 0) character--
      const bad = type === 1 && checkUtf8 ? utf8(data, character) : -1
      if (bad >= 0 && (bad < data.length || (complete && fin)))
        return fault('ERR_WS_INVALID_UTF8', 1007, at + bad - from)
      if (!complete) break
      message = fin ? undefined : { type, data, length: announced, frames: (message?.frames ?? 0) + 1 }
      if (fin && type === 2) events.push({ type, data })
      if (fin && type === 1)
        events.push({ type, data, text: checkUtf8 || utf8(data) < 0 ? decoder.decode(data) : undefined })
    }
    at = end
  }
  return events
}
