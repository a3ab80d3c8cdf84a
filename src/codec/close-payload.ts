// The payload of a Close frame: a code and a reason (RFC 6455 §5.5.1, §7.4).
// Made and checked for what we send, judged for what we receive.

import type { Kernel } from '../kernel/kernel.ts'
import { UTF8_STATE } from '../kernel/layout.ts'
import { getKernel } from '../kernel/select.ts'
import { CloseNoStatusReceived } from './constants.ts'
import { rangeError, typeError } from './errors.ts'
import type { CloseEvent } from './events.ts'
import { MAX_CLOSE_REASON } from './limits.ts'
import type { TextCodec } from './ports.ts'
import { peerError } from './shared-errors.ts'
import { portableText } from './text-codec.ts'

const empty = new Uint8Array(0)
const encoder = new TextEncoder()

/**
 * Whether a Close frame may carry `code`: 1000..1003, 1007..1014 or 3000..4999 (RFC 6455 §7.4.1, §7.4.2; 1012 to 1014
 * by IANA's registry).
 */
export function isSendableCloseCode(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999)
}

/**
 * The payload of a Close frame: the code in two bytes, and the reason (RFC 6455 §5.5.1). gorilla's FormatCloseMessage.
 *
 * @param code 1000..1003, 1007..1014 or 3000..4999; 1005 gives the empty payload of a Close frame without a code
 * @param reason at most 123 bytes in UTF-8; default ''
 * @throws RangeError ERR_WS_ARGUMENT for another code or a longer reason; TypeError for arguments of another type
 */
export function formatCloseMessage(code: number, reason = ''): Uint8Array {
  if (typeof code !== 'number' || typeof reason !== 'string')
    throw typeError('a close code is a number, a reason a string')
  if (code === CloseNoStatusReceived && reason === '') return empty
  if (!Number.isInteger(code) || !isSendableCloseCode(code)) {
    throw rangeError(`a Close frame cannot carry the code ${code}`)
  }
  const text = encoder.encode(reason)
  if (text.length > MAX_CLOSE_REASON) {
    throw rangeError(`a close reason has at most ${MAX_CLOSE_REASON} bytes`)
  }
  const payload = new Uint8Array(2 + text.length)
  payload[0] = code >>> 8
  payload[1] = code
  payload.set(text, 2)
  return payload
}

/**
 * Judges a payload that is to be sent: it must be what {@link formatCloseMessage} makes.
 *
 * @throws TypeError ERR_WS_ARGUMENT
 */
export function checkClosePayload(payload: Uint8Array, kernel: Kernel = getKernel()): CloseEvent {
  try {
    return parseClosePayload(payload, 0, payload.length, 0, 0, kernel, portableText)
  } catch {
    throw typeError('not the payload of a Close frame')
  }
}

/**
 * Judges a received payload bytes[start..end).
 *
 * @param headerOffset stream offset of the frame's header
 * @param payloadOffset stream offset of the payload
 * @throws WebSocketError ERR_WS_CLOSE_PAYLOAD, ERR_WS_CLOSE_CODE or ERR_WS_INVALID_UTF8
 */
export function parseClosePayload(
  bytes: Uint8Array,
  start: number,
  end: number,
  headerOffset: number,
  payloadOffset: number,
  kernel: Kernel,
  text: TextCodec,
): CloseEvent {
  if (end === start) return { type: 8, code: CloseNoStatusReceived, reason: '' }
  if (end - start === 1) throw peerError('ERR_WS_CLOSE_PAYLOAD', 'bad close payload', headerOffset)
  const code = (bytes[start] << 8) | bytes[start + 1]
  if (!isSendableCloseCode(code)) throw peerError('ERR_WS_CLOSE_CODE', `bad close code ${code}`, headerOffset)
  const state = kernel.utf8(bytes, start + 2, end, 0)
  if (state < 0 || (state & UTF8_STATE) !== 0) {
    const at = state < 0 ? ~state : end
    throw peerError('ERR_WS_INVALID_UTF8', 'close reason is not UTF-8', payloadOffset + at - start)
  }
  return { type: 8, code, reason: text.decode(bytes, start + 2, end, false) }
}
