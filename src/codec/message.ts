// A received message (RFC 6455 §5.6), owned: its bytes never change after delivery.
// Its bytes stand in the chunk they came in, or in a buffer of their own where the message came in pieces.

import type { DataType } from './constants.ts'
import { WebSocketError } from './errors.ts'
import type { TextCodec } from './ports.ts'

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
    throw new WebSocketError('ERR_WS_INVALID_UTF8', { message: 'the payload is not UTF-8', cause })
  }
}

export class Message {
  /** TextMessage (1) or BinaryMessage (2). */
  readonly type: DataType
  /** Payload length in bytes; of a text, its length in UTF-8. */
  readonly byteLength: number
  /** @internal */
  readonly source: Uint8Array
  /** @internal */
  readonly start: number
  /** @internal */
  readonly form: TextForm
  private readonly codec: TextCodec
  private view: Uint8Array | undefined

  /** @internal */
  constructor(
    type: DataType,
    source: Uint8Array,
    start: number,
    byteLength: number,
    form: TextForm,
    codec: TextCodec,
  ) {
    this.type = type
    this.byteLength = byteLength
    this.source = source
    this.start = start
    this.form = form
    this.codec = codec
    this.view = undefined
  }

  get isText(): boolean {
    return this.type === 1
  }

  /**
   * The payload, the same object each time. It may be a view of the chunk that the message came in and then keeps
   * that chunk (at most 64 KiB) alive; {@link copy} gives a message of its own memory.
   */
  get data(): Uint8Array {
    let view = this.view
    if (view === undefined) {
      view = new Uint8Array(this.source.buffer, this.source.byteOffset + this.start, this.byteLength)
      this.view = view
    }
    return view
  }

  /**
   * The payload as a string.
   * @throws WebSocketError ERR_WS_INVALID_UTF8 when a binary message, or a text received unchecked, is not UTF-8
   */
  text(): string {
    if (this.form === UNCHECKED) return decodeUnchecked(this.data)
    return this.codec.decode(this.source, this.start, this.start + this.byteLength, this.form === ASCII)
  }

  /**
   * The payload parsed as JSON.
   * @throws SyntaxError as JSON.parse does
   */
  json<T = unknown>(): T {
    return JSON.parse(this.text()) as T
  }

  /** The same message in memory of its own, exactly as large as it is. */
  copy(): Message {
    const own = new Uint8Array(this.byteLength)
    own.set(this.data)
    return new Message(this.type, own, 0, this.byteLength, this.form, this.codec)
  }

  /** Whether `value` is a Message, of this or of another copy of the library. */
  static isMessage(value: unknown): value is Message {
    return typeof value === 'object' && value !== null && brand in value
  }
}
Object.defineProperty(Message.prototype, brand, { value: true })
