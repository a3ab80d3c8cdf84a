// A WebSocket connection (RFC 6455): gorilla/websocket's Conn, over a Protocol and a byte transport.
// It owns waiting and nothing else: queues, promises, time, pressure in both directions, and the end.

import {
  CloseMessage,
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
import { type CloseInfo, closedError } from './close-info.ts'
import type { HandshakeInfo } from './handshake-info.ts'
import { Inbox } from './inbox.ts'
import { KeepAlive } from './keep-alive.ts'
import type { ConnSettings } from './options.ts'
import { Outbox } from './outbox.ts'
import { type Bytes, controlBytes, isDataType, toData } from './payload.ts'
import { Pings } from './pings.ts'
import { type Op, rejected, timeLimit, Waiter } from './waiter.ts'

/** Encoded bytes that go out without waiting for the end of the turn. */
const FLUSH_FROM = 64 * 1024
/** Bytes of waiting messages from which on the transport is not read until the application reads. */
const READ_AHEAD = 64 * 1024

const accepted = Promise.resolve()

export interface CloseOptions {
  /** Deliver the messages that arrive until the peer's Close; default false: only a pending read still gets them. */
  readonly drain?: boolean
}

export interface WriteOptions extends Op {
  /** Copy a large payload at once, so that it may be changed while the promise is pending; default false. */
  readonly copy?: boolean
}

/** @internal What a connection is made of. */
export interface ConnParts {
  readonly transport: ByteTransport
  readonly protocol: Protocol
  readonly clock: Clock
  readonly settings: ConnSettings
  readonly handshake: HandshakeInfo
  /** Called once when the transport is gone. */
  readonly onGone?: (conn: Conn) => void
}

/**
 * - `open`: messages pass both ways
 * - `closing`: the closing handshake, or the end after a failure, is under way
 * - `closed`: the transport is gone
 */
export type ConnState = 'open' | 'closing' | 'closed'

export class Conn<Data = unknown> implements AsyncIterable<Message> {
  /** The application's own; on a server at first what `authorize` gave. */
  data: Data
  /** What was agreed in the opening handshake; frozen. */
  readonly handshake: HandshakeInfo

  private readonly transport: ByteTransport
  private readonly protocol: Protocol
  private readonly clock: Clock
  private readonly settings: ConnSettings
  private readonly inbox = new Inbox()
  private readonly outbox: Outbox
  private readonly keepAlive: KeepAlive | undefined
  private readonly onGone: ((conn: Conn) => void) | undefined
  private pings: Pings | undefined
  private end: Waiter<CloseInfo> | undefined
  private info: CloseInfo | undefined
  private closeTimer: unknown
  private isGone = false
  private isPaused = false
  private isArmed = false
  private isDraining = false

  /** @internal */
  constructor({ transport, protocol, clock, settings, handshake, onGone }: ConnParts, data: Data) {
    this.onGone = onGone
    this.data = data
    this.handshake = handshake
    this.transport = transport
    this.protocol = protocol
    this.clock = clock
    this.settings = settings
    this.outbox = new Outbox(protocol, transport)
    this.keepAlive =
      settings.keepAlive === undefined
        ? undefined
        : new KeepAlive(
            clock,
            settings.keepAlive,
            () => this.probe(),
            () => this.fail(new WebSocketError('ERR_WS_PEER_SILENT')),
          )
    transport.start(this)
  }

  // ── State ────────────────────────────────────────────────────────────────────────────────────────────────

  get state(): ConnState {
    if (this.isGone) return 'closed'
    return this.info !== undefined || this.protocol.state !== 'open' ? 'closing' : 'open'
  }

  /** The chosen subprotocol; '' when none was. */
  get subprotocol(): string {
    return this.handshake.subprotocol
  }

  /** Bytes accepted for sending and not handed over to the operating system, headers included. */
  get bufferedAmount(): number {
    return this.outbox.bufferedAmount
  }

  /** The runtime's own object below: a net.Socket or TLSSocket on Node. Reading or writing it breaks the stream. */
  get socket(): unknown {
    return this.transport.raw
  }

  /** How the connection ended; resolves once the transport is gone, and never rejects. */
  get closed(): Promise<CloseInfo> {
    this.end ??= new Waiter()
    if (this.isGone && this.info !== undefined) this.end.resolve(this.info)
    return this.end.promise
  }

  /**
   * Sets the limit for received messages whose next frame is still to come.
   * @param bytes whole number of 0 or more, or Infinity
   * @throws RangeError ERR_WS_ARGUMENT
   */
  setReadLimit(bytes: number): void {
    this.protocol.setReadLimit(bytes)
  }

  // ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * The next message. Control frames are handled whether or not a read is pending.
   *
   * A timeout or an abort between messages leaves the connection as it was. Once the connection has ended, every read
   * rejects with the same error: ERR_WS_CLOSED with the peer's close code, ERR_WS_ABNORMAL_CLOSURE, or the fault.
   *
   * @throws TypeError, RangeError ERR_WS_ARGUMENT for limits that are none
   */
  readMessage(op?: Op): Promise<Message> {
    const limit = timeLimit(op)
    if (op?.signal?.aborted) return rejected(op.signal.reason)
    const message = this.takeMessage()
    if (message !== undefined) return Promise.resolve(message)
    const waiter = this.inbox.wait()
    if (waiter instanceof WebSocketError) return rejected(waiter)
    if (op !== undefined) waiter.arm(this.clock, limit, op.signal, (error) => this.inbox.abandon(error))
    return waiter.promise
  }

  /**
   * Messages until the connection ends. The loop ends in order on every received Close frame, whatever its code
   * (`closed` tells); it throws when there was none, and on faults. Leaving the loop leaves the connection open.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Message, undefined> {
    const iterator: AsyncIterableIterator<Message, undefined> = {
      next: () => {
        const message = this.takeMessage()
        return message === undefined
          ? this.inbox.waitInLoop()
          : Promise.resolve({ done: false, value: message })
      },
      return: () => Promise.resolve({ done: true, value: undefined }),
      [Symbol.asyncIterator]: () => iterator,
    }
    return iterator
  }

  private takeMessage(): Message | undefined {
    const message = this.inbox.take()
    if (this.isPaused && this.inbox.isEmpty) this.resume()
    return message
  }

  // ── Writing ──────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Sends a message: a received one, a string (text), bytes (binary), or either with its type.
   *
   * The promise settles once the message is accepted and at most `highWaterMark` bytes are buffered; see {@link flush}
   * for more. A payload of more than 32 KiB given as bytes on a server is not copied: it must not change until the
   * promise settles. Past `hardLimit` the promise rejects with ERR_WS_BUFFER_FULL and nothing is queued. If its time is
   * up or its signal aborts while it waits for the peer, the connection fails, since the message is half way out.
   *
   * Rejects with ERR_WS_CLOSE_SENT after our Close, with the connection's error after its end, and with
   * ERR_WS_INVALID_UTF8 for a text given as other bytes.
   *
   * @throws TypeError ERR_WS_ARGUMENT at once for anything that is no message
   */
  writeMessage(message: Message | string | Bytes, options?: WriteOptions): Promise<void>
  writeMessage(type: DataType | ControlType, data: string | Bytes, options?: WriteOptions): Promise<void>
  writeMessage(
    first: Message | string | Bytes | DataType | ControlType,
    second?: string | Bytes | WriteOptions,
    third?: WriteOptions,
  ): Promise<void> {
    if (typeof first === 'number') {
      if (!isDataType(first)) return this.writeControl(first, second as string | Bytes, third)
      return this.write(first, toData(second), third)
    }
    const options = second as WriteOptions | undefined
    if (Message.isMessage(first)) return this.write(first.type, first, options)
    const data = toData(first)
    return this.write(typeof data === 'string' ? 1 : 2, data, options)
  }

  /**
   * Sends a Close, Ping or Pong frame; it passes messages that wait for the peer no earlier than they were encoded.
   * Close must carry what `formatCloseMessage` makes; the peer's Close is then awaited for `closeTimeout`.
   *
   * @param data at most 125 bytes
   * @throws TypeError, RangeError ERR_WS_ARGUMENT at once
   */
  writeControl(type: ControlType, data: string | Bytes = '', options?: WriteOptions): Promise<void> {
    const bytes = controlBytes(type, data)
    const refusal = this.refusal(options)
    if (refusal !== undefined) return rejected(refusal)
    try {
      if (type === PingMessage) this.protocol.ping(bytes)
      else if (type === PongMessage) this.protocol.pong(bytes)
      else {
        this.protocol.closeWith(bytes)
        this.closing()
      }
    } catch (error) {
      if (!(error instanceof WebSocketError)) throw error
      return rejected(error)
    }
    this.arm()
    return this.accept(this.settings.highWaterMark, options)
  }

  /** Waits until everything accepted so far is handed over to the operating system. */
  flush(op?: Op): Promise<void> {
    const refusal = this.refusal(op)
    if (refusal !== undefined) return rejected(refusal)
    this.outbox.flush()
    return this.accept(0, op)
  }

  /**
   * Sends a ping and waits for its pong. A newer pong settles older pings.
   *
   * @param data at most 125 bytes; default a counter
   * @returns the round trip in milliseconds
   */
  ping(data?: string | Bytes, op?: Op): Promise<number> {
    this.pings ??= new Pings()
    const { pings, clock } = this
    const bytes = data === undefined ? pings.nextData() : controlBytes(PingMessage, data)
    const limit = timeLimit(op)
    const refusal = this.refusal(op)
    if (refusal !== undefined) return rejected(refusal)
    try {
      this.protocol.ping(bytes)
    } catch (error) {
      return rejected(error)
    }
    this.arm()
    const waiter = new Waiter<number>()
    pings.add(bytes, clock.now(), waiter)
    if (op !== undefined) waiter.arm(clock, limit, op.signal, (error) => pings.abandon(waiter, error))
    return waiter.promise
  }

  private write(
    type: DataType,
    data: Message | string | Uint8Array,
    options: WriteOptions | undefined,
  ): Promise<void> {
    const refusal = this.refusal(options)
    if (refusal !== undefined) return rejected(refusal)
    const { protocol, outbox, settings } = this
    const buffered = outbox.bufferedAmount
    if (buffered > settings.hardLimit) return rejected(new WebSocketError('ERR_WS_BUFFER_FULL'))
    let borrowed = false
    try {
      if (Message.isMessage(data)) protocol.sendMessage(data)
      else borrowed = protocol.send(type, data, options)
    } catch (error) {
      return rejected(error)
    }
    if (protocol.pendingBytes >= FLUSH_FROM) outbox.flush()
    else this.arm()
    return this.accept(borrowed ? 0 : settings.highWaterMark, options)
  }

  /** Why nothing can be written now. */
  private refusal(op: Op | undefined): unknown {
    if (this.inbox.failure !== undefined) return this.inbox.failure
    if (op?.signal?.aborted) return op.signal.reason
    return undefined
  }

  /** The promise of a write: settles once at most `allowance` of the bytes accepted so far are still here. */
  private accept(allowance: number, op: Op | undefined): Promise<void> {
    const waiter = this.outbox.wait(allowance)
    if (waiter === undefined) return accepted
    if (op !== undefined) {
      waiter.arm(this.clock, timeLimit(op), op.signal, (error) => {
        waiter.reject(error)
        const known = error instanceof WebSocketError ? error : undefined
        this.fail(
          known ??
            new WebSocketError('ERR_WS_ABNORMAL_CLOSURE', { message: 'a write was aborted', cause: error }),
        )
      })
    }
    return waiter.promise
  }

  // ── The end ──────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Closes in order: sends Close behind everything written, waits for the peer's, and ends the transport, all within
   * `closeTimeout`. Calling it again only waits.
   *
   * @param code see `formatCloseMessage`; default 1000
   * @param reason at most 123 bytes
   * @returns how it ended, as {@link closed}
   * @throws TypeError, RangeError ERR_WS_ARGUMENT at once
   */
  close(code: number = CloseNormalClosure, reason = '', options?: CloseOptions): Promise<CloseInfo> {
    try {
      this.protocol.close(code, reason)
    } catch (error) {
      if (!(error instanceof WebSocketError)) throw error
      this.fail(error)
    }
    if (options?.drain) this.isDraining = true
    this.outbox.flush()
    this.closing()
    return this.closed
  }

  /** Ends the transport at once, without a Close frame; pending reads and writes reject. gorilla's Close. */
  terminate(): void {
    this.fail(new WebSocketError('ERR_WS_ABNORMAL_CLOSURE', { message: 'the connection was terminated' }))
  }

  /** @internal Why the connection failed or was closed by the peer; undefined while reading may go on. */
  get failure(): WebSocketError | undefined {
    return this.inbox.failure
  }

  /** A Close frame of ours is on its way: read on until the peer's, but not for ever. */
  private closing(): void {
    if (this.isGone || this.closeTimer !== undefined) return
    this.keepAlive?.stop()
    if (this.isPaused) this.resume()
    this.closeTimer = this.clock.setTimer(() => {
      this.fail(
        new WebSocketError('ERR_WS_ABNORMAL_CLOSURE', {
          message: 'the peer did not finish the closing handshake',
        }),
      )
    }, this.settings.closeTimeout)
  }

  /** What the connection ends with is known: reading ends behind the messages that are here. The first call counts. */
  private conclude(info: CloseInfo, error: WebSocketError): void {
    this.info ??= info
    this.inbox.end(error, info.wasClean)
    this.pings?.end(error)
  }

  /** The connection cannot go on: no Close frame, the transport is torn down. */
  private fail(error: WebSocketError): void {
    if (this.isGone) return
    this.conclude({ code: error.closeCode ?? 1006, reason: '', wasClean: false, error }, error)
    this.outbox.end(error)
    this.transport.destroy()
  }

  private probe(): void {
    if (this.state !== 'open') return
    try {
      this.protocol.ping()
      this.outbox.flush()
    } catch (error) {
      this.fail(error as WebSocketError)
    }
  }

  // ── The transport's side ─────────────────────────────────────────────────────────────────────────────────

  /** @internal */
  onBytes(bytes: Uint8Array, start: number, end: number, owned: boolean): void {
    this.keepAlive?.alive()
    const events = this.protocol.receiveRange(bytes, start, end, !owned)
    for (let i = 0; i < events.length; i++) {
      const event = events[i]
      switch (event.type) {
        case 1:
        case 2:
          // After our Close only a read that is pending, or a drain, still wants messages.
          if (!this.protocol.isCloseSent || this.isDraining || this.inbox.hasReader) this.inbox.push(event)
          break
        case PongMessage:
          this.pings?.pong(event.data, this.clock.now())
          break
        case CloseMessage:
          this.onClosed(event.code, event.reason)
          return
        case 0:
          this.onFault(event.error)
          return
      }
    }
    if (this.protocol.pendingBytes > 0 || this.isReadAheadFull) this.arm()
  }

  /** @internal */
  onWritten(): void {
    this.outbox.written()
    // Pongs that waited for the peer to drain are encoded now.
    if (this.protocol.pendingBytes > 0) this.arm()
  }

  /** @internal */
  onEnd(): void {
    for (const event of this.protocol.receiveEnd()) if (event.type === 0) this.fail(event.error)
    // The peer's end of a connection that is over on our side.
    if (this.info !== undefined && !this.isGone) {
      this.outbox.flush()
      this.transport.end()
    }
  }

  /** @internal */
  onClose(cause?: Error): void {
    if (this.isGone) return
    this.isGone = true
    this.clock.clearTimer(this.closeTimer)
    this.keepAlive?.stop()
    const error = new WebSocketError('ERR_WS_ABNORMAL_CLOSURE', { remote: true, ...(cause ? { cause } : {}) })
    this.conclude({ code: 1006, reason: '', wasClean: false, error }, error)
    this.outbox.end(this.inbox.failure ?? error)
    if (this.info !== undefined) this.end?.resolve(this.info)
    this.onGone?.(this as Conn)
  }

  /** @internal */
  endOfTurn(): void {
    this.isArmed = false
    this.outbox.flush()
    if (this.isReadAheadFull && !this.isPaused && this.state === 'open') {
      this.isPaused = true
      this.keepAlive?.stop()
      this.transport.pause()
    }
  }

  /** The peer's Close frame came; ours is encoded or was sent before. */
  private onClosed(code: number, reason: string): void {
    this.conclude({ code, reason, wasClean: true }, closedError(code, reason))
    this.finish()
  }

  /** The peer broke the protocol; a Close frame that says so is encoded. */
  private onFault(error: WebSocketError): void {
    this.conclude({ code: error.closeCode ?? 1006, reason: '', wasClean: false, error }, error)
    this.finish()
    this.transport.end()
  }

  /** Nothing is read any more: what is encoded leaves, a server ends the transport first (RFC 6455 §7.1.1). */
  private finish(): void {
    this.outbox.flush()
    this.closing()
    if (this.protocol.role === 'server') this.transport.end()
  }

  private get isReadAheadFull(): boolean {
    const { inbox } = this
    return !inbox.isEmpty && inbox.waitingBytes + this.protocol.gatheredBytes >= READ_AHEAD
  }

  private resume(): void {
    this.isPaused = false
    if (!this.isGone) {
      this.keepAlive?.resume()
      this.transport.resume()
    }
  }

  private arm(): void {
    if (this.isArmed) return
    this.isArmed = true
    this.clock.atEndOfTurn(this)
  }
}
