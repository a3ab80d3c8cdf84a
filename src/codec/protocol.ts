// The protocol of one connection without its I/O (RFC 6455 §5 to §7): bytes in → events out, messages in → bytes out, state.
// Owns automatic pongs, the closing handshake and the reaction to faults; the decoder owns the order of frames.

import type { Kernel } from '../kernel/kernel.ts'
import { UTF8_STATE } from '../kernel/layout.ts'
import { getKernel } from '../kernel/select.ts'
import { assertBytes, steadyBytes } from './bytes.ts'
import { checkClosePayload, formatCloseMessage } from './close-payload.ts'
import {
  BinaryMessage,
  CloseMessage,
  CloseNormalClosure,
  type DataType,
  PingMessage,
  PongMessage,
  TextMessage,
} from './constants.ts'
import { Decoder, type DecoderOptions, type PushOptions } from './decoder.ts'
import { Encoder } from './encoder.ts'
import { rangeError, typeError, WebSocketError } from './errors.ts'
import type { DecoderEvent, FaultEvent } from './events.ts'
import { MAX_CLOSE_REASON, MAX_CONTROL_PAYLOAD } from './limits.ts'
import { type Message, UNCHECKED } from './message.ts'
import type { RandomSource, Segment } from './ports.ts'
import type { PreparedMessage } from './prepared-message.ts'
import type { Role } from './role.ts'
import { closeSentError, peerGoneError } from './shared-errors.ts'

const FIN = 0x80
const NO_BYTES = new Uint8Array(0)
/** Pongs kept while the peer does not take what we send; RFC 6455 §5.5.3 lets us answer the newest ping only. */
const MAX_WAITING_PONGS = 16

/** What a {@link Protocol} can be told; limits and checks of what is received are the decoder's. */
export interface ProtocolOptions extends DecoderOptions {
  /** Where a client's masking keys come from (RFC 6455 §5.3); default crypto.getRandomValues. */
  readonly random?: RandomSource | undefined
  /** Check that texts given as bytes are UTF-8 before they are sent; default true: ERR_WS_INVALID_UTF8. */
  readonly checkSentUtf8?: boolean | undefined
}

/** How a message is sent. */
export interface SendOptions {
  /**
   * Copy a payload of more than 32 KiB at once instead of borrowing it until its segment is released; default false.
   */
  readonly copy?: boolean
}

/**
 * How far the closing handshake is (RFC 6455 §7.1).
 *
 * - `open`: messages pass both ways
 * - `closing`: one Close frame was sent or received, not yet both
 * - `closed`: both were, or the connection failed; nothing passes
 */
export type ProtocolState = 'open' | 'closing' | 'closed'

/**
 * One connection's protocol without its I/O: give it what arrives, act on the events, and send what it has encoded.
 *
 * Nothing waits and nothing is called back. Pings and Close frames are answered, faults too; what that encodes comes
 * out with the rest, by {@link output} or {@link take}.
 */
export class Protocol {
  /** Our side, as given. */
  readonly role: Role
  readonly #kernel: Kernel
  readonly #decoder: Decoder
  readonly #encoder: Encoder
  readonly #checkSentUtf8: boolean
  #closeSent = false
  #closeReceived = false
  #ended = false
  /** Fragments of a message were sent, and not its last one. */
  #isInMessage = false
  #isCongested = false
  #waitingPongs: Uint8Array[] | undefined
  /** What the decoder is given by receiveEach. */
  #reactEach: ((event: DecoderEvent) => void) | undefined
  /** Whether pings are answered by themselves (RFC 6455 §5.5.2); default true. */
  answersPings = true
  /** Whether a Close frame is answered by itself (RFC 6455 §5.5.1); default true. Else {@link close} is to be called. */
  answersClose = true

  /** @throws TypeError ERR_WS_ARGUMENT for a role that is none, RangeError ERR_WS_ARGUMENT for a limit that is none */
  constructor(options: ProtocolOptions) {
    const kernel = options.kernel ?? getKernel()
    this.role = options.role
    this.#kernel = kernel
    this.#decoder = new Decoder({ ...options, kernel })
    this.#encoder = new Encoder({ role: options.role, kernel, text: options.text, random: options.random })
    this.#checkSentUtf8 = options.checkSentUtf8 ?? true
  }

