// Events as plain data and as lines of text, so that those of the decoder and of the reference can be compared.
// One line for each event of RFC 6455 §5.5 and §5.6, in the notation of test/vectors.

import type { DecoderEvent } from '../../src/codec/events.ts'
import type { PlainEvent } from '../reference/events.ts'

const NAMES: Record<number, string> = { 1: 'text', 2: 'binary', 9: 'ping', 10: 'pong' }

/** The event of a Decoder as plain data; the bytes are not copied. */
export function plainEvent(event: DecoderEvent): PlainEvent {
  if (event.type === 0) {
    const { code, closeCode, offset, remote, message } = event.error
    if (!remote || !message.startsWith('websocket: ')) throw new Error(`not an error of the peer: ${message}`)
    return { type: 0, error: code, closeCode, offset }
  }
  if (event.type === 8) return { type: 8, closeCode: event.code, reason: event.reason }
  if (event.type !== 1) return { type: event.type, data: event.data }
  let text: string | undefined
  try {
    text = event.text()
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ERR_WS_INVALID_UTF8') throw error
  }
  return { type: 1, data: event.data, text }
}

export function hex(bytes: Uint8Array, separator = ' '): string {
  return Array.from(bytes, (octet) => octet.toString(16).padStart(2, '0')).join(separator)
}

/** The event in one line, payloads in hex and cut after 40 bytes. */
export function eventLine(event: PlainEvent): string {
  if (event.type === 0) return `fault ${event.closeCode} ${event.error} at ${event.offset}`
  if (event.type === 8) return `close ${event.closeCode} ${JSON.stringify(event.reason)}`
  const data = event.data!
  return `${NAMES[event.type]} of ${data.length} bytes: ${hex(data.subarray(0, 40))}${data.length > 40 ? ' …' : ''}`
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Whether two events are the same: type, bytes, text, close code, reason, error code and offset. */
export function sameEvent(a: PlainEvent | undefined, b: PlainEvent | undefined): boolean {
  return (
    a !== undefined &&
    b !== undefined &&
    a.type === b.type &&
    a.text === b.text &&
    a.closeCode === b.closeCode &&
    a.reason === b.reason &&
    a.error === b.error &&
    a.offset === b.offset &&
    sameBytes(a.data, b.data)
  )
}

/** What makes two lists of events different, in words; undefined when nothing does. */
export function difference(
  expected: readonly PlainEvent[],
  actual: readonly PlainEvent[],
): string | undefined {
  const count = Math.max(expected.length, actual.length)
  for (let i = 0; i < count; i++) {
    if (sameEvent(expected[i], actual[i])) continue
    const line = (event: PlainEvent | undefined) => (event === undefined ? 'nothing' : eventLine(event))
    return `event ${i} of ${expected.length}: expected ${line(expected[i])}; got ${line(actual[i])}`
  }
  return undefined
}
