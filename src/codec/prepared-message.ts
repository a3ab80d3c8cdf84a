// A message that is framed once and sent to many connections (RFC 6455 §5.2): gorilla/websocket's PreparedMessage.
// A server's frame is the same for every peer; a client's is masked anew for each send, with a fresh key (§5.3).

import { UTF8_STATE } from '../kernel/layout.ts'
import { getKernel } from '../kernel/select.ts'
import { checkClosePayload } from './close-payload.ts'
import { CloseMessage, type ControlType, type DataType, TextMessage } from './constants.ts'
import { hasBrand, WebSocketError } from './errors.ts'
import { headerLength, writeHeader } from './header.ts'
import { type Bytes, controlBytes, isDataType, toData } from './payload.ts'

const FIN = 0x80

const brand = Symbol.for('gibbon-ws.PreparedMessage')

/** Whether `value` is a PreparedMessage, of this or of another copy of the library. */
export function isPrepared(value: unknown): value is PreparedMessage {
  return hasBrand(value, brand)
}

const encoder = new TextEncoder()

/** The payload of a data message, in memory that nobody else has. */
function dataBytes(type: DataType, given: string | Bytes): Uint8Array {
  const data = toData(given)
  if (typeof data === 'string') return encoder.encode(data)
  const bytes = new Uint8Array(data)
  if (type === TextMessage) {
    const state = getKernel().utf8(bytes, 0, bytes.length, 0)
    if (state < 0 || (state & UTF8_STATE) !== 0)
      throw new WebSocketError('ERR_WS_INVALID_UTF8', {
        message: 'the text to send is not UTF-8',
        closeCode: 0,
      })
  }
  return bytes
}

/** The payload of a control frame, in memory that nobody else has. */
function frameBytes(type: ControlType, given: string | Bytes): Uint8Array {
  const bytes = new Uint8Array(controlBytes(type, given))
  if (type === CloseMessage) checkClosePayload(bytes)
  return bytes
}

/**
 * A message for many connections: framed once for all servers' peers, whatever their number. gorilla's PreparedMessage.
 * Send it with `conn.writePreparedMessage`.
 */
export class PreparedMessage {
  /** Text (1), binary (2), Close (8), Ping (9) or Pong (10). */
  readonly type: DataType | ControlType
  /** @internal Nobody changes it. */
  readonly payload: Uint8Array
  #frame: Uint8Array | undefined

  /**
   * Takes a copy: later changes of `data` are not seen.
   *
   * @param data of a text, a string or its UTF-8; of a Close frame what `formatCloseMessage` makes; of control frames
   *   at most 125 bytes
   * @throws TypeError, RangeError ERR_WS_ARGUMENT for anything else; WebSocketError ERR_WS_INVALID_UTF8 for a text
   *   given as other bytes
   */
  constructor(type: DataType | ControlType, data: string | Bytes) {
    this.type = type
    this.payload = isDataType(type) ? dataBytes(type, data) : frameBytes(type, data)
  }

  /** @internal */
  get [brand](): true {
    return true
  }

  /** @internal The frame as a server sends it, made at the first send; nobody changes it. */
  get frame(): Uint8Array {
    if (this.#frame === undefined) {
      const { length } = this.payload
      const frame = new Uint8Array(headerLength(length, false) + length)
      frame.set(this.payload, writeHeader(frame, 0, FIN | this.type, length, undefined))
      this.#frame = frame
    }
    return this.#frame
  }
}