  /** How far the closing handshake is; `closed` also after a fault, {@link receiveEnd} and {@link abort}. */
  get state(): ProtocolState {
    if (this.#ended || (this.#closeSent && this.#closeReceived)) return 'closed'
    return this.#closeSent || this.#closeReceived ? 'closing' : 'open'
  }

  /** Whether a Close frame was sent: then nothing can be sent any more (RFC 6455 §5.5.1). */
  get isCloseSent(): boolean {
    return this.#closeSent
  }

  /** Payload bytes held for a message that is not complete yet; each is counted once it has arrived. */
  get gatheredBytes(): number {
    return this.#decoder.pendingBytes
  }

  /**
   * Sets the limit for messages whose next frame header is still to come.
   *
   * @param bytes whole number of 0 or more, or Infinity (then 2^31-1, what one buffer holds)
   * @throws RangeError ERR_WS_ARGUMENT
   */
  setReadLimit(bytes: number): void {
    this.#decoder.setReadLimit(bytes)
  }

  // ── Bytes in ─────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Takes bytes from the peer and returns what they mean. Pongs, the answer to a Close frame, and the Close frame that
   * answers a fault are encoded on the way. After a Close or a fault nothing more is returned. Never throws for what
   * the peer sent.
   *
   * A Close or a fault is answered already when the list with it comes back: {@link send} throws ERR_WS_CLOSE_SENT
   * then, also for the messages in front of it.
   *
   * @param bytes any number of them; taken unless `keep`: changed (unmasked in place) and kept alive by the messages
   * @returns messages and control frames in order; at most one fault, which is the last
   */
  receive(bytes: Uint8Array, options?: PushOptions): DecoderEvent[] {
    assertBytes(bytes, 'input')
    return this.receiveRange(bytes, 0, bytes.length, options?.keep ?? false)
  }

  /** @internal As {@link receive}, for bytes[start..end). */
  receiveRange(bytes: Uint8Array, start: number, end: number, keep: boolean): DecoderEvent[] {
    if (this.#ended) return []
    const events = this.#decoder.pushRange(bytes, start, end, keep)
    for (let i = 0; i < events.length; i++) {
      const { type } = events[i]
      if (type === TextMessage || type === BinaryMessage) continue
      const failed = this.#reactTo(events[i])
      if (failed !== undefined) events.splice(type === CloseMessage ? i : i + 1, events.length, failed)
    }
    return events
  }

  /**
   * @internal As {@link receive}, for bytes[start..end), but gives the events to `sink` one after the other and lends it
   * the messages; see {@link Decoder.pushEach}. A Close is answered after the messages in front of it were seen.
   *
   * @param sink must not throw, must not feed this protocol, and is the same one each time
   */
  receiveEach(
    bytes: Uint8Array,
    start: number,
    end: number,
    keep: boolean,
    sink: (event: DecoderEvent) => void,
  ): void {
    this.#reactEach ??= (event) => {
      if (this.#ended) return
      const { type } = event
      const failed = type === TextMessage || type === BinaryMessage ? undefined : this.#reactTo(event)
      if (failed === undefined || type !== CloseMessage) sink(event)
      if (failed !== undefined) sink(failed)
    }
    if (!this.#ended) this.#decoder.pushRangeEach(bytes, start, end, keep, this.#reactEach)
  }

  /** Type of the message that has begun to arrive and is not complete; 0 between messages. @internal */
  get partType(): DataType | 0 {
    return this.#decoder.partType
  }

  /** @internal Takes what has come of the message that is not complete; its event then carries the rest only. */
  takePart(): Uint8Array {
    return this.#decoder.takePart()
  }

  /**
   * The peer ended its direction of the stream.
   *
   * @returns a fault, ERR_WS_ABNORMAL_CLOSURE with close code 1006, unless a Close frame or a fault came before
   */
  receiveEnd(): DecoderEvent[] {
    if (this.#ended || this.#closeReceived) return []
    this.#ended = true
    const words = this.#decoder.isBetweenMessages ? undefined : 'unexpected EOF inside a message'
    return [{ type: 0, error: peerGoneError(words) }]
  }

  /** The connection is gone without the peer's word: nothing is received or encoded any more, {@link send} throws. */
  abort(): void {
    this.#ended = true
  }

  // ── Messages in ──────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Encodes a message in one frame.
   *
   * @param data a string is sent in UTF-8, lone surrogates as U+FFFD, whatever the type
   * @returns whether the payload is borrowed: to be left unchanged until its segment is released
   * @throws WebSocketError ERR_WS_CLOSE_SENT behind our Close frame, ERR_WS_CLOSED after {@link abort} or an end
   *   without one, ERR_WS_INVALID_UTF8 for a text given as other bytes, ERR_WS_RANDOM_SOURCE; TypeError ERR_WS_ARGUMENT
   *   for another type or other data. In each case nothing is encoded.
   */
  send(type: DataType, data: string | Uint8Array, options?: SendOptions): boolean {
    if (type !== TextMessage && type !== BinaryMessage) throw typeError('bad message type')
    this.#assertBetweenMessages()
    if (typeof data === 'string') {
      this.#encoder.textFrame(FIN | type, data)
      return false
    }
    assertBytes(data, 'a payload')
    let bytes = data
    if (type === TextMessage && this.#checkSentUtf8) {
      bytes = steadyBytes(data)
      this.checkText(bytes, 0, true)
    } else if (data.length === 0) {
      steadyBytes(data)
    }
    return this.#encoder.frame(FIN | type, bytes, 0, bytes.length, options?.copy !== true) && bytes === data
  }

  /**
   * Encodes a received message again; a text that was checked when it came is not checked again.
   *
   * @returns whether the payload is borrowed: the message's memory is read until its segment is released
   * @throws WebSocketError as {@link send}
   */
  sendMessage(message: Message, options?: SendOptions): boolean {
    this.#assertBetweenMessages()
    if (message.type === TextMessage && message.form === UNCHECKED) this.checkText(message.data, 0, true)
    const { source, start, byteLength } = message
    const borrow = options?.copy !== true && !message.isForeign
    return this.#encoder.frame(FIN | message.type, source, start, start + byteLength, borrow)
  }

  /**
   * Encodes a prepared message, a control frame included.
   *
   * @throws WebSocketError as {@link send}
   */
  sendPrepared(prepared: PreparedMessage): void {
    const { type, payload } = prepared
    if (type === CloseMessage) this.closeWith(payload)
    else if (type === PingMessage || type === PongMessage) this.#control(type, payload)
    else {
      this.#assertBetweenMessages()
      if (this.role === 'server') this.#encoder.append(prepared.frame)
      else this.#encoder.frame(FIN | type, payload, 0, payload.length, false)
    }
  }

  /**
   * @internal Encodes source[start..end) as the next fragment of a message (RFC 6455 §5.4): the first one begins it, the
   * `last` one ends it. Texts are checked by the caller, with {@link checkText}.
   * @returns whether the payload is borrowed, as {@link send}
   */
  sendFragment(
    type: DataType,
    source: Uint8Array,
    start: number,
    end: number,
    last: boolean,
    borrow: boolean,
  ): boolean {
    this.#assertSendable()
    const opcode = this.#isInMessage ? 0 : type
    const isBorrowed = this.#encoder.frame(last ? FIN | opcode : opcode, source, start, end, borrow)
    this.#isInMessage = !last
    return isBorrowed
  }

  /**
   * @internal Checks that texts to send are UTF-8, piece by piece, unless that is off.
   * @param state what the call for the piece before returned; 0 for the first
   * @param last nothing follows: the text must end here
   * @throws WebSocketError ERR_WS_INVALID_UTF8
   */
  checkText(bytes: Uint8Array, state: number, last: boolean): number {
    if (!this.#checkSentUtf8) return 0
    const next = this.#kernel.utf8(bytes, 0, bytes.length, state)
    if (next < 0 || (last && (next & UTF8_STATE) !== 0)) {
      throw new WebSocketError('ERR_WS_INVALID_UTF8', {
        message: 'the text to send is not UTF-8',
        closeCode: 0,
      })
    }
    return next
  }

  /**
   * Encodes a Ping frame (RFC 6455 §5.5.2).
   *
   * @param data at most 125 bytes; default none
   * @throws TypeError, RangeError ERR_WS_ARGUMENT for more than 125 bytes; WebSocketError as {@link send}
   */
  ping(data: Uint8Array = NO_BYTES): void {
    this.#control(PingMessage, data)
  }

  /** Encodes a Pong frame nobody asked for (RFC 6455 §5.5.3); else as {@link ping}. Pings are answered without it. */
  pong(data: Uint8Array = NO_BYTES): void {
    this.#control(PongMessage, data)
  }

  /**
   * Encodes a Close frame (RFC 6455 §7.1.2). Does nothing when one was sent before, by us or as an answer, or after a
   * failure.
   *
   * @param code 1000..1003, 1007..1014 or 3000..4999; 1005 for a Close frame without a code; default 1000
   * @param reason at most 123 bytes in UTF-8; default ''
   * @throws RangeError, TypeError ERR_WS_ARGUMENT; WebSocketError ERR_WS_RANDOM_SOURCE
   */
  close(code: number = CloseNormalClosure, reason = ''): void {
    const payload = formatCloseMessage(code, reason)
    if (this.#closeSent || this.#ended) return
    this.#control(CloseMessage, payload)
    this.#closeSent = true
  }

  /**
   * Encodes a Close frame with a payload that is there already.
   *
   * @throws TypeError ERR_WS_ARGUMENT unless it is what {@link formatCloseMessage} makes; WebSocketError as
   *   {@link send}
   */
  closeWith(payload: Uint8Array): void {
    this.#assertSendable()
    assertBytes(payload, 'a payload')
    const { code, reason } = checkClosePayload(payload, this.#kernel)
    this.close(code, reason)
  }

  // ── Bytes out ────────────────────────────────────────────────────────────────────────────────────────────

  /** Bytes encoded and not taken yet, headers included. */
  get pendingBytes(): number {
    return this.#encoder.pendingBytes
  }

  /**
   * Takes what is encoded without copying it, in order; none when there is nothing. Give the segments to
   * {@link release}, all of them and once, when their bytes have left: until then they hold memory of the encoder's.
   */
  take(): readonly Segment[] {
    return this.#encoder.take()
  }

  /** The bytes of segments from {@link take} have left; their memory may be used again. */
  release(segments: readonly Segment[]): void {
    this.#encoder.release(segments)
  }

  /** Takes what is encoded as one array of the caller's own, with nothing to release; empty when there is nothing. */
  output(): Uint8Array {
    const own = new Uint8Array(this.#encoder.pendingBytes)
    const segments = this.#encoder.take()
    let at = 0
    for (const { bytes, start, end } of segments) {
      own.set(bytes.subarray(start, end), at)
      at += end - start
    }
    this.#encoder.release(segments)
    return own
  }

  /**
   * Whether what is encoded now has to wait, since earlier output has not left yet; default false. While it does, it is
   * kept in memory of its own, and pings and pongs pass messages that wait.
   */
  get isSlow(): boolean {
    return this.#encoder.isSlow
  }

  set isSlow(value: boolean) {
    this.#encoder.isSlow = value
  }

  /**
   * Whether the peer does not take what we send; default false. While it does not, pings are not answered at once: the
   * newest 16 wait (RFC 6455 §5.5.3 lets us leave out older ones). Set it back to false and they are encoded; that
   * throws ERR_WS_RANDOM_SOURCE when they cannot be masked.
   */
  get congested(): boolean {
    return this.#isCongested
  }

  set congested(value: boolean) {
    this.#isCongested = value
    const waiting = this.#waitingPongs
    if (value || waiting === undefined) return
    this.#waitingPongs = undefined
    if (!this.#closeSent && !this.#ended) for (const data of waiting) this.#control(PongMessage, data)
  }

  /**
   * Encodes what an event asks for.
   *
   * @returns the fault of it: only the random source fails here. The answer cannot be masked, so the connection cannot
   *   go on. A Close that is not answered is no closing handshake; a fault stays the first one
   */
  #reactTo(event: DecoderEvent): FaultEvent | undefined {
    try {
      this.#react(event)
      return undefined
    } catch (error) {
      this.#ended = true
      return event.type === 0 ? undefined : { type: 0, error: error as WebSocketError }
    }
  }

  /** @internal Answers a ping, as is done by itself unless {@link answersPings} says otherwise. */
  answerPing(data: Uint8Array): void {
    if (this.#closeSent || this.#ended) return
    if (!this.#isCongested) {
      this.#control(PongMessage, data)
      return
    }
    this.#waitingPongs ??= []
    if (this.#waitingPongs.length === MAX_WAITING_PONGS) this.#waitingPongs.shift()
    this.#waitingPongs.push(data.slice())
  }

  #react(event: DecoderEvent): void {
    if (event.type === PingMessage) {
      if (this.answersPings) this.answerPing(event.data)
    } else if (event.type === CloseMessage) {
      this.#closeReceived = true
      if (this.answersClose) this.close(event.code)
    } else if (event.type === 0) {
      const { closeCode, message } = event.error
      if (closeCode !== undefined)
        this.close(closeCode, message.slice('websocket: '.length).slice(0, MAX_CLOSE_REASON))
      this.#ended = true
    }
  }

  #control(type: typeof CloseMessage | typeof PingMessage | typeof PongMessage, data: Uint8Array): void {
    assertBytes(data, 'a payload')
    if (data.length === 0) steadyBytes(data)
    if (data.length > MAX_CONTROL_PAYLOAD) {
      throw rangeError(`a control frame carries at most ${MAX_CONTROL_PAYLOAD} bytes`)
    }
    this.#assertSendable()
    if (type === CloseMessage) this.#encoder.frame(FIN | type, data, 0, data.length, false)
    else this.#encoder.urgentFrame(FIN | type, data)
  }

  #assertSendable(): void {
    if (this.#closeSent) throw closeSentError()
    if (this.#ended) throw new WebSocketError('ERR_WS_CLOSED', { message: 'the connection was closed' })
  }

  #assertBetweenMessages(): void {
    this.#assertSendable()
    if (this.#isInMessage)
      throw new WebSocketError('ERR_WS_CONCURRENT_WRITE', {
        message: 'the fragments of another message are open',
      })
  }
}
