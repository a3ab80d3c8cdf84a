// Messages on their way out: who may write now, in what order, under which limits, and when the promise of a write settles.
// Encoding is the Protocol's, handing over to the transport the Outbox's.

import { type ControlType, type DataType, PingMessage, PongMessage } from '../codec/constants.ts'
import { WebSocketError } from '../codec/errors.ts'
import { Message } from '../codec/message.ts'
import { isDataType } from '../codec/payload.ts'
import type { PreparedMessage } from '../codec/prepared-message.ts'
import { abnormalClosure } from './close-info.ts'
import type { Link } from './link.ts'
import { MessageWriter } from './message-writer.ts'
import { accepted, type Op, rejected, timedOut, timeLimit } from './waiter.ts'
import { WriteLane } from './write-lane.ts'

/** How a message is sent, and how long its promise may take. */
export interface WriteOptions extends Op {
  /**
   * Copy a payload of more than 32 KiB at once, so that it may be changed while the promise is pending; default false.
   */
  readonly copy?: boolean
}

const encoder = new TextEncoder()

/** Where the application called us, as far as the runtime tells: the frame below the last one of ours. */
function callerOf(stack = ''): string {
  const lines = stack.split('\n')
  let at = lines.length - 1
  while (at > 0 && !/\b(?:Conn|MessageWriter|Sender)\./.test(lines[at])) at--
  return (lines[at + 1] ?? 'somewhere').trim().replace(/^at /, '')
}

export class Sender {
  /** Milliseconds that a write may wait; undefined for no limit. */
  timeout: number | undefined
  /** Time on the clock until which a write may wait; undefined for no limit. */
  deadline: number | undefined
  readonly link: Link
  readonly lane: WriteLane
  /** Where the write that is under way was called; only where concurrent writes are refused. */
  #underWay: string | undefined

  constructor(link: Link) {
    this.link = link
    this.lane = new WriteLane(link.clock, this)
  }

  /** Whether the peer does not take what is sent. */
  get isSlow(): boolean {
    return this.link.outbox.bufferedAmount > this.link.settings.highWaterMark
  }

  /** Payload bytes accepted and not handed over, with those that wait behind a writer. */
  get bufferedAmount(): number {
    return this.link.outbox.bufferedAmount + this.lane.bytes
  }

  // ── Messages ─────────────────────────────────────────────────────────────────────────────────────────────

