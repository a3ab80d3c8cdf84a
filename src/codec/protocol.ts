// The protocol of one connection without its I/O (RFC 6455 §5 to §7): bytes in → events out, messages in → bytes out, state.
// Owns automatic pongs, the closing handshake and the reaction to faults; the decoder owns the order of frames.

import type { Kernel } from '../kernel/kernel.ts'
import { UTF8_STATE } from '../kernel/layout.ts'
import { getKernel } from '../kernel/select.ts'
import { formatCloseMessage, parseClosePayload } from './close-payload.ts'
import {
  BinaryMessage,
  CloseMessage,
  CloseNormalClosure,
  CloseNoStatusReceived,
  type DataType,
  PingMessage,
  PongMessage,
  TextMessage,
} from './constants.ts'
import { Decoder, type DecoderOptions, type PushOptions } from './decoder.ts'
import { Encoder } from './encoder.ts'
import { rangeError, typeError, WebSocketError } from './errors.ts'
import type { CloseEvent, DecoderEvent, PingEvent } from './events.ts'
import { MAX_CLOSE_REASON, MAX_CONTROL_PAYLOAD } from './limits.ts'
import { type Message, UNCHECKED } from './message.ts'
import type { RandomSource, Segment } from './ports.ts'
import type { Role } from './role.ts'
import type { SlabSegment } from './slab.ts'
import { portableText } from './text-codec.ts'

const FIN = 0x80
const NO_BYTES = new Uint8Array(0)
/** Pongs kept while the peer does not take what we send; RFC 6455 §5.5.3 lets us answer the newest ping only. */
const MAX_WAITING_PONGS = 16

function assertBytes(data: unknown): void {
  if (!(data instanceof Uint8Array))
    throw typeError('ERR_WS_ARGUMENT', 'a payload is a string or a Uint8Array')
}

export interface ProtocolOptions extends DecoderOptions {
  /** Where masking keys come from; default crypto.getRandomValues. */
  readonly random?: RandomSource | undefined
  /** Check that texts given as bytes are UTF-8 before they are sent; default true. */
  readonly checkSentUtf8?: boolean | undefined
}

export interface SendOptions {
  /** Copy a large payload at once instead of borrowing it until its segment is released; default false. */
  readonly copy?: boolean
}

/**
 * - `open`: messages pass both ways
 * - `closing`: one Close frame was sent or received, not yet both
 * - `closed`: both were, or the connection failed; nothing passes
 */
export type ProtocolState = 'open' | 'closing' | 'closed'

export class Protocol {
  readonly role: Role
  private readonly kernel: Kernel
  private readonly decoder: Decoder
  private readonly encoder: Encoder
  private readonly checkSentUtf8: boolean
  private closeSent = false
  private closeReceived = false
  private ended = false
  private isCongested = false
  private waitingPongs: Uint8Array[] | undefined

  /** @throws TypeError, RangeError ERR_WS_ARGUMENT for options that are none */
  constructor(options: ProtocolOptions) {
    const kernel = options.kernel ?? getKernel()
    this.role = options.role
    this.kernel = kernel
    this.decoder = new Decoder({ ...options, kernel })
    this.encoder = new Encoder({ role: options.role, kernel, text: options.text, random: options.random })
    this.checkSentUtf8 = options.checkSentUtf8 ?? true
  }

  get state(): ProtocolState {
    if (this.ended || (this.closeSent && this.closeReceived)) return 'closed'
    return this.closeSent || this.closeReceived ? 'closing' : 'open'
  }

  /** Whether a Close frame was sent: then nothing can be sent any more (RFC 6455 §5.5.1). */
  get isCloseSent(): boolean {
    return this.closeSent
  }

  /** Payload bytes held for a message that is not complete yet. */
  get gatheredBytes(): number {
    return this.decoder.pendingBytes
  }

  /** Sets the limit for messages still to come; see {@link Decoder.setReadLimit}. */
  setReadLimit(bytes: number): void {
    this.decoder.setReadLimit(bytes)
  }

  // ── Bytes in ─────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Takes bytes from the peer and returns what they mean. Pongs, the answer to a Close frame, and the Close frame that
   * answers a fault are encoded on the way. After a Close or a fault nothing more is returned.
   */
  receive(bytes: Uint8Array, options?: PushOptions): DecoderEvent[] {
    return this.receiveRange(bytes, 0, bytes.length, options?.keep ?? false)
  }

