// A WebSocket connection (RFC 6455): gorilla/websocket's Conn. Reads, writes and closes, each as a promise.
// What happens in between, and how it ends, is the Link's.

import { assertBytes } from '../codec/bytes.ts'
import { CloseNormalClosure, type ControlType, type DataType, PingMessage } from '../codec/constants.ts'
import { rangeError, typeError, WebSocketError } from '../codec/errors.ts'
import { Message } from '../codec/message.ts'
import { type Bytes, controlBytes, isDataType, toData } from '../codec/payload.ts'
import type { Address, ByteTransport, Clock } from '../codec/ports.ts'
import { isPrepared, type PreparedMessage } from '../codec/prepared-message.ts'
import type { Protocol } from '../codec/protocol.ts'
import { abnormalClosure, type CloseInfo } from './close-info.ts'
import { type AsyncDisposal, makeDisposable } from './disposal.ts'
import type { CloseHandler, PingHandler } from './handlers.ts'
import type { HandshakeInfo } from './handshake-info.ts'
import { Link } from './link.ts'
import type { MessageReader } from './message-reader.ts'
import type { MessageWriter } from './message-writer.ts'
import type { ConnSettings } from './options.ts'
import type { WriteOptions } from './sender.ts'
import {
  checkMilliseconds,
  markHandled,
  millisecondsUntil,
  type Op,
  rejected,
  timeLimit,
  Waiter,
} from './waiter.ts'

/** Milliseconds that a pong is waited for when nothing is said. */
const PING_TIMEOUT = 30_000

/** How `close()` treats what still arrives, and how long its promise may take: closing itself goes on behind that. */
export interface CloseOptions extends Op {
  /** Deliver the messages that arrive until the peer's Close; default false: only a pending read still gets them. */
  readonly drain?: boolean
}

/** How a message is read. */
export interface ReadOptions extends Op {
  /**
   * Where the message's bytes go: `data` is then the part of it that was filled, and changes when the caller changes
   * it. A message that does not fit gets memory of its own.
   */
  readonly into?: Uint8Array
}

/** How `onMessage()` gets its messages. */
export interface PushMode {
  /**
   * Lend each message to the function instead of giving it away: it is good until the function returns, and throws
   * ERR_WS_MESSAGE_EXPIRED afterwards. The fastest way to receive many short messages. Default false.
   */
  readonly borrow?: boolean
}

/** @internal What a connection is made of. */
export interface ConnParts {
  readonly transport: ByteTransport
  readonly protocol: Protocol
  readonly clock: Clock
  readonly settings: ConnSettings
  readonly handshake: HandshakeInfo
  /** Bytes behind the handshake that are here already, ours to change and keep. */
  readonly early?: Uint8Array | undefined
  /** Called once when the transport is gone. */
  readonly onGone?: ((conn: Conn) => void) | undefined
}

/**
 * How far a connection is in its life.
 *
 * - `open`: messages pass both ways
 * - `closing`: the closing handshake, or the end after a failure, is under way
 * - `closed`: the transport is gone
 */
export type ConnState = 'open' | 'closing' | 'closed'

