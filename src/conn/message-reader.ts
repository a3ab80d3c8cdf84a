// A received message that is read piece by piece (RFC 6455 §5.4): gorilla/websocket's reader of NextReader.
// Nothing is gathered here: the pieces wait where they came in, in the decoder, until they are asked for.

import { assertBytes } from '../codec/bytes.ts'
import type { DataType } from '../codec/constants.ts'
import { rangeError } from '../codec/errors.ts'
import type { Message } from '../codec/message.ts'
import { markHandled, type Op, rejected, timeLimit } from './waiter.ts'

/** How a piece of a message is read. */
export interface PieceOptions extends Op {
  /** Where the bytes go, with room for 1 or more; else each piece is a view of memory that nobody changes any more. */
  readonly into?: Uint8Array
}

/** What the pieces of a message that is still arriving come from. */
export interface PieceSource {
  /** What has come since the last call, 1 byte or more; undefined when nothing has. */
  takePiece(): Uint8Array | undefined
  /**
   * Resolves once there is more, or the message is complete; rejects when the connection has ended, at the limits of
   * the operation and at those set for all reads.
   * @returns false when it was given up by {@link leavePiece}
   */
  waitForPiece(op: Op | undefined): Promise<boolean>
  /** Who waits for a piece waits no longer. */
  leavePiece(): void
}

const none = new Uint8Array(0)
const end: Promise<null> = Promise.resolve(null)

/**
 * One received message, read as it arrives. Made by `conn.nextReader()`. The next read of the connection ends it: what
 * was not read of the message is skipped.
 */
export class MessageReader implements AsyncIterable<Uint8Array> {
  /** TextMessage (1) or BinaryMessage (2). */
  readonly type: DataType
  /** Where more comes from; undefined once the whole message is here. */
  #source: PieceSource | undefined
  /** What is here and was not read. */
  #here: Uint8Array = none
  /** Reads of a message that will not be complete reject with this. */
  #error: unknown

  /** @internal Of a message that is here, or of one that has begun to arrive. */
  constructor(type: DataType, from: Message | PieceSource) {
    this.type = type
    if ('takePiece' in from) this.#source = from
    else this.#here = from.data
  }

  /** Whether it is a text: `type` is TextMessage. A piece may end inside of a character. */
  get isText(): boolean {
    return this.type === 1
  }

  /**
   * The next piece of the message, of any length of 1 or more; null behind its last byte, and where a later read of the
   * connection has ended this reader.
   *
   * Rejects as `conn.readMessage` does. ERR_WS_TIMEOUT and the signal's reason take nothing away: the next call goes on
   * where this one would have. When the connection ends inside of the message, but for a fault what came of it can be
   * read, then every call rejects; a null says that the message was complete.
   *
   * @param options with `into`, the piece is the part of `into` that was filled
   * @throws TypeError, RangeError ERR_WS_ARGUMENT at once for limits that are none and an `into` without room
   */
  read(options?: PieceOptions): Promise<Uint8Array | null> {
    const into = options?.into
    if (into !== undefined) assertBytes(into, 'into')
    if (into?.length === 0) throw rangeError('into must have room for a byte')
    timeLimit(options)
    if (options?.signal?.aborted) return rejected(options.signal.reason)
    if (this.#here.length === 0) {
      if (this.#error !== undefined) return rejected(this.#error)
      if (this.#source === undefined) return end
      const piece = this.#source.takePiece()
      if (piece === undefined) {
        const more = this.#source
          .waitForPiece(options)
          .then((goesOn) => (goesOn ? this.read(into && { into }) : null))
        markHandled(more)
        return more
      }
      this.#here = piece
    }
    return Promise.resolve(this.#give(into))
  }

  /** The pieces of the message until its end; throws what {@link read} rejects with. Leaving it changes nothing. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    let pending: Promise<unknown> | undefined
    const iterator: AsyncIterableIterator<Uint8Array> = {
      next: () => {
        const piece = this.read()
        pending = piece
        const next = piece.then((value): IteratorResult<Uint8Array> => {
          if (pending === piece) pending = undefined
          return value === null ? { done: true, value: undefined } : { done: false, value }
        })
        markHandled(next)
        return next
      },
      return: () => {
        if (pending !== undefined) this.#source?.leavePiece()
        return Promise.resolve({ done: true, value: undefined })
      },
      [Symbol.asyncIterator]: () => iterator,
    }
    return iterator
  }

  /** The rest of the message as a stream of the web platform; one that is cancelled leaves the rest to be skipped. */
  get readable(): ReadableStream<Uint8Array> {
    const pieces = this[Symbol.asyncIterator]()
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const { done, value } = await pieces.next()
          if (done) controller.close()
          else controller.enqueue(value)
        },
        cancel: async () => {
          await pieces.return?.()
        },
      },
      // Nothing is read before it is asked for.
      { highWaterMark: 0 },
    )
  }

  /** @internal The message is complete; this is the rest of it. */
  finish(message: Message): void {
    const rest = message.data
    if (this.#source === undefined || rest.length === 0) {
      this.#source = undefined
      return
    }
    this.#source = undefined
    if (this.#here.length === 0) {
      this.#here = rest
      return
    }
    const both = new Uint8Array(this.#here.length + rest.length)
    both.set(this.#here)
    both.set(rest, this.#here.length)
    this.#here = both
  }

  /** @internal Nothing more is read: the message ends here, or with `error`. */
  leave(error?: unknown): void {
    this.#here = none
    this.#source = undefined
    this.#error = error
  }

  #give(into: Uint8Array | undefined): Uint8Array {
    const here = this.#here
    if (into === undefined) {
      this.#here = none
      return here
    }
    const part = here.length <= into.length ? here : here.subarray(0, into.length)
    into.set(part)
    this.#here = here.subarray(part.length)
    return into.subarray(0, part.length)
  }
}