  /** @internal As {@link receive}, for bytes[start..end). */
  receiveRange(bytes: Uint8Array, start: number, end: number, keep: boolean): DecoderEvent[] {
    if (this.ended) return []
    const events = this.decoder.pushRange(bytes, start, end, keep)
    for (let i = 0; i < events.length; i++) {
      try {
        this.react(events[i])
      } catch (error) {
        // Only the random source fails here: the answer cannot be masked, so the connection cannot go on. A Close that
        // is not answered is no closing handshake; a fault stays the first one.
        this.ended = true
        const { type } = events[i]
        if (type !== 0) {
          events.splice(type === CloseMessage ? i : i + 1, events.length, {
            type: 0,
            error: error as WebSocketError,
          })
        }
      }
    }
    return events
  }

  /** The peer ended its direction. Without a Close frame before it this is a fault, close code 1006. */
  receiveEnd(): DecoderEvent[] {
    if (this.ended || this.closeReceived) return []
    this.ended = true
    const message = this.decoder.isBetweenMessages ? undefined : 'unexpected EOF inside a message'
    const error = new WebSocketError('ERR_WS_ABNORMAL_CLOSURE', {
      ...(message ? { message } : {}),
      remote: true,
    })
    return [{ type: 0, error }]
  }

  /** The connection is gone without the peer's word: nothing is received or encoded any more. */
  abort(): void {
    this.ended = true
  }

  // ── Messages in ──────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Encodes a message in one frame.
   *
   * @param data a string is sent in UTF-8, lone surrogates as U+FFFD, whatever the type
   * @returns whether the payload is borrowed: to be left unchanged until its segment is released
   * @throws WebSocketError ERR_WS_CLOSE_SENT; ERR_WS_INVALID_UTF8 for a text given as other bytes;
   *   ERR_WS_RANDOM_SOURCE; TypeError ERR_WS_ARGUMENT for another type or other data. In each case nothing is encoded.
   */
  send(type: DataType, data: string | Uint8Array, options?: SendOptions): boolean {
    if (type !== TextMessage && type !== BinaryMessage)
      throw typeError('ERR_WS_ARGUMENT', `bad message type ${String(type)}`)
    this.assertSendable()
    if (typeof data === 'string') {
      this.encoder.textFrame(FIN | type, data)
      return false
    }
    assertBytes(data)
    if (type === TextMessage && this.checkSentUtf8) this.assertUtf8(data)
    return this.encoder.frame(FIN | type, data, 0, data.length, options?.copy !== true)
  }

  /** Encodes a received message again; a text that was checked when it came is not checked again. */
  sendMessage(message: Message, options?: SendOptions): boolean {
    this.assertSendable()
    if (message.type === TextMessage && message.form === UNCHECKED && this.checkSentUtf8)
      this.assertUtf8(message.data)
    const { source, start, byteLength } = message
    return this.encoder.frame(FIN | message.type, source, start, start + byteLength, options?.copy !== true)
  }

  /**
   * Encodes a Ping frame.
   * @throws RangeError ERR_WS_ARGUMENT for more than 125 bytes; WebSocketError as {@link send}
   */
  ping(data: Uint8Array = NO_BYTES): void {
    this.control(PingMessage, data)
  }

  /** Encodes a Pong frame nobody asked for (RFC 6455 §5.5.3); throws as {@link ping}. */
  pong(data: Uint8Array = NO_BYTES): void {
    this.control(PongMessage, data)
  }

  /**
   * Encodes a Close frame; the second call and later ones do nothing.
   *
   * @param code see {@link formatCloseMessage}
   * @throws RangeError, TypeError ERR_WS_ARGUMENT; WebSocketError ERR_WS_RANDOM_SOURCE
   */
  close(code: number = CloseNormalClosure, reason = ''): void {
    const payload = formatCloseMessage(code, reason)
    if (this.closeSent || this.ended) return
    this.control(CloseMessage, payload)
    this.closeSent = true
  }

  /**
   * Encodes a Close frame with a payload that is there already.
   * @throws TypeError ERR_WS_ARGUMENT unless it is what {@link formatCloseMessage} makes; WebSocketError as {@link send}
   */
  closeWith(payload: Uint8Array): void {
    this.assertSendable()
    let close: CloseEvent
    try {
      close = parseClosePayload(payload, 0, payload.length, 0, 0, this.kernel, portableText)
    } catch (error) {
      throw typeError('ERR_WS_ARGUMENT', `not the payload of a Close frame: ${(error as Error).message}`)
    }
    this.close(close.code, close.reason)
  }