/**
 * A WebSocket connection, made by `dial`, `Dialer.dial`, `Upgrader.attach` or `Upgrader.upgrade`. gorilla's Conn.
 *
 * Pings and Close frames are answered as they arrive, read or not. No promise of a connection leads to an unhandled
 * rejection: the outcome is always in {@link closed} too.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: below
export class Conn<Data = unknown> implements AsyncIterable<Message> {
  /** The application's own, to read and to set; on a server at first what `authorize` gave, else undefined. */
  data: Data
  /** What was agreed in the opening handshake; frozen. */
  readonly handshake: HandshakeInfo

  readonly #link: Link

  /** @internal */
  constructor(parts: ConnParts, data: Data) {
    const { transport, onGone, early } = parts
    this.data = data
    this.handshake = parts.handshake
    this.#link = new Link({ ...parts, onGone: onGone && (() => onGone(this as Conn)) })
    transport.start(this.#link)
    if (early !== undefined && early.length > 0) this.#link.onBytes(early, 0, early.length, true)
  }

  // ── State ────────────────────────────────────────────────────────────────────────────────────────────────

  /** `open` as long as writing works; see {@link ConnState}. */
  get state(): ConnState {
    return this.#link.state
  }

  /** The chosen subprotocol (RFC 6455 §1.9); '' when none was. gorilla's Subprotocol. */
  get subprotocol(): string {
    return this.handshake.subprotocol
  }

  /**
   * Bytes accepted for sending and not handed over to the operating system, frame headers included; with the payloads of
   * what waits behind an open writer, and without what that has gathered.
   */
  get bufferedAmount(): number {
    return this.#link.sender.bufferedAmount
  }

  /** Our end of the transport; undefined where it has none to tell, as when the socket is gone. gorilla's LocalAddr. */
  get localAddress(): Address | undefined {
    return this.#link.transport.localAddress
  }

  /** The peer's end: of a proxy, where there is one between. Else as {@link localAddress}. gorilla's RemoteAddr. */
  get remoteAddress(): Address | undefined {
    return this.#link.transport.remoteAddress
  }

  /** The runtime's own object below: a net.Socket or TLSSocket on Node. Reading or writing it breaks the stream. */
  get socket(): unknown {
    return this.#link.transport.raw
  }

  /** How the connection ended, once the transport is gone. Never rejects. */
  get closed(): Promise<CloseInfo> {
    return this.#link.closed
  }

  /**
   * Sets the limit for received messages whose next frame is still to come; `readLimit` until then. gorilla's
   * SetReadLimit, whose 0 for no limit is Infinity here.
   *
   * @param bytes whole number of 0 or more, or Infinity (then 2^31-1, what one buffer holds). Beyond: close code 1009
   * @throws RangeError ERR_WS_ARGUMENT
   */
  setReadLimit(bytes: number): void {
    this.#link.protocol.setReadLimit(bytes)
  }

  // ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * The next message. Control frames are handled whether or not a read is pending. gorilla's ReadMessage.
   *
   * Rejects with ERR_WS_TIMEOUT, the signal's reason, or ERR_WS_CONCURRENT_READ while another read waits; these leave
   * the connection as it was. Once the connection has ended and the messages that are here were read, every read
   * rejects with the same error: ERR_WS_CLOSED with the peer's close code, ERR_WS_ABNORMAL_CLOSURE, ERR_WS_PEER_SILENT,
   * or the fault.
   *
   * @param options limits of this read; those set for all reads hold as well
   * @throws TypeError, RangeError ERR_WS_ARGUMENT for limits that are none
   */
  readMessage(options?: ReadOptions): Promise<Message> {
    const into = options?.into
    if (into !== undefined) assertBytes(into, 'into')
    const message = this.#link.inbox.read(options)
    if (into === undefined) return message
    return handled(message.then((message) => message.copy(into)))
  }

  /**
   * The next message as a string, whatever its type. Rejects as {@link readMessage}, and with ERR_WS_INVALID_UTF8 for a
   * binary message that is not UTF-8; the connection goes on.
   */
  readText(op?: Op): Promise<string> {
    return handled(this.readMessage(op).then((message) => message.text()))
  }

  /**
   * The next message parsed as JSON, whatever its type. Rejects as {@link readText}, and with SyntaxError for a message
   * that is not one JSON value and nothing else; the connection goes on. gorilla's ReadJSON.
   */
  readJSON<T = unknown>(op?: Op): Promise<T> {
    return handled(this.readMessage(op).then((message) => message.json<T>()))
  }

  /**
   * A reader of the next message, which may still be arriving: for messages that need not be held whole. What was not
   * read of the message before is skipped. gorilla's NextReader.
   *
   * While the application does not read, no more than `readBufferSize` bytes of the message are held. Rejects as
   * {@link readMessage}.
   *
   * @throws TypeError, RangeError ERR_WS_ARGUMENT for limits that are none
   */
  nextReader(op?: Op): Promise<MessageReader> {
    return this.#link.inbox.nextReader(op)
  }

  /**
   * Messages until the connection ends, for `for await`. The loop ends in order on every received Close frame, whatever
   * its code ({@link closed} tells); it throws what {@link readMessage} rejects with when there was none, on faults,
   * and on the limits of {@link setReadTimeout} and {@link setReadDeadline}. Leaving the loop leaves the connection
   * open.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Message> {
    const { inbox } = this.#link
    return iterator(
      () => inbox.next(),
      () => inbox.leaveLoop(),
    )
  }

  /**
   * As the loop over the connection itself, but each step gives all messages that are here, 1 or more: for servers that
   * want few promises.
   *
   * @param op limits of each step; those set for all reads hold as well
   */
  batches(op?: Op): AsyncIterableIterator<readonly Message[]> {
    const { inbox } = this.#link
    return iterator(
      () => inbox.nextBatch(op),
      () => inbox.leaveLoop(),
    )
  }

  /**
   * Gives every message to `fn` as it arrives, without a promise for any; null: messages wait to be read again. When
   * `fn` returns a promise, the messages of later reads of the transport wait for it, and the peer once there are
   * `readBufferSize` bytes of them; control frames do not. What was in one read with its message still comes. When
   * `fn` throws, or its promise is rejected, the connection ends with 1011 and ERR_WS_HANDLER. Reads reject with
   * ERR_WS_CONCURRENT_READ meanwhile; {@link closed} tells of the end.
   *
   * @throws WebSocketError ERR_WS_CONCURRENT_READ while a read waits; TypeError ERR_WS_ARGUMENT
   */
  onMessage(fn: ((message: Message) => unknown) | null, { borrow = false }: PushMode = {}): void {
    this.#link.inbox.setSink(checkHandler(fn), borrow)
  }

  /** Drops every message that comes from now on, for connections that only write; control frames are handled. */
  discard(): void {
    this.onMessage(() => {}, { borrow: true })
  }

  /**
   * Limits the read that waits, and every one that begins from now on, those of loops included, to `ms` milliseconds of
   * waiting; then it ends with ERR_WS_TIMEOUT, and the connection stays as it was. At first there is no limit.
   *
   * @param ms milliseconds, 0 to 2^31-1; null for no limit
   * @throws TypeError, RangeError ERR_WS_ARGUMENT
   */
  setReadTimeout(ms: number | null): void {
    this.#link.inbox.setTimeout(ms === null ? undefined : checkMilliseconds('ms', ms))
  }

  /**
   * Lets the read that waits, and every one that begins from now on, wait until `deadline` and no longer; later ones
   * reject with ERR_WS_TIMEOUT within a turn unless a message waits. It may be moved at any time, from a pong handler for
   * one. As with every limit on reads, the connection stays as it was, where gorilla's SetReadDeadline breaks it. At
   * first there is none.
   *
   * @param deadline at most 2^31-1 ms away, turned into monotonic time now; null for none
   * @throws TypeError, RangeError ERR_WS_ARGUMENT
   */
  setReadDeadline(deadline: Date | null): void {
    const { inbox, clock } = this.#link
    inbox.setDeadline(deadline === null ? undefined : clock.now() + millisecondsUntil(deadline))
  }

  // ── Writing ──────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Sends a message: a received one, a string (text), or bytes (binary). In one frame, behind what was written before:
   * while a writer of {@link nextWriter} is open it waits for its turn. gorilla's WriteMessage.
   *
   * The promise settles once the message is accepted and at most `highWaterMark` bytes are buffered; see {@link flush}
   * for more. A payload of more than 32 KiB given as bytes on a server is not copied: its promise settles once it is
   * handed over to the operating system, and it must not change until then. Past `hardLimit` the promise rejects with
   * ERR_WS_BUFFER_FULL and nothing is queued. If its time is up or its signal aborts while it waits for its turn,
   * nothing is sent; once it is encoded and waits for the peer, the connection fails, as the message cannot be taken back. Behind a
   * writer that does nothing for 30 s a write without a limit rejects with ERR_WS_TIMEOUT.
   *
   * Rejects also with ERR_WS_CONCURRENT_WRITE where `strict` is on, with ERR_WS_CLOSE_SENT after our Close, with the connection's error after its end, with
   * ERR_WS_INVALID_UTF8 for a text given as other bytes, and with ERR_WS_RANDOM_SOURCE; nothing is sent then.
   *
   * @param message a string is sent in UTF-8, lone surrogates as U+FFFD
   * @throws TypeError ERR_WS_ARGUMENT at once for anything that is no message, RangeError for limits that are none
   */
  writeMessage(message: Message | string | Bytes, options?: WriteOptions): Promise<void>
  /**
   * As above, with the type said: strings and bytes can be sent as either. The types of control frames do what
   * {@link writeControl} does.
   */
  writeMessage(type: DataType | ControlType, data: string | Bytes, options?: WriteOptions): Promise<void>
  writeMessage(
    first: Message | string | Bytes | DataType | ControlType,
    second?: string | Bytes | WriteOptions,
    third?: WriteOptions,
  ): Promise<void> {
    if (typeof first === 'number') {
      if (!isDataType(first)) return this.writeControl(first, second as string | Bytes, third)
      return this.#link.sender.message(first, toData(second), third)
    }
    const options = second as WriteOptions | undefined
    if (Message.isMessage(first)) return this.#link.sender.message(first.type, first, options)
    const data = toData(first)
    return this.#link.sender.message(typeof data === 'string' ? 1 : 2, data, options)
  }

  /**
   * Sends a value as JSON in a text message. gorilla's WriteJSON, without its newline. Else as {@link writeMessage}.
   *
   * @throws TypeError as JSON.stringify does, and ERR_WS_ARGUMENT for what has no JSON: undefined, functions, symbols;
   *   nothing is sent
   */
  writeJSON(value: unknown, options?: WriteOptions): Promise<void> {
    const text: string | undefined = JSON.stringify(value)
    if (text === undefined) throw typeError('the value has no JSON')
    return this.#link.sender.message(1, text, options)
  }

  /**
   * Sends a prepared message, a control frame included; the way to send one message to many connections. gorilla's
   * WritePreparedMessage. Else as {@link writeMessage}.
   *
   * @throws TypeError ERR_WS_ARGUMENT at once for anything else
   */
  writePreparedMessage(prepared: PreparedMessage, options?: WriteOptions): Promise<void> {
    if (!isPrepared(prepared)) throw typeError('not a PreparedMessage')
    return this.#link.sender.prepared(prepared, options)
  }

  /**
   * Opens a writer for a message that is sent piece by piece, once the writers and messages before it are done. Others
   * wait until it is closed; control frames pass. gorilla's NextWriter, which never waits. Rejects as
   * {@link writeMessage}.
   *
   * @param type text or binary: what control frames carry goes by {@link writeControl}
   * @throws TypeError, RangeError ERR_WS_ARGUMENT at once
   */
  nextWriter(type: DataType, op?: Op): Promise<MessageWriter> {
    if (!isDataType(type)) throw typeError('bad message type')
    return this.#link.sender.open(type, op)
  }

  /**
   * Limits every write of data that begins from now on, as {@link setReadTimeout} does reads: what a write that is late
   * means is told at {@link writeMessage}. Control frames have limits of their own only. At first there is none.
   *
   * @param ms milliseconds, 0 to 2^31-1; null for no limit
   * @throws TypeError, RangeError ERR_WS_ARGUMENT
   */
  setWriteTimeout(ms: number | null): void {
    this.#link.sender.timeout = ms === null ? undefined : checkMilliseconds('ms', ms)
  }

  /**
   * Lets every write of data that begins from now on wait until `deadline` and no longer; those behind it reject at once
   * with ERR_WS_TIMEOUT, and nothing of them is sent. gorilla's SetWriteDeadline. At first there is none.
   *
   * @param deadline at most 2^31-1 ms away, turned into monotonic time now; null for none
   * @throws TypeError, RangeError ERR_WS_ARGUMENT
   */
  setWriteDeadline(deadline: Date | null): void {
    const { sender, clock } = this.#link
    sender.deadline = deadline === null ? undefined : clock.now() + millisecondsUntil(deadline)
  }

  /**
   * Compress the messages that are written from now on, or do not; without effect where compression was not negotiated,
   * as with every connection of this version. gorilla's EnableWriteCompression.
   *
   * @throws TypeError ERR_WS_ARGUMENT
   */
  enableWriteCompression(enable: boolean): void {
    if (typeof enable !== 'boolean') throw typeError('enable must be a boolean')
  }

  /**
   * Sets how hard messages are compressed from now on; without effect as {@link enableWriteCompression}. gorilla's
   * SetCompressionLevel.
   *
   * @param level -2 (Huffman only), -1 (the default), 0 (stored) to 9 (smallest)
   * @throws RangeError ERR_WS_ARGUMENT
   */
  setCompressionLevel(level: number): void {
    if (!Number.isInteger(level) || level < -2 || level > 9)
      throw rangeError('the level must be from -2 to 9')
  }

  /**
   * Sends a Close, Ping or Pong frame (RFC 6455 §5.5). Ping and Pong pass messages that wait for a slow peer, Close
   * goes behind them. Close must carry what `formatCloseMessage` makes; the peer's Close is then awaited for
   * `closeTimeout`. gorilla's WriteControl.
   *
   * The promise settles and rejects as that of {@link writeMessage}, but there is no hard limit, and when its time is
   * up the connection goes on: the frame will leave all the same.
   *
   * @param data at most 125 bytes; default none
   * @throws TypeError, RangeError ERR_WS_ARGUMENT at once
   */
  writeControl(type: ControlType, data: string | Bytes = '', options?: WriteOptions): Promise<void> {
    return this.#link.sender.control(type, controlBytes(type, data), options)
  }

  /**
   * Waits until everything encoded so far is handed over to the operating system; also behind {@link close}. Not what an
   * open writer has gathered, nor what waits behind it. Rejects
   * with the connection's error after its end, with ERR_WS_TIMEOUT, or with the signal's reason.
   *
   * @throws TypeError, RangeError ERR_WS_ARGUMENT at once for limits that are none
   */
  flush(op?: Op): Promise<void> {
    const limit = timeLimit(op)
    const refusal = op?.signal?.aborted ? op.signal.reason : this.#link.failure
    if (refusal !== undefined) return rejected(refusal)
    this.#link.flush()
    return this.#link.sender.accept(0, limit, op?.signal, false)
  }

  /**
   * Sends a ping and waits for its pong (RFC 6455 §5.5.2, §5.5.3), for 30 s where nothing else is said. A newer pong
   * settles older pings. Rejects as {@link writeControl} does, and with the connection's error when it ends before the
   * pong. More is read ahead meanwhile, since the pong may stand behind messages that nobody reads.
   *
   * @param data at most 125 bytes; default a counter of four bytes
   * @returns the round trip in milliseconds, with fractions
   * @throws TypeError, RangeError ERR_WS_ARGUMENT at once
   */
  ping(data?: string | Bytes, op?: Op): Promise<number> {
    const link = this.#link
    const { pings, clock, protocol } = link
    const bytes = data === undefined ? pings.nextData() : controlBytes(PingMessage, data)
    const limit = timeLimit(op) ?? PING_TIMEOUT
    // Behind the peer's Close no pong comes, whatever may still be sent.
    let refusal = link.sender.refusal(op, true)
    if (refusal === undefined) refusal = link.inbox.failure
    if (refusal !== undefined) return rejected(refusal)
    try {
      protocol.ping(bytes)
    } catch (error) {
      return rejected(error)
    }
    link.encoded()
    const waiter = new Waiter<number>()
    pings.add(bytes, clock.now(), waiter)
    link.awaitPong()
    waiter.arm(clock, limit, op?.signal, (error) => pings.abandon(waiter, error))
    return waiter.promise
  }

  // ── Handlers ─────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Sets what happens when a ping arrives, in place of the default, which answers with a pong of the same payload (RFC
   * 6455 §5.5.3); null restores it. gorilla's SetPingHandler. A handler that throws, or whose promise is rejected, ends
   * the connection with 1011, unless its end was the cause; it is not waited for.
   *
   * @throws TypeError ERR_WS_ARGUMENT
   */
  setPingHandler(handler: PingHandler | null): void {
    const { handlers, protocol } = this.#link
    handlers.ping = checkHandler(handler)
    protocol.answersPings = handlers.ping === undefined
  }

  /** What happens when a ping arrives: the handler that was set, or the default. gorilla's PingHandler. */
  get pingHandler(): PingHandler {
    return this.#link.handlers.ping ?? ((data) => this.#link.answerPing(data))
  }

  /** As {@link setPingHandler}, for pongs: the default does nothing. {@link ping} works with any handler. */
  setPongHandler(handler: PingHandler | null): void {
    this.#link.handlers.pong = checkHandler(handler)
  }

  /** What happens when a pong arrives. gorilla's PongHandler. */
  get pongHandler(): PingHandler {
    return this.#link.handlers.pong ?? (() => {})
  }

  /**
   * Sets what happens when the peer's Close frame arrives, in place of the default, which answers with the same code
   * (RFC 6455 §5.5.1); null restores it. Reads have ended then; the handler may still write, and close with a code of its
   * own. When it has not closed by the time that its promise settles, the default answer is sent; all within
   * `closeTimeout`. Else as {@link setPingHandler}. gorilla's SetCloseHandler.
   *
   * @throws TypeError ERR_WS_ARGUMENT
   */
  setCloseHandler(handler: CloseHandler | null): void {
    const { handlers, protocol } = this.#link
    handlers.close = checkHandler(handler)
    protocol.answersClose = handlers.close === undefined
  }

  /** What happens when the peer's Close frame arrives. gorilla's CloseHandler. */
  get closeHandler(): CloseHandler {
    return this.#link.handlers.close ?? ((code) => this.close(code))
  }

  // ── The end ──────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Closes in order (RFC 6455 §7.1.2): sends Close behind the messages that are complete, waits for the peer's, and ends
   * the transport, all within `closeTimeout`. An open writer is not waited for: its next write rejects. Calling it again
   * only waits.
   *
   * @param code 1000..1003, 1007..1014 or 3000..4999; 1005 for a Close frame without a code; default 1000
   * @param reason at most 123 bytes in UTF-8; default ''
   * @returns how it ended, as {@link closed}. Rejects only with ERR_WS_TIMEOUT or the signal's reason when the wait is
   *   given up by `options`; closing goes on then
   * @throws TypeError, RangeError ERR_WS_ARGUMENT at once
   */
  close(code: number = CloseNormalClosure, reason = '', options?: CloseOptions): Promise<CloseInfo> {
    const link = this.#link
    const limit = timeLimit(options)
    try {
      link.sender.close(code, reason)
    } catch (error) {
      if (!(error instanceof WebSocketError)) throw error
      link.fail(error)
    }
    link.close(options?.drain ?? false)
    if (limit === undefined && options?.signal === undefined) return link.closed
    if (options?.signal?.aborted) return rejected(options.signal.reason)
    const waiter = new Waiter<CloseInfo>()
    waiter.arm(link.clock, limit, options?.signal, (error) => waiter.reject(error))
    link.closed.then((info) => waiter.resolve(info))
    return waiter.promise
  }

  /**
   * Ends the transport at once, without a Close frame; pending reads and writes reject with ERR_WS_ABNORMAL_CLOSURE.
   * gorilla's Close. What was written in this turn is handed to the transport before, as far as it takes it without a
   * wait: a plain socket that keeps up sends it still. {@link flush} makes sure.
   */
  terminate(): void {
    this.#link.flush()
    this.#link.fail(abnormalClosure('the connection was terminated'))
  }

  /** @internal Whether `error`, or what caused it, is what reads or writes of this connection reject with at its end. */
  isOwnEnd(error: unknown): boolean {
    return this.#link.isOwnEnd(error)
  }

  /** @internal ERR_WS_HANDLER, when a handler of the application's ended the connection. */
  get handlerError(): WebSocketError | undefined {
    return this.#link.handlerError
  }
}

// The one method that not every runtime has.
// biome-ignore lint/correctness/noUnusedVariables: declarations of one name have the same parameters
export interface Conn<Data = unknown> extends AsyncDisposal {}

makeDisposable(Conn.prototype, async (conn) => {
  await conn.close()
})

function handled<T>(promise: Promise<T>): Promise<T> {
  markHandled(promise)
  return promise
}

function iterator<T>(
  next: () => Promise<IteratorResult<T, undefined>>,
  leave: () => void,
): AsyncIterableIterator<T> {
  const self: AsyncIterableIterator<T> = {
    next,
    return: () => {
      leave()
      return Promise.resolve({ done: true, value: undefined })
    },
    [Symbol.asyncIterator]: () => self,
  }
  return self
}

/** @throws TypeError ERR_WS_ARGUMENT */
function checkHandler<F>(handler: F | null): F | undefined {
  if (handler === null) return undefined
  if (typeof handler !== 'function') throw typeError('a handler is a function, or null')
  return handler
}
