// What may be given as a payload, and its bytes.
// Misuse throws at once; a value is never coerced to a string.

import { isSteady, kindOf } from './bytes.ts'
import {
  BinaryMessage,
  CloseMessage,
  type ControlType,
  type DataType,
  PingMessage,
  PongMessage,
  TextMessage,
} from './constants.ts'
import { rangeError, typeError } from './errors.ts'
import { MAX_CONTROL_PAYLOAD } from './limits.ts'

/** Bytes of any kind: an ArrayBuffer or a SharedArrayBuffer; of a view (a typed array, a DataView), those it shows. */
export type Bytes = ArrayBufferView | ArrayBufferLike

const encoder = new TextEncoder()

export function isDataType(type: number): type is DataType {
  return type === TextMessage || type === BinaryMessage
}

/** The bytes under `data`, without a copy unless other threads or a resize may change them under us. */
function toBytes(data: unknown): Uint8Array {
  if (data instanceof Uint8Array && data.length > 0 && isSteady(data.buffer)) return data
  // By name, since a buffer may come from another realm.
  const kind = kindOf(data)
  if (!ArrayBuffer.isView(data) && kind !== 'ArrayBuffer' && kind !== 'SharedArrayBuffer')
    throw typeError(`a message is a string, bytes or a received Message, not ${kind}`)
  try {
    // Either throws for a buffer that was transferred away, whose views look empty.
    const view = ArrayBuffer.isView(data) ? data : new DataView(data as ArrayBuffer)
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
    return isSteady(view.buffer) ? bytes : new Uint8Array(bytes)
  } catch {
    throw typeError('the bytes were transferred away')
  }
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
    throw typeError(`bad message type ${String(type)}`)
  }
  const bytes = typeof data === 'string' ? encoder.encode(data) : toBytes(data)
  if (bytes.length > MAX_CONTROL_PAYLOAD) {
    throw rangeError(`a control frame carries at most ${MAX_CONTROL_PAYLOAD} bytes`)
  }
  return bytes
}
