// A received message (RFC 6455 §5.6): owned, then its bytes never change after delivery; or borrowed for one call.
// Its bytes stand in the chunk they came in, or in a buffer of their own where the message came in pieces.

import { assertBytes } from './bytes.ts'
import type { Chunk } from './chunk.ts'
import type { DataType } from './constants.ts'
import { hasBrand, WebSocketError } from './errors.ts'

/** What is known of a message's bytes as text. */
export const UNCHECKED = 0
export const VALID_UTF8 = 1
export const ASCII = 2
export type TextForm = typeof UNCHECKED | typeof VALID_UTF8 | typeof ASCII

const brand = Symbol.for('gibbon-ws.Message')

function decodeUnchecked(data: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data)
  } catch (cause) {
    // A string longer than the runtime can hold is no fault of the bytes.
    if (!(cause instanceof TypeError)) throw cause
    throw new WebSocketError('ERR_WS_INVALID_UTF8', {
      message: 'the text is not UTF-8',
      closeCode: 0,
      cause,
    })
  }
}

/** What only a borrowed message changes. */
interface Fields {
  type: DataType
  byteLength: number
  start: number
  form: TextForm
  chunk: Chunk | undefined
  view: Uint8Array | undefined
}

/** A text or binary message from the peer. */
export class Message {
  /** TextMessage (1) or BinaryMessage (2). */
  readonly type: DataType
  /** Payload length in bytes; of a text, its length in UTF-8. */
  readonly byteLength: number
  /** Index in {@link source} of the payload's first byte. */
  readonly start: number
  /** @internal */
  readonly form: TextForm
  /** Undefined once a borrowed message has expired. */
  private readonly chunk: Chunk | undefined
  private view: Uint8Array | undefined

  /** @internal */
  constructor(type: DataType, chunk: Chunk | undefined, start: number, byteLength: number, form: TextForm) {
    this.type = type
    this.byteLength = byteLength
    this.start = start
    this.form = form
    this.chunk = chunk
    this.view = undefined
  }

  /** Whether it is a text: `type` is TextMessage. */
  get isText(): boolean {
    return this.type === 1
  }

  /**
   * The bytes that the payload stands in, from {@link start} on: for parsers that take offsets, as making {@link data}
   * costs more than decoding a short frame. What stands around it is none of the message's.
   * @throws WebSocketError ERR_WS_MESSAGE_EXPIRED, as do all that read the payload of a borrowed message too late
   */
  get source(): Uint8Array {
    return this.live().bytes
  }

  /**
   * The payload, the same object each time. It may be a view of the chunk that the message came in and then keeps
   * that chunk (at most 64 KiB) alive; {@link copy} gives a message of its own memory.
   */
  get data(): Uint8Array {
    let { view } = this
    if (view === undefined) {
      view = this.live().view(this.start, this.byteLength)
      this.view = view
    }
    return view
  }

  /**
   * The payload as a string. Short texts may share memory with others that came with them: a string keeps at most
   * 2 KiB alive.
   * @throws WebSocketError ERR_WS_INVALID_UTF8 when a binary message, or a text received unchecked, is not UTF-8
   */
  text(): string {
    const { form, start } = this
    if (form === ASCII) return this.live().decodeAscii(start, start + this.byteLength)
    if (form === UNCHECKED) return decodeUnchecked(this.data)
    return this.live().decode(start, start + this.byteLength)
  }

  /**
   * The payload parsed as JSON.
   * @throws SyntaxError as JSON.parse does; WebSocketError ERR_WS_INVALID_UTF8 as {@link text}
   */
  json<T = unknown>(): T {
    return JSON.parse(this.text()) as T
  }

  /**
   * The same message in memory of its own, exactly as large as it is; an owned one where this one is borrowed.
   *
   * @param into memory to use instead, where the message fits into it: the message changes when its caller changes that,
   *   so it is checked and copied when it is sent
   * @throws TypeError ERR_WS_ARGUMENT for an `into` that is no Uint8Array
   */
  copy(into?: Uint8Array): Message {
    if (into !== undefined) assertBytes(into, 'into')
    const { type, start, byteLength, form } = this
    const chunk = this.live().slice(start, start + byteLength, into)
    return new Message(type, chunk, 0, byteLength, chunk.isForeign ? UNCHECKED : form)
  }

  /** @internal Whether the application may change the payload. */
  get isForeign(): boolean {
    return this.live().isForeign
  }

  /** @internal Makes this borrowed message another one; without a chunk it has expired. */
  lend(type: DataType, chunk: Chunk | undefined, start: number, byteLength: number, form: TextForm): void {
    const self = this as unknown as Fields
    self.type = type
    self.byteLength = byteLength
    self.start = start
    self.form = form
    // A barrier each time: the message is old, the chunk young.
    if (self.chunk !== chunk) self.chunk = chunk
    self.view = undefined
  }

  private live(): Chunk {
    if (this.chunk === undefined)
      throw new WebSocketError('ERR_WS_MESSAGE_EXPIRED', {
        message: 'the borrowed message has expired',
      })
    return this.chunk
  }

  /** @internal */
  get [brand](): true {
    return true
  }

  /** Whether `value` is a Message, of this or of another copy of the library. */
  static isMessage(value: unknown): value is Message {
    return hasBrand(value, brand)
  }
}