  message(
    type: DataType,
    data: Message | string | Uint8Array,
    options: WriteOptions | undefined,
  ): Promise<void> {
    const refusal = this.refusal(options) ?? this.#fullness()
    if (refusal !== undefined) return rejected(refusal)
    if (this.lane.holder === undefined && this.#underWay === undefined) return this.#send(type, data, options)
    if (this.link.settings.strict) return this.#refuseConcurrent()
    // What is not encoded yet must not change any more, as if it were.
    const held = Message.isMessage(data)
      ? data.copy()
      : typeof data === 'string'
        ? encoder.encode(data)
        : new Uint8Array(data)
    return this.lane.enter(held.byteLength, false, this.#limit(options), options?.signal, (timeout) =>
      this.message(type, held, within(options, timeout)),
    )
  }

  prepared(prepared: PreparedMessage, options: WriteOptions | undefined): Promise<void> {
    const isData = isDataType(prepared.type)
    const refusal = this.refusal(options) ?? (isData ? this.#fullness() : undefined)
    if (refusal !== undefined) return rejected(refusal)
    if (!isData) return this.control(prepared.type as ControlType, prepared.payload, options)
    if (this.lane.holder === undefined && this.#underWay === undefined) {
      try {
        this.link.protocol.sendPrepared(prepared)
      } catch (error) {
        return rejected(error)
      }
      return this.#sent(false, options)
    }
    if (this.link.settings.strict) return this.#refuseConcurrent()
    const limit = this.#limit(options)
    return this.lane.enter(prepared.payload.length, false, limit, options?.signal, (timeout) =>
      this.prepared(prepared, within(options, timeout)),
    )
  }

  /** Opens a writer once it is its turn. */
  open(type: DataType, op: Op | undefined): Promise<MessageWriter> {
    const refusal = this.refusal(op) ?? this.#fullness()
    if (refusal !== undefined) return rejected(refusal)
    if (this.lane.holder === undefined && this.#underWay === undefined) {
      const writer = new MessageWriter(type, this)
      if (this.link.settings.strict) writer.opened = callerOf(new Error().stack)
      this.lane.hold(writer)
      return Promise.resolve(writer)
    }
    if (this.link.settings.strict) return this.#refuseConcurrent()
    return this.lane.enter(0, true, this.#limit(op), op?.signal, (timeout) =>
      this.open(type, within(op, timeout)),
    )
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
    return this.accept(isBorrowed ? 0 : settings.highWaterMark, options, true)
  }

  /** Ping, Pong or Close: between the frames of whatever is being sent. */
  control(type: ControlType, bytes: Uint8Array, options: Op | undefined): Promise<void> {
    const refusal = this.refusal(options, true)
    if (refusal !== undefined) return rejected(refusal)
    const { link } = this
    try {
      if (type === PingMessage) link.protocol.ping(bytes)
      else if (type === PongMessage) link.protocol.pong(bytes)
      else {
        this.#beforeClose()
        link.protocol.closeWith(bytes)
        link.close(false)
      }
    } catch (error) {
      if (!(error instanceof WebSocketError)) throw error
      return rejected(error)
    }
    link.encoded()
    return this.accept(link.settings.highWaterMark, options, false)
  }

  /** Encodes our Close frame behind the messages that are complete. */
  close(code: number, reason: string): void {
    if (!this.link.protocol.isCloseSent) this.#beforeClose()
    this.link.protocol.close(code, reason)
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
   * Why nothing can be written now.
   * @param isControl the limits of the connection's writes do not hold
   * @throws TypeError, RangeError ERR_WS_ARGUMENT for limits that are none
   */
  refusal(op: Op | undefined, isControl = false): unknown {
    const { link } = this
    if (op !== undefined) {
      const limit = timeLimit(op)
      if (op.signal?.aborted) return op.signal.reason
      if (limit === 0 && op.deadline !== undefined && op.timeout !== 0) return timedOut()
    }
    if (!isControl && this.deadline !== undefined && this.deadline <= link.clock.now()) return timedOut()
    return link.failure ?? (link.protocol.isCloseSent ? link.closeSentError : undefined)
  }

  /**
   * The promise of a write: settles once at most `allowance` of the bytes accepted so far are still here.
   * @param isMessage it cannot be taken back, so the connection fails when its time is up
   */
  accept(allowance: number, op: Op | undefined, isMessage: boolean): Promise<void> {
    const { link } = this
    const waiter = link.outbox.wait(allowance)
    if (waiter === undefined) return accepted
    const limit = isMessage ? this.#limit(op) : timeLimit(op)
    waiter.arm(link.clock, limit, op?.signal, (error) => {
      waiter.reject(error)
      if (!isMessage) return
      const known = error instanceof WebSocketError ? error : undefined
      link.fail(known ?? abnormalClosure('a write was aborted', error))
    })
    return waiter.promise
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

  #fullness(): WebSocketError | undefined {
    if (this.bufferedAmount <= this.link.settings.hardLimit) return undefined
    return new WebSocketError('ERR_WS_BUFFER_FULL', {
      message: 'the peer does not read: more bytes wait than the hard limit allows',
    })
  }

  // ── Encoding ─────────────────────────────────────────────────────────────────────────────────────────────

  #send(
    type: DataType,
    data: Message | string | Uint8Array,
    options: WriteOptions | undefined,
  ): Promise<void> {
    const { protocol } = this.link
    let isBorrowed = false
    try {
      if (Message.isMessage(data)) protocol.sendMessage(data)
      else isBorrowed = protocol.send(type, data, options)
    } catch (error) {
      return rejected(error)
    }
    return this.#sent(isBorrowed, options)
  }

  #sent(isBorrowed: boolean, options: WriteOptions | undefined): Promise<void> {
    const { link } = this
    link.encoded()
    const sent = this.accept(isBorrowed ? 0 : link.settings.highWaterMark, options, true)
    if (link.settings.strict && sent !== accepted) {
      this.#underWay = callerOf(new Error().stack)
      const over = () => {
        this.#underWay = undefined
      }
      sent.then(over, over)
    }
    return sent
  }

  #refuseConcurrent(): Promise<never> {
    const first = this.lane.holder?.opened ?? this.#underWay
    const message = `concurrent write: ${callerOf(new Error().stack)} while that of ${first} is not done`
    return rejected(new WebSocketError('ERR_WS_CONCURRENT_WRITE', { message }))
  }

  /**
   * Close goes behind the complete messages and does not wait for the open writer, whose message is never finished. Once
   * a part of that was sent, what waits behind it can be sent no more.
   */
  #beforeClose(): void {
    const writer = this.lane.holder
    if (writer === undefined) return
    const error = this.link.closeSentError
    writer.leave(error)
    this.lane.end(error, !writer.hasSent)
  }
}

function within<T extends Op>(op: T | undefined, timeout: number | undefined): T | undefined {
  if (op === undefined && timeout === undefined) return undefined
  const { deadline: _, timeout: __, ...rest } = { ...op } as T
  return (timeout === undefined ? rest : { ...rest, timeout }) as T
}
