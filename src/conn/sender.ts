// Messages on their way out: who may write now, in what order, under which limits, and when the promise of a write settles.
// Encoding is the Protocol's, handing over to the transport the Outbox's.

import { checkClosePayload, formatCloseMessage } from '../codec/close-payload.ts'
import { type ControlType, type DataType, PingMessage, PongMessage } from '../codec/constants.ts'
import { WebSocketError } from '../codec/errors.ts'
import { Message } from '../codec/message.ts'
import { isDataType } from '../codec/payload.ts'
import type { PreparedMessage } from '../codec/prepared-message.ts'
import { abnormalClosure } from './close-info.ts'
import type { Link } from './link.ts'
import { MessageWriter } from './message-writer.ts'
import { callerOfUs, StrictWrites } from './strict-writes.ts'
import { accepted, millisecondsUntil, type Op, rejected, timedOut, timeLimit, type Waiter } from './waiter.ts'
import { WriteLane } from './write-lane.ts'

/** How a message is sent, and how long its promise may take. */
export interface WriteOptions extends Op {
  /**
   * Copy a payload of more than 32 KiB at once, so that it may be changed while the promise is pending; default false.
   */
  readonly copy?: boolean
}

const encoder = new TextEncoder()

export class Sender {
  /** Milliseconds that a write may wait; undefined for no limit. */
  timeout: number | undefined
  /** Time on the clock until which a write may wait; undefined for no limit. */
  deadline: number | undefined
  readonly link: Link
  readonly lane: WriteLane
  /** Only where concurrent writes are refused. */
  readonly #strict: StrictWrites | undefined

  constructor(link: Link) {
    this.link = link
    this.lane = new WriteLane(link.clock, this)
    this.#strict = link.settings.strict ? new StrictWrites() : undefined
  }

  /** Whether a write waits for the peer. */
  get isSlow(): boolean {
    return this.link.outbox.isWaitedFor
  }

  /** Bytes accepted and not handed over, headers included, and the payloads of what waits behind a writer. */
  get bufferedAmount(): number {
    return this.link.outbox.bufferedAmount + this.lane.bytes
  }

  // ── Messages ─────────────────────────────────────────────────────────────────────────────────────────────

