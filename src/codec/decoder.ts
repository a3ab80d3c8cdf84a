// Bytes in, events out (RFC 6455 §5): turns the rows of the kernel's scan into messages, control frames and faults.
// Synchronous and without I/O; the events of one push do not depend on how the bytes were cut.

import type { Kernel } from '../kernel/kernel.ts'
import {
  CONFIG_LENIENT_LENGTH,
  CONFIG_MASKED,
  CONFIG_SKIP_UTF8,
  FAULT_TOO_BIG,
  FAULT_UTF8,
  ROW_ASCII,
  ROW_CONTROL,
  ROW_FIN,
  ROW_FIRST,
  ROW_OPCODE,
  ROW_PARTIAL,
  ROW_WORDS,
  SCAN_CLOSE_SEEN,
  SCAN_FAULT,
  STATE_CONFIG,
  STATE_CONSUMED,
  STATE_FAULT,
  STATE_FAULT_AT,
  STATE_FRAME,
  STATE_HEAD_COUNT,
  STATE_KEY,
  STATE_LEFT_HI,
  STATE_LEFT_LO,
  STATE_LENGTH_HI,
  STATE_LENGTH_LO,
  STATE_LIMIT_HI,
  STATE_LIMIT_LO,
  STATE_LIMIT_RSV1_HI,
  STATE_LIMIT_RSV1_LO,
  STATE_MAX_FRAGMENTS,
  STATE_MESSAGE,
  STATE_PHASE,
  STATE_ROW_COUNT,
  STATE_UTF8,
  STATE_WORDS,
  UTF8_STATE,
  UTF8_WIDE,
  WINDOW_BYTES,
} from '../kernel/layout.ts'
import { getKernel } from '../kernel/select.ts'
import { assertBytes, isSteady } from './bytes.ts'
import { Chunk } from './chunk.ts'
import { parseClosePayload } from './close-payload.ts'
import {
  BinaryMessage,
  CloseMessage,
  type DataType,
  type PingMessage,
  type PongMessage,
  TextMessage,
} from './constants.ts'
import { typeError, WebSocketError } from './errors.ts'
import type { DecoderEvent } from './events.ts'
import { faultError } from './faults.ts'
import { Gather, LARGE_PIECE } from './gather.ts'
import { scanEnd } from './header.ts'
import {
  checkLimit,
  compressedLimit,
  DEFAULT_MAX_FRAGMENTS,
  DEFAULT_READ_LIMIT,
  MAX_BUFFER,
  MAX_CONTROL_PAYLOAD,
  MAX_TEXT,
} from './limits.ts'
import { ASCII, Message, type TextForm, UNCHECKED, VALID_UTF8 } from './message.ts'
import type { TextCodec } from './ports.ts'
import { checkRole, type Role } from './role.ts'
import { portableText } from './text-codec.ts'

/** What a {@link Decoder} is told of its connection. */
export interface DecoderOptions {
  /** Our role: a server reads masked frames, a client unmasked ones (RFC 6455 §5.1). */
  readonly role: Role
  /** Most bytes of a message, a whole number of 0 or more, or Infinity; default 16 MiB. Beyond: ERR_WS_MESSAGE_TOO_BIG, close code 1009. */
  readonly readLimit?: number | undefined
  /**
   * Most frames of a message, empty ones included: a whole number of 0 or more, or Infinity; default 131,072. Beyond:
   * ERR_WS_TOO_MANY_FRAGMENTS, 1008.
   */
  readonly maxFragments?: number | undefined
  /** Accept lengths that are not in their shortest form; default false: ERR_WS_LENGTH, 1002. */
  readonly lenientLength?: boolean | undefined
  /** Check that texts are UTF-8; default true: ERR_WS_INVALID_UTF8, 1007. */
  readonly checkUtf8?: boolean | undefined
  /** The kernel; default the fastest that runs here. */
  readonly kernel?: Kernel | undefined
  /** String conversion; default that of TextDecoder. */
  readonly text?: TextCodec | undefined
}

/** Whose the bytes of a push are. */
export interface PushOptions {
  /** The bytes stay the caller's: they are neither changed nor kept. Default false: the decoder takes them. */
  readonly keep?: boolean
}

const HIGH = 0x1_0000_0000
const NO_BYTES = new Uint8Array(0)

