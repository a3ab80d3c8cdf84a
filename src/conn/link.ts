// The machine under a Conn: moves bytes between transport, protocol, inbox and outbox, and brings the connection to its end.
// RFC 6455 §7: every way to end goes through here, and each connection ends once.

import {
  CloseAbnormalClosure,
  CloseInternalServerErr,
  CloseMessage,
  type DataType,
  PingMessage,
  PongMessage,
} from '../codec/constants.ts'
import { WebSocketError } from '../codec/errors.ts'
import type { CloseEvent, DecoderEvent } from '../codec/events.ts'
import type { ByteReceiver, ByteTransport, Clock, EndOfTurn } from '../codec/ports.ts'
import type { Protocol } from '../codec/protocol.ts'
import { closeSentError } from '../codec/shared-errors.ts'
import { abnormalClosure, type CloseInfo, closedError } from './close-info.ts'
import { callHandler, type Handlers, type PingHandler } from './handlers.ts'
import { Inbox, type InboxHost } from './inbox.ts'
import { KeepAlive } from './keep-alive.ts'
import type { ConnSettings } from './options.ts'
import { Outbox } from './outbox.ts'
import { Pings } from './pings.ts'
import { Sender } from './sender.ts'
import { Waiter } from './waiter.ts'

/** Encoded bytes that go out without waiting for the end of the turn. */
const FLUSH_FROM = 64 * 1024
/** How far down the causes of an error are looked at. */
const MAX_CAUSES = 8
/** Bytes read ahead while a ping waits for its pong, which may stand behind messages that nobody reads. */
const READ_AHEAD_FOR_PONG = 1024 * 1024

export interface LinkParts {
  readonly transport: ByteTransport
  readonly protocol: Protocol
  readonly clock: Clock
  readonly settings: ConnSettings
  /** Called once when the transport is gone. */
  readonly onGone: (() => void) | undefined
}

export class Link implements ByteReceiver, EndOfTurn, InboxHost {
  readonly transport: ByteTransport
  readonly protocol: Protocol
  readonly clock: Clock
  readonly settings: ConnSettings
  readonly inbox: Inbox
  readonly outbox: Outbox
  readonly sender: Sender
  #handlers: Handlers | undefined
  /** The peer's Close frame, once it is here. */
  #peerClose: CloseEvent | undefined
  #lateWrite: WebSocketError | undefined
  #failure: WebSocketError | undefined
  /** Made when messages are lent. */
  #onEach: ((event: DecoderEvent) => void) | undefined
  readonly #keepAlive: KeepAlive | undefined
  readonly #onGone: (() => void) | undefined
  #waitingPings: Pings | undefined
  #end: Waiter<CloseInfo> | undefined
  #info: CloseInfo | undefined
  #closeTimer: unknown
  #isGone = false
  #isPaused = false
  #isArmed = false
  #isFinishing = false
  #hasPeerEnded = false

  constructor({ transport, protocol, clock, settings, onGone }: LinkParts) {
    this.transport = transport
    this.protocol = protocol
    this.clock = clock
    this.settings = settings
    this.#onGone = onGone
    this.inbox = new Inbox(clock, this)
    this.outbox = new Outbox(protocol, transport)
    this.sender = new Sender(this)
    this.#keepAlive =
      settings.keepAlive === undefined ? undefined : new KeepAlive(clock, settings.keepAlive, this)
  }