  // ── Bytes out ────────────────────────────────────────────────────────────────────────────────────────────

  /** Bytes encoded and not taken yet. */
  get pendingBytes(): number {
    return this.encoder.pendingBytes
  }

  /** Takes what is encoded without copying it; give the segments to {@link release} once their bytes have left. */
  take(): readonly Segment[] {
    return this.encoder.take()
  }

  /** The bytes of segments from {@link take} have left; their memory may be used again. */
  release(segments: readonly Segment[]): void {
    this.encoder.release(segments as readonly SlabSegment[])
  }

  /** What is encoded, as one array of the caller's own; empty when there is nothing. */
  output(): Uint8Array {
    const own = new Uint8Array(this.encoder.pendingBytes)
    const segments = this.encoder.take()
    let at = 0
    for (const { bytes, start, end } of segments) {
      own.set(bytes.subarray(start, end), at)
      at += end - start
    }
    this.encoder.release(segments)
    return own
  }

  /**
   * Whether what is encoded now has to wait, since earlier output has not left yet. While it does, it is kept in memory
   * of its own, and pings and pongs pass messages that wait.
   */
  get isSlow(): boolean {
    return this.encoder.isSlow
  }

  set isSlow(value: boolean) {
    this.encoder.isSlow = value
  }

  /**
   * Whether the peer does not take what we send. While it does not, pings are not answered at once: the newest 16
   * wait. Set it back to false and they are encoded.
   */
  get congested(): boolean {
    return this.isCongested
  }

  set congested(value: boolean) {
    this.isCongested = value
    const waiting = this.waitingPongs
    if (value || waiting === undefined) return
    this.waitingPongs = undefined
    if (!this.closeSent && !this.ended) for (const data of waiting) this.control(PongMessage, data)
  }

  private react(event: DecoderEvent): void {
    if (event.type === PingMessage) this.answerPing(event)
    else if (event.type === CloseMessage) this.answerClose(event)
    else if (event.type === 0) this.fail(event.error)
  }

  private answerPing({ data }: PingEvent): void {
    if (this.closeSent) return
    if (!this.isCongested) {
      this.control(PongMessage, data)
      return
    }
    this.waitingPongs ??= []
    if (this.waitingPongs.length === MAX_WAITING_PONGS) this.waitingPongs.shift()
    this.waitingPongs.push(data.slice())
  }

  private answerClose({ code }: CloseEvent): void {
    this.closeReceived = true
    if (!this.closeSent) this.close(code === CloseNoStatusReceived ? CloseNoStatusReceived : code)
  }

  private fail(error: WebSocketError): void {
    if (!this.closeSent && !this.ended && error.closeCode !== undefined) {
      const words = error.message.replace(/^websocket: /, '')
      this.close(error.closeCode, words.slice(0, MAX_CLOSE_REASON))
    }
    this.ended = true
  }

  private control(
    type: typeof CloseMessage | typeof PingMessage | typeof PongMessage,
    data: Uint8Array,
  ): void {
    assertBytes(data)
    if (data.length > MAX_CONTROL_PAYLOAD) {
      throw rangeError(
        'ERR_WS_ARGUMENT',
        `a control frame carries at most ${MAX_CONTROL_PAYLOAD} bytes, not ${data.length}`,
      )
    }
    this.assertSendable()
    if (type === CloseMessage) this.encoder.frame(FIN | type, data, 0, data.length, false)
    else this.encoder.urgentFrame(FIN | type, data)
  }

  private assertSendable(): void {
    if (this.closeSent) throw new WebSocketError('ERR_WS_CLOSE_SENT')
    if (this.ended) throw new WebSocketError('ERR_WS_CLOSED')
  }

  private assertUtf8(data: Uint8Array): void {
    const state = this.kernel.utf8(data, 0, data.length, 0)
    if (state < 0 || (state & UTF8_STATE) !== 0) {
      throw new WebSocketError('ERR_WS_INVALID_UTF8', {
        message: 'the text to send is not UTF-8; nothing was sent',
      })
    }
  }
}
