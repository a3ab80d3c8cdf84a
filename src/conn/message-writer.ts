// A message that is sent piece by piece (RFC 6455 §5.4): gorilla/websocket's writer of NextWriter.
// Small pieces are gathered to `writeBufferSize`; a message that fits leaves in one frame when it is closed.

import { assertBytes } from '../codec/bytes.ts'
import type { DataType } from '../codec/constants.ts'
import { WebSocketError } from '../codec/errors.ts'
import { type Bytes, toData } from '../codec/payload.ts'
import { copyBytes } from '../kernel/copy.ts'
import { type AsyncDisposal, makeDisposable } from './disposal.ts'
import type { Sender, WriteOptions } from './sender.ts'
import { accepted, rejected } from './waiter.ts'

const encoder = new TextEncoder()
const none = new Uint8Array(0)

/**
 * A message that is being sent piece by piece. Made by `conn.nextWriter()`. The message ends with {@link close}, and by
 * nothing else: a writer that is left in another way (`abort`, the end of `await using`, a stream that is aborted) fails
 * the connection unless nothing of the message was sent.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: below
export class MessageWriter {
  /** TextMessage (1) or BinaryMessage (2). */
  readonly type: DataType
  /** @internal Calls so far that did something. */
  progress = 0
  /** @internal A part of the message was sent. */
  hasSent = false
  /** @internal Where it was opened; only where concurrent writes are refused. */
  opened: string | undefined
  readonly #sender: Sender
  /** Of the connection's pool, from the first small piece on. */
  #buffer: Uint8Array | undefined
  #used = 0
  /** What the text so far ends in. */
  #utf8 = 0
  /** Nothing more can be written, and why, unless the writer was closed. */
  #isDone = false
  #error: unknown

  /** @internal */
  constructor(type: DataType, sender: Sender) {
    this.type = type
    this.#sender = sender
  }

  /**
   * Adds to the message. Each string is encoded by itself.
   *
   * The promise settles and rejects as that of `conn.writeMessage`. Rejects also with ERR_WS_WRITER_CLOSED behind
   * {@link close}, and with ERR_WS_INVALID_UTF8 for bytes that make a text no UTF-8; nothing of them is taken then.
   *
   * @param data of a text, strings or UTF-8, which may be cut anywhere
   * @throws TypeError, RangeError ERR_WS_ARGUMENT at once
   */
  write(data: string | Bytes, options?: WriteOptions): Promise<void> {
    const given = toData(data)
    const sender = this.#sender
    const refusal = this.#ending ?? sender.messageRefusal(options)
    if (refusal !== undefined) return rejected(refusal)
    const bytes = typeof given === 'string' ? encoder.encode(given) : given
    try {
      const utf8 = this.type === 1 ? sender.link.protocol.checkText(bytes, this.#utf8, false) : 0
      const added = this.#add(bytes, options)
      this.#utf8 = utf8
      this.progress++
      return added
    } catch (error) {
      return rejected(error)
    }
  }

  /**
   * Ends the message. The promise settles as that of `conn.writeMessage`; a second call rejects with
   * ERR_WS_WRITER_CLOSED, and a text that ends inside of a character with ERR_WS_INVALID_UTF8: it can be completed or
   * aborted.
   *
   * @throws TypeError, RangeError ERR_WS_ARGUMENT at once for limits that are none
   */
  close(options?: WriteOptions): Promise<void> {
    const sender = this.#sender
    const refusal = this.#ending ?? sender.refusal(options)
    if (refusal !== undefined) return rejected(refusal)
    let sent: Promise<void>
    try {
      if (this.type === 1 && this.#utf8 !== 0) sender.link.protocol.checkText(none, this.#utf8, true)
      sent = sender.fragment(this, this.#buffer ?? none, 0, this.#used, true, { ...options, copy: true })
    } catch (error) {
      return rejected(error)
    }
    this.leave(undefined)
    sender.lane.leave()
    return sent
  }

  /**
   * Gives the message up. When a part of it was sent the connection fails with close code 1011, as the message can
   * neither be completed nor taken back; else nothing has happened. Does nothing behind {@link close}.
   *
   * @param reason becomes the `cause` of the connection's error
   */
  abort(reason?: unknown): void {
    if (this.#isDone) return
    const sender = this.#sender
    this.leave(undefined)
    if (this.hasSent) {
      const message = 'a message was left unfinished'
      sender.link.abort(new WebSocketError('ERR_WS_WRITER_ABORTED', { message, cause: reason }))
    } else {
      sender.lane.leave()
    }
  }

  /**
   * A stream of the web platform that writes the message; its closing ends it. Its abort gives the message up, as does
   * a chunk that cannot be written: the stream is of no more use then.
   */
  get writable(): WritableStream<string | Uint8Array> {
    const orAbort = async (done: () => Promise<void>) => {
      try {
        await done()
      } catch (error) {
        this.abort(error)
        throw error
      }
    }
    return new WritableStream<string | Uint8Array>({
      start: ({ signal }) => {
        // The stream's own abort waits for the write under way, which may wait for a peer that never reads.
        signal?.addEventListener('abort', () => this.abort(signal.reason))
      },
      write: (chunk) => orAbort(() => this.write(chunk)),
      close: () => orAbort(() => this.close()),
      abort: (reason) => this.abort(reason),
    })
  }

  /** @internal Gives the buffer back; from now on writes reject with `error`, or as those of a closed writer. */
  leave(error: unknown): void {
    if (!this.#isDone) this.#error = error
    this.#isDone = true
    this.#used = 0
    const buffer = this.#buffer
    if (buffer === undefined) return
    this.#buffer = undefined
    try {
      this.#sender.link.settings.writeBufferPool.release(buffer)
    } catch {
      // The pool's own affair: what ends here has to end.
    }
  }

  /** Why nothing more can be written; made when somebody asks, as nearly nobody does. */
  get #ending(): unknown {
    if (!this.#isDone) return undefined
    const message = 'the writer of this message is closed'
    return this.#error ?? new WebSocketError('ERR_WS_WRITER_CLOSED', { message })
  }

  #add(bytes: Uint8Array, options: WriteOptions | undefined): Promise<void> {
    const sender = this.#sender
    const { writeBufferSize, writeBufferPool } = sender.link.settings
    const { length } = bytes
    if (this.#buffer === undefined && length <= writeBufferSize) {
      const lent: unknown = writeBufferPool.acquire(writeBufferSize)
      assertBytes(lent, 'what writeBufferPool gives')
      this.#buffer = lent
      // The pool is anybody's code: it may have ended the connection.
      if (this.#isDone) {
        this.leave(undefined)
        return rejected(this.#ending)
      }
    }
    const buffer = this.#buffer ?? none
    let sent = accepted
    if (this.#used + length > buffer.length && this.#used > 0) {
      sent = sender.fragment(this, buffer, 0, this.#used, false, { ...options, copy: true })
      this.#used = 0
      // The transport failed to take it: the connection has ended, and the buffer is back in its pool.
      if (this.#isDone) return sent
    }
    if (length > buffer.length) return sender.fragment(this, bytes, 0, length, false, options)
    copyBytes(bytes, 0, length, buffer, this.#used)
    this.#used += length
    return sent
  }
}

// The one method that not every runtime has.
export interface MessageWriter extends AsyncDisposal {}

// Whoever leaves it without close() has not finished the message.
makeDisposable(MessageWriter.prototype, async (writer) => writer.abort())
