// A WebSocket connection (RFC 6455): gorilla/websocket's Conn. Reads, writes and closes, each as a promise.
// What happens in between, and how it ends, is the Link's.

import {
  CloseNormalClosure,
  type ControlType,
  type DataType,
  PingMessage,
  PongMessage,
} from '../codec/constants.ts'
import { WebSocketError } from '../codec/errors.ts'
import { Message } from '../codec/message.ts'
import type { ByteTransport, Clock } from '../codec/ports.ts'
import type { Protocol } from '../codec/protocol.ts'
import { abnormalClosure, type CloseInfo } from './close-info.ts'
import type { HandshakeInfo } from './handshake-info.ts'
import { Link } from './link.ts'
import type { ConnSettings } from './options.ts'
import { type Bytes, controlBytes, isDataType, toData } from './payload.ts'
import { checkMilliseconds, millisecondsUntil, type Op, rejected, timeLimit, Waiter } from './waiter.ts'

const accepted = Promise.resolve()

/** How `close()` treats what still arrives. */
export interface CloseOptions {
  /** Deliver the messages that arrive until the peer's Close; default false: only a pending read still gets them. */
  readonly drain?: boolean
}

/** How a message is sent, and how long its promise may take. */
export interface WriteOptions extends Op {
  /**
   * Copy a payload of more than 32 KiB at once, so that it may be changed while the promise is pending; default false.
   */
  readonly copy?: boolean
}

/** @internal What a connection is made of. */
export interface ConnParts {
  readonly transport: ByteTransport
  readonly protocol: Protocol
  readonly clock: Clock
  readonly settings: ConnSettings
  readonly handshake: HandshakeInfo
  /** Bytes behind the handshake that are here already, ours to change and keep. */
  readonly early?: Uint8Array
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