function formOf(flags: number, checkedText: number): TextForm {
  if ((flags & ROW_OPCODE) !== checkedText) return UNCHECKED
  return (flags & ROW_ASCII) !== 0 ? ASCII : VALID_UTF8
}

/** No events; never added to, never given away. */
const NONE: DecoderEvent[] = []

/**
 * Turns the bytes that one peer sends into events: messages, control frames, and at most one fault (RFC 6455 §5).
 * Nothing the peer sends makes it throw. {@link Protocol} is this with the answers that the protocol asks for.
 */
export class Decoder {
  readonly #kernel: Kernel
  readonly #text: TextCodec
  readonly #state = new Uint32Array(STATE_WORDS)
  readonly #gather = new Gather()
  /** TextMessage where texts are checked, else 0. */
  readonly #checkedText: number
  /** Payload of a control frame that a read cut; made when the first one is. */
  #control: Gather | undefined
  /** Stream offset of the next byte to look at. */
  #position = 0
  /** Stream offsets of the header and the payload of the cut frame, or of the control frame or fragment at hand. */
  #headerOffset = 0
  #payloadOffset = 0
  /** Events of the running push, and how many; the array may be made for more. */
  #events: DecoderEvent[] = NONE
  #eventCount = 0
  /** Receives the events of the running pushEach, and the message it borrows. */
  #sink: ((event: DecoderEvent) => void) | undefined
  #borrowed: Message | undefined
  /** Bytes of the message at hand that were given out by takePart(). */
  #taken = 0
  /** A fault or a Close frame ended the stream. */
  #done = false

  /** @throws RangeError ERR_WS_ARGUMENT for a limit that is no whole number; TypeError ERR_WS_ARGUMENT for another role */
  constructor(options: DecoderOptions) {
    const { role, lenientLength = false, checkUtf8 = true } = options
    checkRole(role)
    this.#kernel = options.kernel ?? getKernel()
    this.#text = options.text ?? portableText
    this.#checkedText = checkUtf8 ? TextMessage : 0
    this.#state[STATE_CONFIG] =
      (role === 'server' ? CONFIG_MASKED : 0) |
      (lenientLength ? CONFIG_LENIENT_LENGTH : 0) |
      (checkUtf8 ? 0 : CONFIG_SKIP_UTF8)
    const fragments = checkLimit('maxFragments', options.maxFragments, DEFAULT_MAX_FRAGMENTS)
    this.#state[STATE_MAX_FRAGMENTS] = Math.min(fragments, HIGH - 1)
    this.setReadLimit(options.readLimit)
  }

  /**
   * Sets the limit for messages whose next frame header is still to come.
   * @param bytes whole number of 0 or more, or Infinity (then 2^31-1, what one buffer holds); undefined: 16 MiB
   * @throws RangeError ERR_WS_ARGUMENT
   */
  setReadLimit(bytes: number | undefined): void {
    const limit = Math.min(checkLimit('readLimit', bytes, DEFAULT_READ_LIMIT), Number.MAX_SAFE_INTEGER)
    const wire = Math.min(compressedLimit(limit), Number.MAX_SAFE_INTEGER)
    this.#state[STATE_LIMIT_LO] = limit
    this.#state[STATE_LIMIT_HI] = Math.floor(limit / HIGH)
    this.#state[STATE_LIMIT_RSV1_LO] = wire
    this.#state[STATE_LIMIT_RSV1_HI] = Math.floor(wire / HIGH)
  }

  /** Payload bytes held for a message that is not complete yet. */
  get pendingBytes(): number {
    return this.#gather.length
  }

  /** Type of the message that has begun and is not complete; 0 between messages. */
  get partType(): DataType | 0 {
    return (this.#state[STATE_MESSAGE] & ROW_OPCODE) as DataType | 0
  }

  /**
   * Takes what has come of the message that is not complete, unmasked and checked; empty when nothing has. The event of
   * that message then carries the rest of it only.
   */
  takePart(): Uint8Array {
    const { length } = this.#gather
    if (length === 0) return NO_BYTES
    this.#taken += length
    const { buffer, byteOffset } = this.#gather.take(this.#kernel)
    // Plain bytes, where a piece may be a part of a Node Buffer.
    return new Uint8Array(buffer, byteOffset, length)
  }

  /** Whether the stream may end here: between messages, with no part of a frame held. */
  get isBetweenMessages(): boolean {
    const state = this.#state
    return state[STATE_MESSAGE] === 0 && state[STATE_HEAD_COUNT] === 0 && !this.#isInFrame
  }

  get #isInFrame(): boolean {
    return this.#state[STATE_LEFT_LO] !== 0 || this.#state[STATE_LEFT_HI] !== 0
  }

