// What the decoder makes of bytes: messages, control frames, and at most one fault, which is the last.
// `type` tells them apart: 1 and 2 a Message, 8 Close, 9 Ping, 10 Pong (RFC 6455 §5.5), 0 a fault.

import type { WebSocketError } from './errors.ts'
import type { Message } from './message.ts'

/** A Ping frame; `data` is ours to keep, at most 125 bytes. */
export interface PingEvent {
  readonly type: 9
  readonly data: Uint8Array
}

/** A Pong frame; `data` is ours to keep, at most 125 bytes. */
export interface PongEvent {
  readonly type: 10
  readonly data: Uint8Array
}

/** A Close frame; `code` is 1005 when the frame had none. Nothing follows it. */
export interface CloseEvent {
  readonly type: 8
  readonly code: number
  readonly reason: string
}

/** The stream is no WebSocket stream from `error.offset` on. Nothing follows it. */
export interface FaultEvent {
  readonly type: 0
  readonly error: WebSocketError
}

export type DecoderEvent = Message | PingEvent | PongEvent | CloseEvent | FaultEvent