  /** Bytes accepted for sending and not handed over to the operating system, frame headers included. */
  get bufferedAmount(): number {
    return this.#link.outbox.bufferedAmount
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
   * @param op limits of this read; those set for all reads hold as well
   * @throws TypeError, RangeError ERR_WS_ARGUMENT for limits that are none
   */
  readMessage(op?: Op): Promise<Message> {
    return this.#link.inbox.read(op)
  }

  /**
   * Messages until the connection ends, for `for await`. The loop ends in order on every received Close frame, whatever
   * its code ({@link closed} tells); it throws what {@link readMessage} rejects with when there was none, on faults,
   * and on the limits of {@link setReadTimeout} and {@link setReadDeadline}. Leaving the loop leaves the connection
   * open.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Message> {
    const { inbox } = this.#link
    const iterator: AsyncIterableIterator<Message> = {
      next: () => inbox.next(),
      return: () => {
        inbox.leaveLoop()
        return Promise.resolve({ done: true, value: undefined })
      },
      [Symbol.asyncIterator]: () => iterator,
    }
    return iterator
  }

  /**
   * Limits every read that begins from now on, those of loops included, to `ms` milliseconds of waiting; then it ends
   * with ERR_WS_TIMEOUT, and the connection stays as it was. At first there is no limit.
   *
   * @param ms milliseconds, 0 to 2^31-1; null for no limit
   * @throws TypeError, RangeError ERR_WS_ARGUMENT
   */
  setReadTimeout(ms: number | null): void {
    this.#link.inbox.timeout = ms === null ? undefined : checkMilliseconds('ms', ms)
  }

  /**
   * Lets every read that begins from now on wait until `deadline` and no longer; later ones reject at once with
   * ERR_WS_TIMEOUT unless a message waits. As with every limit between messages, the connection stays as it was, where
   * gorilla's SetReadDeadline breaks it. At first there is none.
   *
   * @param deadline at most 2^31-1 ms away, turned into monotonic time now; null for none
   * @throws TypeError, RangeError ERR_WS_ARGUMENT
   */
  setReadDeadline(deadline: Date | null): void {
    const { inbox, clock } = this.#link
    inbox.deadline = deadline === null ? undefined : clock.now() + millisecondsUntil(deadline)
  }

  // ── Writing ──────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Sends a message: a received one, a string (text), or bytes (binary). In one frame, behind what was written before.
   * gorilla's WriteMessage.
   *
   * The promise settles once the message is accepted and at most `highWaterMark` bytes are buffered; see {@link flush}
   * for more. A payload of more than 32 KiB given as bytes on a server is not copied: its promise settles once it is
   * handed over to the operating system, and it must not change until then. Past `hardLimit` the promise rejects with
   * ERR_WS_BUFFER_FULL and nothing is queued. If its time is up or its signal aborts while it waits for the peer, the
   * connection fails, since the message is half way out.
   *
   * Rejects also with ERR_WS_CLOSE_SENT after our Close, with the connection's error after its end, with
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
      return this.#write(first, toData(second), third)
    }
    const options = second as WriteOptions | undefined
    if (Message.isMessage(first)) return this.#write(first.type, first, options)
    const data = toData(first)
    return this.#write(typeof data === 'string' ? 1 : 2, data, options)
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
    const bytes = controlBytes(type, data)
    const refusal = this.#refusal(options)
    if (refusal !== undefined) return rejected(refusal)
    const link = this.#link
    try {
      if (type === PingMessage) link.protocol.ping(bytes)
      else if (type === PongMessage) link.protocol.pong(bytes)
      else {
        link.protocol.closeWith(bytes)
        link.close(false)
      }
    } catch (error) {
      if (!(error instanceof WebSocketError)) throw error
      return rejected(error)
    }
    link.encoded()
    return this.#accept(link.settings.highWaterMark, options, false)
  }

  /**
   * Waits until everything accepted so far is handed over to the operating system; also behind {@link close}. Rejects
   * with the connection's error after its end, with ERR_WS_TIMEOUT, or with the signal's reason.
   *
   * @throws TypeError, RangeError ERR_WS_ARGUMENT at once for limits that are none
   */
  flush(op?: Op): Promise<void> {
    timeLimit(op)
    const refusal = op?.signal?.aborted ? op.signal.reason : this.#failure
    if (refusal !== undefined) return rejected(refusal)
    this.#link.flush()
    return this.#accept(0, op, false)
  }

  /**
   * Sends a ping and waits for its pong (RFC 6455 §5.5.2, §5.5.3). A newer pong settles older pings. Rejects as
   * {@link writeControl} does, and with the connection's error when it ends before the pong.
   *
   * @param data at most 125 bytes; default a counter of four bytes
   * @returns the round trip in milliseconds, with fractions
   * @throws TypeError, RangeError ERR_WS_ARGUMENT at once
   */
  ping(data?: string | Bytes, op?: Op): Promise<number> {
    const { pings, clock, protocol } = this.#link
    const bytes = data === undefined ? pings.nextData() : controlBytes(PingMessage, data)
    const limit = timeLimit(op)
    const refusal = this.#refusal(op)
    if (refusal !== undefined) return rejected(refusal)
    try {
      protocol.ping(bytes)
    } catch (error) {
      return rejected(error)
    }
    this.#link.encoded()
    const waiter = new Waiter<number>()
    pings.add(bytes, clock.now(), waiter)
    if (op !== undefined) waiter.arm(clock, limit, op.signal, (error) => pings.abandon(waiter, error))
    return waiter.promise
  }

  #write(
    type: DataType,
    data: Message | string | Uint8Array,
    options: WriteOptions | undefined,
  ): Promise<void> {
    const refusal = this.#refusal(options)
    if (refusal !== undefined) return rejected(refusal)
    const { protocol, outbox, settings } = this.#link
    const buffered = outbox.bufferedAmount
    if (buffered > settings.hardLimit)
      return rejected(
        new WebSocketError('ERR_WS_BUFFER_FULL', {
          message: 'the peer does not read: more bytes wait than the hard limit allows',
        }),
      )
    let borrowed = false
    try {
      if (Message.isMessage(data)) protocol.sendMessage(data)
      else borrowed = protocol.send(type, data, options)
    } catch (error) {
      return rejected(error)
    }
    this.#link.encoded()
    return this.#accept(borrowed ? 0 : settings.highWaterMark, options, true)
  }

  /**
   * Why nothing can be written now.
   * @throws TypeError, RangeError ERR_WS_ARGUMENT for limits that are none
   */
  #refusal(op: Op | undefined): unknown {
    if (op !== undefined) {
      timeLimit(op)
      if (op.signal?.aborted) return op.signal.reason
    }
    if (this.#failure !== undefined) return this.#failure
    return this.#link.protocol.isCloseSent ? this.#link.closeSentError : undefined
  }

  /**
   * The promise of a write: settles once at most `allowance` of the bytes accepted so far are still here.
   * @param isMessage it cannot be taken back, so the connection fails when its time is up
   */
  #accept(allowance: number, op: Op | undefined, isMessage: boolean): Promise<void> {
    const waiter = this.#link.outbox.wait(allowance)
    if (waiter === undefined) return accepted
    if (op !== undefined) {
      waiter.arm(this.#link.clock, timeLimit(op), op.signal, (error) => {
        waiter.reject(error)
        if (!isMessage) return
        const known = error instanceof WebSocketError ? error : undefined
        this.#link.fail(known ?? abnormalClosure('a write was aborted', error))
      })
    }
    return waiter.promise
  }

  // ── The end ──────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Closes in order (RFC 6455 §7.1.2): sends Close behind everything written, waits for the peer's, and ends the
   * transport, all within `closeTimeout`. Calling it again only waits.
   *
   * @param code 1000..1003, 1007..1014 or 3000..4999; 1005 for a Close frame without a code; default 1000
   * @param reason at most 123 bytes in UTF-8; default ''
   * @returns how it ended, as {@link closed}; never rejects
   * @throws TypeError, RangeError ERR_WS_ARGUMENT at once
   */
  close(code: number = CloseNormalClosure, reason = '', options?: CloseOptions): Promise<CloseInfo> {
    const link = this.#link
    try {
      link.protocol.close(code, reason)
    } catch (error) {
      if (!(error instanceof WebSocketError)) throw error
      link.fail(error)
    }
    link.close(options?.drain ?? false)
    return link.closed
  }

  /**
   * Ends the transport at once, without a Close frame; pending reads and writes reject with ERR_WS_ABNORMAL_CLOSURE.
   * gorilla's Close.
   */
  terminate(): void {
    this.#link.fail(abnormalClosure('the connection was terminated'))
  }

  /** @internal Whether `error` is what reads or writes of this very connection reject with at its end. */
  isOwnEnd(error: unknown): boolean {
    return error === this.#failure || error === this.#link.closeSentError
  }

  /** Why the connection failed or was closed by the peer; undefined while reading may go on. */
  get #failure(): WebSocketError | undefined {
    return this.#link.inbox.failure
  }
}