  /**
   * Takes the next bytes of the stream and returns the events that they complete, in order. After a fault or a Close
   * event every push returns nothing.
   *
   * @param bytes any number of them; taken unless `keep`: changed (unmasked in place) and kept alive by the messages
   */
  push(bytes: Uint8Array, options?: PushOptions): DecoderEvent[] {
    assertBytes(bytes, 'input')
    return this.pushRange(bytes, 0, bytes.length, options?.keep ?? false)
  }

  /** @internal As {@link push}, for bytes[start..end). */
  pushRange(bytes: Uint8Array, start: number, end: number, keep: boolean): DecoderEvent[] {
    this.#assertIdle()
    this.#events = NONE
    this.#eventCount = 0
    this.#take(bytes, start, end, keep)
    const events = this.#events
    const eventCount = this.#eventCount
    this.#events = NONE
    if (eventCount === 0) return []
    if (events.length !== eventCount) events.length = eventCount
    return events
  }

  /**
   * As {@link push}, but gives the events to `sink`, one after the other, and borrows it the messages: it is the same
   * object for all of them, good until `sink` returns. That saves the object and the array of every message, which cost
   * more than decoding a short frame. Afterwards the message throws ERR_WS_MESSAGE_EXPIRED, or shows the next one while
   * this push lasts; its copy() is owned.
   *
   * @param sink may feed other decoders, not this one; what it throws is thrown on, and ends this decoder's stream
   * @throws TypeError ERR_WS_ARGUMENT from a push to this decoder inside its sink
   */
  pushEach(bytes: Uint8Array, sink: (event: DecoderEvent) => void, options?: PushOptions): void {
    assertBytes(bytes, 'input')
    this.pushRangeEach(bytes, 0, bytes.length, options?.keep ?? false, sink)
  }

  /** @internal As {@link pushEach}, for bytes[start..end). */
  pushRangeEach(
    bytes: Uint8Array,
    start: number,
    end: number,
    keep: boolean,
    sink: (event: DecoderEvent) => void,
  ): void {
    this.#assertIdle()
    const borrowed = this.#borrowed ?? new Message(BinaryMessage, undefined, 0, 0, UNCHECKED)
    this.#borrowed = borrowed
    this.#sink = sink
    try {
      this.#take(bytes, start, end, keep)
    } catch (error) {
      this.#done = true
      throw error
    } finally {
      this.#sink = undefined
      borrowed.lend(BinaryMessage, undefined, 0, 0, UNCHECKED)
    }
  }

  #assertIdle(): void {
    if (this.#sink !== undefined) throw typeError('a sink must not feed its decoder')
  }

  /** Takes bytes[start..end) through the kernel; the events go to the sink, or are gathered. */
  #take(bytes: Uint8Array, start: number, end: number, keep: boolean): void {
    // Other threads or a resize may change such memory under us; and no message may keep a large block alive.
    const { buffer } = bytes
    if (buffer.byteLength > WINDOW_BYTES || !isSteady(buffer)) keep = true
    let at = start
    while (at < end && !this.#done) {
      if (this.#isInFrame) {
        // What shares its buffer with nothing else may stay there.
        at = this.#moveFrame(bytes, at, end, !keep && buffer.byteLength === end - at)
        continue
      }
      let stop = Math.min(end, at + WINDOW_BYTES)
      if (this.#state[STATE_HEAD_COUNT] === 0) stop = scanEnd(bytes, at, stop)
      if (keep) {
        this.#scanAll(new Uint8Array(bytes.subarray(at, stop)), 0, stop - at)
      } else {
        this.#scanAll(bytes, at, stop)
      }
      at = stop
    }
  }

