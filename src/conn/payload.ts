// What may be given as a payload, and its bytes.
// Misuse throws at once; a value is never coerced to a string.

import { isSteady } from '../codec/bytes.ts'
import {
  BinaryMessage,
  CloseMessage,
  type ControlType,
  type DataType,
  PingMessage,
  PongMessage,
  TextMessage,
} from '../codec/constants.ts'
import { rangeError, typeError } from '../codec/errors.ts'
import { MAX_CONTROL_PAYLOAD } from '../codec/limits.ts'

/** Bytes of any kind: an ArrayBuffer or a SharedArrayBuffer; of a view (a typed array, a DataView), those it shows. */
export type Bytes = ArrayBufferView | ArrayBufferLike

const encoder = new TextEncoder()

export function isDataType(type: number): type is DataType {
  return type === TextMessage || type === BinaryMessage
}

/** The bytes under `data`, without a copy unless other threads or a resize may change them under us. */
function toBytes(data: unknown): Uint8Array {
  if (data instanceof Uint8Array && data.length > 0 && isSteady(data.buffer)) return data
  try {
    if (ArrayBuffer.isView(data)) {
      // Throws for a buffer that was transferred away, whose views look empty.
      if (data.byteLength === 0) return new Uint8Array(data.buffer).subarray(0, 0)
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      return isSteady(data.buffer) ? bytes : new Uint8Array(bytes)
    }
    // By name, since a buffer may come from another realm.
    const kind = Object.prototype.toString.call(data)
    if (kind === '[object ArrayBuffer]' || kind === '[object SharedArrayBuffer]') {
      const bytes = new Uint8Array(data as ArrayBuffer)
      return isSteady(bytes.buffer) ? bytes : new Uint8Array(bytes)
    }
  } catch {
    throw typeError('ERR_WS_ARGUMENT', 'the buffer of the message was transferred away')
  }
  const kind = data === null ? 'null' : typeof data
  throw typeError('ERR_WS_ARGUMENT', `a message is a string, bytes or a received Message, not ${kind}`)
}

/** @throws TypeError ERR_WS_ARGUMENT */
export function toData(data: unknown): string | Uint8Array {
  return typeof data === 'string' ? data : toBytes(data)
}

/**
 * The payload of a control frame.
 * @throws TypeError, RangeError ERR_WS_ARGUMENT
 */
export function controlBytes(type: ControlType, data: unknown): Uint8Array {
  if (type !== CloseMessage && type !== PingMessage && type !== PongMessage) {
    throw typeError('ERR_WS_ARGUMENT', `bad message type ${String(type)}`)
  }
  const bytes = typeof data === 'string' ? encoder.encode(data) : toBytes(data)
  if (bytes.length > MAX_CONTROL_PAYLOAD) {
    throw rangeError(
      'ERR_WS_ARGUMENT',
      `a control frame carries at most ${MAX_CONTROL_PAYLOAD} bytes, not ${bytes.length}`,
    )
  }
  return bytes
}
