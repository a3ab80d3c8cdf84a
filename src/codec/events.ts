// What the decoder makes of bytes: messages, control frames, and at most one fault, which is the last.
// `type` tells them apart: 1 and 2 a Message, 8 Close, 9 Ping, 10 Pong (RFC 6455 §5.5), 0 a fault.

import type { WebSocketError } from './errors.ts'
import type { Message } from './message.ts'

/** A Ping frame (RFC 6455 §5.5.2); `Protocol` has answered it already. */
export interface PingEvent {
  /** PingMessage. */
  readonly type: 9
  /** The payload, at most 125 bytes, unmasked; nobody changes it any more. */
  readonly data: Uint8Array
}

/** A Pong frame (RFC 6455 §5.5.3), asked for or not. */
export interface PongEvent {
  /** PongMessage. */
  readonly type: 10
  /** The payload, at most 125 bytes, unmasked; nobody changes it any more. */
  readonly data: Uint8Array
}

/** A Close frame (RFC 6455 §5.5.1). Nothing follows it. */
export interface CloseEvent {
  /** CloseMessage. */
  readonly type: 8
  /** 1000 to 1003, 1007 to 1014 or 3000 to 4999; 1005 when the frame had none. */
  readonly code: number
  /** At most 123 bytes of UTF-8; '' when the frame had none. */
  readonly reason: string
}

/** The stream is no WebSocket stream from `error.offset` on. Nothing follows it. */
export interface FaultEvent {
  /** No opcode of the wire. */
  readonly type: 0
  /** One of the faults of the peer in docs/errors.md; ERR_WS_ABNORMAL_CLOSURE from `Protocol.receiveEnd`. */
  readonly error: WebSocketError
}

/** What bytes mean, told apart by `type`: 1 and 2 a message, 8, 9 and 10 a control frame, 0 a fault. */
export type DecoderEvent = Message | PingEvent | PongEvent | CloseEvent | FaultEvent