  message(
    type: DataType,
    data: Message | string | Uint8Array,
    options: WriteOptions | undefined,
  ): Promise<void> {
    const refusal = this.messageRefusal(options)
    if (refusal !== undefined) return rejected(refusal)
    if (this.lane.holder === undefined && !this.#strict?.isBusy)
      return this.#send(type, data, options, this.#limit(options), false)
    if (this.#strict !== undefined) return this.#refuse(this.#strict)
    return this.#later(type, data, options)
  }

  // Apart from the above, which makes no closure.
  #later(
    type: DataType,
    data: Message | string | Uint8Array,
    options: WriteOptions | undefined,
  ): Promise<void> {
    // What is not encoded yet must not change any more, as if it were.
    let held: Message | Uint8Array
    try {
      if (Message.isMessage(data)) held = data.copy()
      else held = typeof data === 'string' ? encoder.encode(data) : new Uint8Array(data)
    } catch (error) {
      // A lent message that has expired.
      return rejected(error)
    }
    return this.#queue(held.byteLength, false, options, (left) => this.#send(type, held, options, left, true))
  }

  prepared(prepared: PreparedMessage, options: WriteOptions | undefined): Promise<void> {
    const { type, payload } = prepared
    if (!isDataType(type)) return this.control(type, payload, options)
    const refusal = this.messageRefusal(options)
    if (refusal !== undefined) return rejected(refusal)
    if (this.lane.holder === undefined && !this.#strict?.isBusy)
      return this.#sendPrepared(prepared, options, this.#limit(options))
    if (this.#strict !== undefined) return this.#refuse(this.#strict)
    return this.#queue(payload.length, false, options, (left) => this.#sendPrepared(prepared, options, left))
  }

  /** Opens a writer once it is its turn. */
  open(type: DataType, op: Op | undefined): Promise<MessageWriter> {
    const refusal = this.messageRefusal(op)
    if (refusal !== undefined) return rejected(refusal)
    if (this.lane.holder === undefined && !this.#strict?.isBusy) return this.#open(type)
    if (this.#strict !== undefined) return this.#refuse(this.#strict)
    return this.#queue(0, true, op, () => this.#open(type))
  }

  /** Encodes a part of an open writer's message; throws when nothing could be encoded. */
  fragment(
    writer: MessageWriter,
    source: Uint8Array,
    start: number,
    end: number,
    last: boolean,
    options: WriteOptions | undefined,
  ): Promise<void> {
    const { protocol, settings } = this.link
    const isBorrowed = protocol.sendFragment(writer.type, source, start, end, last, options?.copy !== true)
    writer.hasSent = true
    this.link.encoded()
    const sent = this.accept(
      isBorrowed ? 0 : settings.highWaterMark,
      this.#limit(options),
      options?.signal,
      true,
    )
    if (last && sent !== accepted) this.#strict?.watch(sent)
    return sent
  }

  /** Ping, Pong or Close: between the frames of whatever is being sent. */
  control(type: ControlType, bytes: Uint8Array, options: Op | undefined): Promise<void> {
    const refusal = this.refusal(options, true)
    if (refusal !== undefined) return rejected(refusal)
    const { link } = this
    const { protocol } = link
    let cuts = false
    try {
      if (type === PingMessage) protocol.ping(bytes)
      else if (type === PongMessage) protocol.pong(bytes)
      else {
        // Judged before anything ends because of it.
        const { code, reason } = checkClosePayload(bytes)
        cuts = this.#beforeClose()
        protocol.close(code, reason)
        link.close(false)
      }
    } catch (error) {
      if (!(error instanceof WebSocketError)) throw error
      if (cuts) link.fail(error)
      return rejected(error)
    }
    link.encoded()
    return this.accept(link.settings.highWaterMark, timeLimit(options), options?.signal, false)
  }

  /**
   * Encodes our Close frame behind the messages that are complete.
   * @throws TypeError, RangeError ERR_WS_ARGUMENT; then nothing has happened. WebSocketError ERR_WS_RANDOM_SOURCE
   */
  close(code: number, reason: string): void {
    const { protocol } = this.link
    formatCloseMessage(code, reason)
    if (!protocol.isCloseSent) this.#beforeClose()
    protocol.close(code, reason)
  }

  /** The connection is over: nobody's turn comes any more. */
  end(error: unknown): void {
    const writer = this.lane.holder
    if (writer === undefined) return
    writer.leave(error)
    this.lane.end(error, false)
  }

  // ── Limits ───────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Why nothing can be written now; undefined when it can. A signal's reason may be null.
   * @param isControl the limits of the connection's writes do not hold
   * @throws TypeError, RangeError ERR_WS_ARGUMENT for limits that are none
   */
  refusal(op: Op | undefined, isControl = false): unknown {
    const { link } = this
    if (op !== undefined) {
      timeLimit(op)
      if (op.signal?.aborted) return op.signal.reason
      // A timeout of 0 still lets go what need not wait.
      if (op.deadline !== undefined && millisecondsUntil(op.deadline) === 0) return timedOut()
    }
    if (!isControl && this.deadline !== undefined && this.deadline <= link.clock.now()) return timedOut()
    return link.failure ?? (link.protocol.isCloseSent ? link.closeSentError : undefined)
  }

  /** As {@link refusal}, for what adds to the bytes that wait. */
  messageRefusal(op: Op | undefined): unknown {
    const refusal = this.refusal(op)
    if (refusal !== undefined || this.bufferedAmount <= this.link.settings.hardLimit) return refusal
    return new WebSocketError('ERR_WS_BUFFER_FULL', {
      message: 'the peer does not read: more bytes wait than the hard limit allows',
    })
  }

  /**
   * The promise of a write: settles once at most `allowance` of the bytes accepted so far are still here.
   * @param limit milliseconds that it may take; undefined for no limit
   * @param isMessage it cannot be taken back, so the connection fails when its time is up
   */
  accept(
    allowance: number,
    limit: number | undefined,
    signal: AbortSignal | undefined,
    isMessage: boolean,
  ): Promise<void> {
    const { outbox } = this.link
    const waiter = outbox.wait(allowance)
    // The transport may have failed to send it just now.
    if (waiter === undefined) return outbox.error === undefined ? accepted : rejected(outbox.error)
    this.#arm(waiter, limit, signal, isMessage)
    return waiter.promise
  }

  #arm(
    waiter: Waiter<void>,
    limit: number | undefined,
    signal: AbortSignal | undefined,
    isMessage: boolean,
  ): void {
    const { link } = this
    waiter.arm(link.clock, limit, signal, (error) => {
      waiter.reject(error)
      if (!isMessage) return
      const known = error instanceof WebSocketError ? error : undefined
      link.fail(known ?? abnormalClosure('a write was aborted', error))
    })
  }

  /** Milliseconds that a write of data may wait: the shortest of its own limit and those of all writes. */
  #limit(op: Op | undefined): number | undefined {
    const own = timeLimit(op)
    if (this.timeout === undefined && this.deadline === undefined) return own
    const left =
      this.deadline === undefined ? Number.POSITIVE_INFINITY : this.deadline - this.link.clock.now()
    return Math.max(
      0,
      Math.min(own ?? Number.POSITIVE_INFINITY, this.timeout ?? Number.POSITIVE_INFINITY, left),
    )
  }

  // ── Turns ────────────────────────────────────────────────────────────────────────────────────────────────

  /** What was accepted waits for its turn; of its limits only the time that is left counts then. */
  #queue<T>(
    bytes: number,
    opens: boolean,
    op: Op | undefined,
    start: (left: number | undefined) => Promise<T>,
  ): Promise<T> {
    return this.lane.enter(bytes, opens, this.#limit(op), op?.signal, (left) => {
      const { failure } = this.link
      return failure === undefined ? start(left) : rejected(failure)
    })
  }

  #open(type: DataType): Promise<MessageWriter> {
    const writer = new MessageWriter(type, this)
    if (this.#strict !== undefined) writer.opened = callerOfUs()
    this.lane.hold(writer)
    return Promise.resolve(writer)
  }

  /** @param isOurs nobody else has the bytes of `data` */
  #send(
    type: DataType,
    data: Message | string | Uint8Array,
    options: WriteOptions | undefined,
    limit: number | undefined,
    isOurs: boolean,
  ): Promise<void> {
    const { protocol } = this.link
    let isBorrowed = false
    try {
      if (Message.isMessage(data)) protocol.sendMessage(data, options)
      else isBorrowed = protocol.send(type, data, isOurs ? undefined : options) && !isOurs
    } catch (error) {
      return rejected(error)
    }
    return this.#sent(isBorrowed, limit, options)
  }

  #sendPrepared(
    prepared: PreparedMessage,
    options: WriteOptions | undefined,
    limit: number | undefined,
  ): Promise<void> {
    try {
      this.link.protocol.sendPrepared(prepared)
    } catch (error) {
      return rejected(error)
    }
    return this.#sent(false, limit, options)
  }

  #sent(isBorrowed: boolean, limit: number | undefined, options: WriteOptions | undefined): Promise<void> {
    const { link } = this
    link.encoded()
    const allowance = isBorrowed ? 0 : link.settings.highWaterMark
    const sent = this.accept(allowance, limit, options?.signal, true)
    if (sent !== accepted) this.#strict?.watch(sent)
    return sent
  }

  #refuse(strict: StrictWrites): Promise<never> {
    return rejected(strict.refusal(this.lane.holder?.opened))
  }

  /**
   * Close goes behind the complete messages and does not wait for the open writer, whose message is never finished. Once
   * a part of that was sent, what waits behind it can be sent no more.
   * @returns whether a message was cut off
   */
  #beforeClose(): boolean {
    const writer = this.lane.holder
    if (writer === undefined) return false
    const error = this.link.closeSentError
    writer.leave(error)
    this.lane.end(error, !writer.hasSent)
    return writer.hasSent
  }
}