  /** Scans bytes[start..end) whole; they are ours to change and keep. */
  #scanAll(bytes: Uint8Array, start: number, end: number): void {
    const state = this.#state
    let at = start
    while (at < end && !this.#done) {
      const base = this.#position
      const status = this.#kernel.scan(bytes, at, end, state)
      const consumed = state[STATE_CONSUMED]
      this.#readRows(bytes, at, base)
      if (this.#done) return
      this.#position = base + consumed
      at += consumed
      if (status === SCAN_FAULT)
        this.#fail(faultError(state[STATE_FAULT], base + (state[STATE_FAULT_AT] | 0)))
      else if (status === SCAN_CLOSE_SEEN) this.#done = true
    }
  }

  /** Makes events of the last scan's rows; `base` is the stream offset of bytes[at], where the scan began. */
  #readRows(bytes: Uint8Array, at: number, base: number): void {
    const sink = this.#sink
    const checkedText = this.#checkedText
    const count = this.#state[STATE_ROW_COUNT] * ROW_WORDS
    let { rows } = this.#kernel
    // A sink may make the kernel scan for another decoder.
    if (sink !== undefined) rows = rows.slice(0, count)
    else if (this.#eventCount === 0) this.#events = new Array(count / ROW_WORDS)
    const events = this.#events
    const borrowed = this.#borrowed as Message
    const chunk = new Chunk(bytes, this.#text)
    for (let row = 0; row < count; row += ROW_WORDS) {
      const flags = rows[row]
      if ((flags & (ROW_CONTROL | ROW_PARTIAL | ROW_FIRST | ROW_FIN)) !== (ROW_FIRST | ROW_FIN)) {
        this.#readRow(rows, row, bytes, at, base)
        if (this.#done) return
        continue
      }
      const type = (flags & ROW_OPCODE) as DataType
      const form = formOf(flags, checkedText)
      const start = at + rows[row + 1]
      const length = rows[row + 2]
      if (sink !== undefined) {
        borrowed.lend(type, chunk, start, length, form)
        sink(borrowed)
      } else {
        events[this.#eventCount++] = new Message(type, chunk, start, length, form)
      }
    }
  }

  /** Takes a row that is no message of one frame. */
  #readRow(rows: Uint32Array, row: number, bytes: Uint8Array, at: number, base: number): void {
    const flags = rows[row]
    const start = at + rows[row + 1]
    const end = start + rows[row + 2]
    this.#headerOffset = base + (rows[row + 3] | 0)
    this.#payloadOffset = base + rows[row + 1]
    if ((flags & ROW_PARTIAL) !== 0) {
      this.#position = this.#payloadOffset
      this.#moveFrame(bytes, start, end, false)
    } else if ((flags & ROW_CONTROL) !== 0) {
      this.#controlFrame(flags & ROW_OPCODE, bytes, start, end)
    } else {
      const length = end - start
      if (!this.#makeRoom(flags, length, this.#gather.length + length)) return
      this.#gather.append(bytes, start, end)
      if ((flags & ROW_FIN) !== 0) this.#deliver(flags)
    }
  }

  /** Moves what bytes[start..end) holds of the cut frame, or keeps it where it may; returns the index behind it. */
  #moveFrame(bytes: Uint8Array, start: number, end: number, mayKeep: boolean): number {
    const state = this.#state
    const kernel = this.#kernel
    const flags = state[STATE_FRAME]
    const isControl = (flags & ROW_CONTROL) !== 0
    const left = state[STATE_LEFT_HI] * HIGH + state[STATE_LEFT_LO]
    const length = Math.min(left, end - start)
    const announced = state[STATE_LENGTH_HI] * HIGH + state[STATE_LENGTH_LO] - this.#taken
    let gather = this.#gather
    // A text is unmasked at once, to be checked; what ends a frame may have others behind it in its read.
    const isText = (flags & ROW_OPCODE) === this.#checkedText
    const isKept = mayKeep && !isControl && !isText && length >= LARGE_PIECE && left > length
    if (isControl) {
      this.#control ??= new Gather()
      gather = this.#control
      gather.reserve(length, MAX_CONTROL_PAYLOAD)
    } else if (!this.#makeRoom(flags, isKept ? 0 : length, announced)) {
      return end
    }
    const phase = state[STATE_PHASE]
    state[STATE_PHASE] = (phase + length) & 3
    if (isKept) {
      gather.keep(bytes.subarray(start, start + length), state[STATE_KEY], phase)
    } else {
      const from = gather.used
      kernel.mask(bytes, start, gather.bytes, from, length, state[STATE_KEY], phase)
      gather.grow(length)
      if (isText) {
        const text = kernel.utf8(gather.bytes, from, gather.used, state[STATE_UTF8])
        if (text < 0) {
          this.#fail(faultError(FAULT_UTF8, this.#position + ~text - from))
          return end
        }
        state[STATE_UTF8] = text
      }
    }
    this.#position += length
    state[STATE_LEFT_HI] = Math.floor((left - length) / HIGH)
    state[STATE_LEFT_LO] = left - length
    if (length === left) this.#finishFrame(flags)
    return start + length
  }

  /** The cut frame is complete. */
  #finishFrame(flags: number): void {
    const state = this.#state
    const opcode = flags & ROW_OPCODE
    if (opcode >= 8) {
      const { length } = this.#control as Gather
      const payload = (this.#control as Gather).take(this.#kernel)
      this.#controlFrame(opcode, payload, 0, length)
    } else if ((flags & ROW_FIN) !== 0) {
      const text = state[STATE_UTF8]
      state.fill(0, STATE_MESSAGE, STATE_UTF8 + 1)
      if ((text & UTF8_STATE) !== 0) this.#fail(faultError(FAULT_UTF8, this.#position))
      else this.#deliver((text & UTF8_WIDE) === 0 ? flags | ROW_ASCII : flags)
    }
  }

  /**
   * Makes room for `more` bytes of the message, of which the headers so far announce `announced`; false where the
   * runtime has no buffer, or no string, for so many, which fails as too big.
   */
  #makeRoom(flags: number, more: number, announced: number): boolean {
    const isTextTooLong = (flags & ROW_OPCODE) === TextMessage && announced > MAX_TEXT
    try {
      if (!isTextTooLong && this.#gather.length + more <= MAX_BUFFER) {
        // Only the last frame's header makes the message's length known; a part of one that is taken in parts grows
        // when it has to.
        let total = (flags & ROW_FIN) !== 0 ? announced : Number.POSITIVE_INFINITY
        if (this.#taken > 0 && this.#gather.used === 0) total = this.#gather.length + more
        this.#gather.reserve(more, total)
        return true
      }
    } catch {
      // The runtime has no memory for it.
    }
    this.#fail(faultError(FAULT_TOO_BIG, this.#headerOffset))
    return false
  }

  /** The gathered message is complete. */
  #deliver(flags: number): void {
    const { length } = this.#gather
    const type = (flags & ROW_OPCODE) as DataType
    let form = formOf(flags, this.#checkedText)
    // The rest of a text may begin inside of a character.
    if (this.#taken > 0 && form === VALID_UTF8) form = UNCHECKED
    this.#taken = 0
    const chunk = new Chunk(this.#gather.take(this.#kernel), this.#text)
    let message = this.#borrowed as Message
    if (this.#sink === undefined) message = new Message(type, chunk, 0, length, form)
    else message.lend(type, chunk, 0, length, form)
    this.#emit(message)
  }

  /** A whole control frame, its payload unmasked in bytes[start..end). */
  #controlFrame(opcode: number, bytes: Uint8Array, start: number, end: number): void {
    if (opcode !== CloseMessage) {
      const data = new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start)
      this.#emit({ type: opcode as typeof PingMessage | typeof PongMessage, data })
      return
    }
    this.#done = true
    try {
      this.#emit(
        parseClosePayload(
          bytes,
          start,
          end,
          this.#headerOffset,
          this.#payloadOffset,
          this.#kernel,
          this.#text,
        ),
      )
    } catch (error) {
      if (!(error instanceof WebSocketError)) throw error
      this.#fail(error)
    }
  }

  #emit(event: DecoderEvent): void {
    if (this.#sink !== undefined) this.#sink(event)
    else if (this.#events === NONE) {
      this.#events = [event]
      this.#eventCount = 1
    } else this.#events[this.#eventCount++] = event
  }

  #fail(error: WebSocketError): void {
    this.#done = true
    this.#gather.clear()
    this.#emit({ type: 0, error })
  }
}
