// What may be given as a payload, and its bytes.
// Misuse throws at once; a value is never coerced to a string.

import {
  BinaryMessage,
  CloseMessage,
  type ControlType,
  type DataType,
  MAX_CONTROL_PAYLOAD,
  PingMessage,
  PongMessage,
  TextMessage,
} from '../codec/constants.ts'
import { rangeError, typeError } from '../codec/errors.ts'

/** Bytes of any kind; of a view, those it shows. */
export type Bytes = ArrayBufferView | ArrayBufferLike

const encoder = new TextEncoder()

export function isDataType(type: number): type is DataType {
  return type === TextMessage || type === BinaryMessage
}

/** The bytes under `data`, without a copy unless other threads or a resize may change them under us. */
function toBytes(data: unknown): Uint8Array {
  if (ArrayBuffer.isView(data)) {
    const bytes =
      data instanceof Uint8Array ? data : new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    const buffer = bytes.buffer as ArrayBufferLike & { resizable?: boolean }
    if (buffer instanceof ArrayBuffer && buffer.resizable !== true) return bytes
    return new Uint8Array(bytes)
  }
  if (data instanceof ArrayBuffer) return toBytes(new Uint8Array(data))
  if (typeof SharedArrayBuffer !== 'undefined' && data instanceof SharedArrayBuffer)
    return toBytes(new Uint8Array(data))
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
