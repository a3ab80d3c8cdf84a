// The machine under a Conn: moves bytes between transport, protocol, inbox and outbox, and brings the connection to its end.
// RFC 6455 §7: every way to end goes through here, and each connection ends once.

import { CloseAbnormalClosure, CloseMessage, PongMessage } from '../codec/constants.ts'
import { WebSocketError } from '../codec/errors.ts'
import type { CloseEvent } from '../codec/events.ts'
import type { ByteReceiver, ByteTransport, Clock, EndOfTurn } from '../codec/ports.ts'
import type { Protocol } from '../codec/protocol.ts'
import { closeSentError } from '../codec/shared-errors.ts'
import { abnormalClosure, type CloseInfo, closedError } from './close-info.ts'
import { Inbox } from './inbox.ts'
import { KeepAlive } from './keep-alive.ts'
import type { ConnSettings } from './options.ts'
import { Outbox } from './outbox.ts'
import { Pings } from './pings.ts'
import { Waiter } from './waiter.ts'

/** Encoded bytes that go out without waiting for the end of the turn. */
const FLUSH_FROM = 64 * 1024
/** Bytes of waiting messages from which on the transport is not read until the application reads. */
const READ_AHEAD = 64 * 1024

export interface LinkParts {
  readonly transport: ByteTransport
  readonly protocol: Protocol
  readonly clock: Clock
  readonly settings: ConnSettings
  /** Called once when the transport is gone. */
  readonly onGone: (() => void) | undefined
}

export class Link implements ByteReceiver, EndOfTurn {
  readonly transport: ByteTransport
  readonly protocol: Protocol
  readonly clock: Clock
  readonly settings: ConnSettings
  readonly inbox: Inbox
  readonly outbox: Outbox
  /** We closed: messages that arrive now are delivered to a read that waits, and dropped otherwise. */
  #isDropping = false
  #lateWrite: WebSocketError | undefined
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

  constructor({ transport, protocol, clock, settings, onGone }: LinkParts) {
    this.transport = transport
    this.protocol = protocol
    this.clock = clock
    this.settings = settings
    this.#onGone = onGone
    this.inbox = new Inbox(clock, this)
    this.outbox = new Outbox(protocol, transport)
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

  // ── What the inbox and the connection ask ───────────────────────────────────────────────────────────────────

  /** A message was taken: an empty inbox is filled again. */
  taken(): void {
    if (this.#isPaused && this.inbox.isEmpty) this.#resume()
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
    if (this.#closeTimer === undefined) this.#isDropping = !drain
    this.#closing()
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
    this.#closeTimer = this.clock.setTimer(() => {
      const message = 'the peer did not finish the closing handshake'
      this.fail(abnormalClosure(message))
    }, this.settings.closeTimeout)
  }

  /** The connection cannot go on: no Close frame, the transport is torn down. */
  fail(error: WebSocketError): void {
    if (this.#isGone) return
    this.#conclude(error)
    this.protocol.abort()
    this.outbox.abandon(error)
    this.transport.destroy()
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
    const events = this.protocol.receiveRange(bytes, start, end, !owned)
    for (let i = 0; i < events.length; i++) {
      const event = events[i]
      switch (event.type) {
        case 1:
        case 2:
          if (!this.#isDropping || this.inbox.hasReader) this.inbox.push(event)
          break
        case PongMessage:
          this.#waitingPings?.pong(event.data, this.clock.now())
          break
        case CloseMessage:
          this.#conclude(closedError(event.code, event.reason), event)
          this.#closing()
          // A server ends the transport first (RFC 6455 §7.1.1).
          if (this.protocol.role === 'server') this.#finish()
          return
        case 0:
          this.#conclude(event.error)
          this.#closing()
          this.#finish()
          return
      }
    }
    if (this.protocol.pendingBytes > 0 || this.#isReadAheadFull) this.#arm()
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
    this.outbox.abandon(this.inbox.failure ?? error)
    this.outbox.end()
    if (this.#info !== undefined) this.#end?.resolve(this.#info)
    this.#onGone?.()
  }

  endOfTurn(): void {
    this.#isArmed = false
    if (this.#isGone) return
    this.flush()
    if (this.#isReadAheadFull && !this.#isPaused && !this.#isDropping && this.#info === undefined) {
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
   * What the connection ends with is known: reading ends behind the messages that are here. The first call counts.
   * @param close the peer's Close frame
   */
  #conclude(error: WebSocketError, close?: CloseEvent): void {
    this.#info ??=
      close === undefined
        ? { code: error.closeCode ?? CloseAbnormalClosure, reason: '', wasClean: false, error }
        : { code: close.code, reason: close.reason, wasClean: true }
    this.inbox.end(error, close !== undefined)
    this.#waitingPings?.end(error)
  }

  get #isReadAheadFull(): boolean {
    const { inbox } = this
    return !inbox.isEmpty && inbox.waitingBytes + this.protocol.gatheredBytes >= READ_AHEAD
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