  get state(): 'open' | 'closing' | 'closed' {
    if (this.#isGone) return 'closed'
    return this.#info !== undefined || this.protocol.state !== 'open' ? 'closing' : 'open'
  }

  /** How it ended; resolves once the transport is gone. */
  get closed(): Promise<CloseInfo> {
    this.#end ??= new Waiter()
    if (this.#isGone && this.#info !== undefined) this.#end.resolve(this.#info)
    return this.#end.promise
  }

  get pings(): Pings {
    this.#waitingPings ??= new Pings()
    return this.#waitingPings
  }

  /** Why nothing can be written any more: the connection has failed, or is closed by both sides. */
  get failure(): WebSocketError | undefined {
    return this.#failure
  }

  get handlers(): Handlers {
    this.#handlers ??= { ping: undefined, pong: undefined, close: undefined }
    return this.#handlers
  }

  /** What a handler of the application's failed with, when that ended the connection. */
  get handlerError(): WebSocketError | undefined {
    const error = this.#info?.error
    return error?.code === 'ERR_WS_HANDLER' ? error : undefined
  }

  // ── What the inbox and the connection ask ───────────────────────────────────────────────────────────────────

  /** A message was taken, or a read waits: an empty inbox is filled again. */
  taken(): void {
    if (this.#isPaused && this.inbox.isEmpty) this.#resume()
  }

  get partType(): DataType | 0 {
    return this.protocol.partType
  }

  get partLength(): number {
    return this.protocol.gatheredBytes
  }

  takePart(): Uint8Array {
    return this.protocol.takePart()
  }

  sinkFailed(error: unknown): boolean {
    this.handlerFailed('message', error)
    return !this.isOwnEnd(error)
  }

  /** A ping waits for its pong: it must be read, whatever the application reads. */
  awaitPong(): void {
    if (this.#isPaused) this.#resume()
  }

  /** A handler of the application's threw, or its promise was rejected: by this connection's own end, or it ends now. */
  handlerFailed(what: string, cause: unknown): void {
    if (this.isOwnEnd(cause)) return
    const message = `the ${what} handler failed`
    this.abort(new WebSocketError('ERR_WS_HANDLER', { message, cause }))
  }

  /** Whether `error`, or what caused it, is what reads or writes of this very connection reject with at its end. */
  isOwnEnd(error: unknown): boolean {
    const ends: unknown[] = [this.inbox.failure, this.#failure, this.#lateWrite]
    for (let each = error, depth = 0; each instanceof Error && depth < MAX_CAUSES; each = each.cause, depth++)
      if (ends.includes(each)) return true
    return false
  }

  /** Something was encoded: it leaves at the end of the turn, much of it at once. */
  encoded(): void {
    if (this.protocol.pendingBytes >= FLUSH_FROM) this.flush()
    else this.#arm()
  }

  /** Hands over what is encoded. A transport that cannot take it fails this connection, and harms no other. */
  flush(): void {
    try {
      this.outbox.flush()
    } catch (cause) {
      this.fail(abnormalClosure('the transport failed to send', cause))
    }
  }

  /**
   * The application closed, its Close frame is encoded.
   * @param drain messages that still arrive are wanted
   */
  close(drain: boolean): void {
    if (this.#closeTimer === undefined && !drain) this.inbox.dropsWith = this.closeSentError
    this.#closing()
    // The Close handler has answered: it need not be waited for.
    if (this.#peerClose !== undefined) this.#answered()
  }

  /** The error of writes behind our Close frame, one for each connection so that it can be told whose it is. */
  get closeSentError(): WebSocketError {
    this.#lateWrite ??= closeSentError()
    return this.#lateWrite
  }

  /** A Close frame of ours is on its way: read on until the peer's, but not for ever. */
  #closing(): void {
    this.flush()
    if (this.#isGone || this.#closeTimer !== undefined) return
    this.#keepAlive?.stop()
    if (this.#isPaused) this.#resume()
    const expire = () => this.fail(abnormalClosure('the peer did not finish the closing handshake'))
    this.#closeTimer = this.clock.setTimer(expire, this.settings.closeTimeout, true)
  }

  /** The connection cannot go on: no Close frame, the transport is torn down. */
  fail(error: WebSocketError): void {
    if (this.#isGone) return
    this.#conclude(error)
    this.protocol.abort()
    this.outbox.abandon(error)
    try {
      this.transport.destroy()
    } catch {
      // A transport of the application's that cannot even end: nothing more comes of it.
      this.onClose()
    }
  }

  /** The connection cannot go on for a reason of ours, which the peer is told of. */
  abort(error: WebSocketError): void {
    if (this.#isGone || this.#info !== undefined) return
    try {
      this.protocol.close(error.closeCode ?? CloseInternalServerErr)
    } catch {
      // It cannot be masked: no Close frame then.
    }
    this.#conclude(error, true)
    this.#closing()
    this.#finish()
  }

  // ── What keep-alive asks ─────────────────────────────────────────────────────────────────────────────────

  probe(): void {
    if (this.state !== 'open') return
    try {
      this.protocol.ping()
      this.flush()
    } catch (error) {
      this.fail(error as WebSocketError)
    }
  }

  silent(): void {
    this.fail(new WebSocketError('ERR_WS_PEER_SILENT', { message: 'the peer did not answer the keep-alive' }))
  }

  // ── What the transport says ──────────────────────────────────────────────────────────────────────────────

  onBytes(bytes: Uint8Array, start: number, end: number, owned: boolean): void {
    this.#keepAlive?.alive()
    // Nobody hears what comes behind the end.
    if (this.#info !== undefined) return
    const { inbox, protocol } = this
    inbox.isFilling = true
    if (inbox.borrows) {
      this.#onEach ??= (event) => {
        if (event.type !== 1 && event.type !== 2) this.#onEvent(event, this.protocol.answersPings)
        else if (this.#info === undefined) this.inbox.push(event)
      }
      inbox.isLending = true
      protocol.receiveEach(bytes, start, end, !owned, this.#onEach)
      inbox.isLending = false
      if (this.#info !== undefined && this.#peerClose === undefined) protocol.takePart()
    } else {
      const { answersPings } = protocol
      const events = protocol.receiveRange(bytes, start, end, !owned)
      let i = 0
      // A handler may have ended the connection.
      for (; i < events.length && this.#info === undefined; i++) {
        const event = events[i]
        if (event.type === 1 || event.type === 2) inbox.push(event)
        else this.#onEvent(event, answersPings)
      }
      // Then what has come of a message behind the ones that are dropped is dropped with them.
      if (i < events.length) protocol.takePart()
    }
    inbox.endOfRead()
    if (protocol.pendingBytes > 0 || this.#isReadAheadFull) this.#arm()
  }

  /** What is no message. @param isAnswered the protocol has answered pings by itself */
  #onEvent(event: DecoderEvent, isAnswered: boolean): void {
    if (this.#info !== undefined) return
    switch (event.type) {
      case PingMessage:
        if (!isAnswered) this.#onPing(event.data)
        break
      case PongMessage:
        this.#waitingPings?.pong(event.data, this.clock.now())
        this.#call('pong', this.#handlers?.pong, event.data)
        break
      case CloseMessage:
        this.#onPeerClose(event)
        break
      case 0:
        this.#conclude(event.error)
        this.#closing()
        this.#finish()
    }
  }

  #onPing(data: Uint8Array): void {
    const handler = this.#handlers?.ping
    // One that was there when the bytes came, and is not any more.
    if (handler === undefined) this.answerPing(data)
    else this.#call('ping', handler, data)
  }

  /** The default: of a peer that does not read the newest pings are answered, not all. */
  answerPing(data: Uint8Array): void {
    try {
      this.protocol.answerPing(data)
      this.encoded()
    } catch (error) {
      this.fail(error as WebSocketError)
    }
  }

  #call(what: string, handler: PingHandler | undefined, data: Uint8Array): void {
    if (handler === undefined) return
    callHandler(
      () => handler(data),
      (cause) => this.handlerFailed(what, cause),
    )
  }

  /** Reading ends; the application's handler may still write, and answers if it likes. */
  #onPeerClose(event: CloseEvent): void {
    this.#peerClose = event
    const error = closedError(event.code, event.reason)
    this.inbox.end(error, true)
    this.#waitingPings?.end(error)
    const handler = this.#handlers?.close
    let handling: Promise<unknown> | undefined
    if (handler !== undefined) {
      this.#closing()
      handling = callHandler(
        () => handler(event.code, event.reason),
        (cause) => this.handlerFailed('close', cause),
      )
    }
    if (handling === undefined) this.#answered()
    else handling.then(() => this.#answered())
  }

  /** The peer's Close frame has its answer, or gets it now: both sides have closed. */
  #answered(): void {
    if (this.#peerClose === undefined || this.#info !== undefined) return
    try {
      this.protocol.close(this.#peerClose.code)
    } catch (error) {
      this.fail(error as WebSocketError)
      return
    }
    this.#conclude(this.inbox.failure as WebSocketError)
    this.#closing()
    // A server ends the transport first (RFC 6455 §7.1.1).
    if (this.protocol.role === 'server' || this.#hasPeerEnded) this.#finish()
  }

  onWritten(): void {
    try {
      this.outbox.written()
      if (this.#isFinishing) this.#finish()
    } catch (cause) {
      // The transport cannot take the next write; or the random source failed, for a pong that had to wait.
      const known = cause instanceof WebSocketError ? cause : undefined
      this.fail(known ?? abnormalClosure('the transport failed to send', cause))
    }
  }

  onEnd(): void {
    this.#hasPeerEnded = true
    for (const event of this.protocol.receiveEnd()) if (event.type === 0) this.fail(event.error)
    // The peer's end of a connection that is over on our side.
    if (this.#info !== undefined && !this.#isGone) {
      this.flush()
      this.#finish()
    }
  }

  onClose(cause?: Error): void {
    if (this.#isGone) return
    this.#isGone = true
    this.clock.clearTimer(this.#closeTimer)
    this.#keepAlive?.stop()
    const error = new WebSocketError('ERR_WS_ABNORMAL_CLOSURE', {
      message: 'the connection ended without a Close frame',
      remote: true,
      ...(cause ? { cause } : {}),
    })
    this.#conclude(error)
    this.protocol.abort()
    this.outbox.abandon(this.#failure ?? error)
    this.outbox.end()
    if (this.#info !== undefined) this.#end?.resolve(this.#info)
    this.#onGone?.()
  }

  get pendingBytes(): number {
    return this.protocol.pendingBytes
  }

  endOfTurn(): void {
    this.#isArmed = false
    if (this.#isGone) return
    this.flush()
    const { dropsWith } = this.inbox
    if (this.#isReadAheadFull && !this.#isPaused && dropsWith === undefined && this.#info === undefined) {
      this.#isPaused = true
      this.#keepAlive?.stop()
      this.transport.pause()
    }
  }

  /** Ends our direction of the transport once everything has left, what waits behind a write under way included. */
  #finish(): void {
    this.#isFinishing = true
    if (this.outbox.bufferedAmount === 0) this.transport.end()
  }

  /**
   * What the connection ends with is known: reading ends behind the messages that are here. The first call counts; a
   * Close frame of the peer's that is here counts more than what came behind it, unless the failure is ours.
   */
  #conclude(error: WebSocketError, isOurs = false): void {
    const close = this.#peerClose
    this.#info ??=
      close === undefined || isOurs
        ? { code: error.closeCode ?? CloseAbnormalClosure, reason: '', wasClean: false, error }
        : { code: close.code, reason: close.reason, wasClean: true }
    this.inbox.end(error, false)
    this.#failure ??= this.inbox.failure
    this.sender.end(this.#failure)
    this.#waitingPings?.end(error)
  }

  get #isReadAheadFull(): boolean {
    const { readBufferSize } = this.settings
    const isPinging = this.#waitingPings !== undefined && !this.#waitingPings.isEmpty
    return this.inbox.isFull(isPinging ? Math.max(READ_AHEAD_FOR_PONG, readBufferSize) : readBufferSize)
  }

  #resume(): void {
    this.#isPaused = false
    if (this.#isGone) return
    if (this.state === 'open') this.#keepAlive?.resume()
    this.transport.resume()
  }

  #arm(): void {
    if (this.#isArmed) return
    this.#isArmed = true
    this.clock.atEndOfTurn(this)
  }
}
