// Received messages that wait for a reader, or the read that waits for a message; never both. Or a sink that gets them all.
// After the end of the connection the messages that are here can still be read, then every read fails alike.

import type { DataType } from '../codec/constants.ts'
import { WebSocketError } from '../codec/errors.ts'
import type { Message } from '../codec/message.ts'
import type { Clock } from '../codec/ports.ts'
import { MessageQueue } from './message-queue.ts'
import { MessageReader, type PieceSource } from './message-reader.ts'
import { Sink, type SinkHost } from './sink.ts'
import { markHandled, type Op, rejected, timedOut, timeLimit, Waiter } from './waiter.ts'

/** Reads behind the end that fail at once; each further one takes a turn: a loop that ignores the error starves nobody. */
const HASTY_READS = 1_000

/** Who fills the inbox. */
export interface InboxHost {
  /** Something was taken, or a read waits: an empty inbox is filled again. */
  taken(): void
  /** Type of the message that has begun to arrive and is not complete; 0 between messages. */
  readonly partType: DataType | 0
  /** Bytes that have come of it and were not taken. */
  readonly partLength: number
  /** Takes them. */
  takePart(): Uint8Array
  /** The sink threw, or what it returned rejects; whether it is to get nothing more. */
  sinkFailed(error: unknown): boolean
}

type Result<T> = IteratorResult<T, undefined>

function concurrentRead(): WebSocketError {
  return new WebSocketError('ERR_WS_CONCURRENT_READ', {
    message: 'another read of this connection is pending',
  })
}

const done: Result<never> = { done: true, value: undefined }

// The loop's read is the one that every message of a quiet connection passes: its promise is taken apart without a
// closure or an object of its own.
let newResolve: (result: Result<Message>) => void
let newReject: (error: unknown) => void

function takeApart(resolve: (result: Result<Message>) => void, reject: (error: unknown) => void): void {
  newResolve = resolve
  newReject = reject
}

/** What a read that waits is for: a message, a batch of them, a reader of one, a piece of the one that is being read. */
type Want = 'message' | 'batch' | 'reader' | 'piece'

export class Inbox implements PieceSource, SinkHost {
  /** Milliseconds that any read may wait, and the time on the clock until which it may; undefined for no limit. */
  #timeout: number | undefined
  #deadline: number | undefined
  /** Set while a read waits under these limits. */
  #limitTimer: unknown
  readonly #clock: Clock
  readonly #host: InboxHost
  readonly #queue = new MessageQueue()
  /** The read that waits: a loop's, or any other, which may be armed with limits of its own. */
  #loop: Promise<Result<Message>> | undefined
  #resolveLoop: ((result: Result<Message>) => void) | undefined
  #rejectLoop: ((error: unknown) => void) | undefined
  #waiter: Waiter<unknown> | undefined
  #want: Want = 'message'
  /** The reader that the application has, and whether its message is still arriving. */
  #reader: MessageReader | undefined
  #isArriving = false
  /** Messages have been read by their pieces: even a single one is not gathered whole before it is asked for. */
  #streams = false
  #sink: Sink | undefined
  /**
   * A read of the transport is being gone through, and its messages are lent or not. What has come of a message at its
   * end is no business of those who ask now: messages before it are still to be brought.
   */
  isFilling = false
  isLending = false
  /** What is not awaited when it comes is dropped: the error of the reads that would have got it. */
  dropsWith: WebSocketError | undefined
  #error: WebSocketError | undefined
  #isClean = false
  /** Reads behind the end that found nothing. */
  #fruitless = 0

  constructor(clock: Clock, host: InboxHost) {
    this.#clock = clock
    this.#host = host
  }

  get isEmpty(): boolean {
    return this.#queue.isEmpty
  }

  /** Whether so much waits for the application that the peer should wait too. */
  isFull(allowance: number): boolean {
    if (this.#isAwaited) return false
    if (this.#queue.isEmpty && (!this.#streams || this.#sink !== undefined)) return false
    return this.#queue.bytes + this.#host.partLength >= allowance
  }

  /** Whether messages are best lent: whoever gets them wants no more. */
  get borrows(): boolean {
    return this.#sink?.borrows ?? false
  }

  get #isAwaited(): boolean {
    return this.#waiter !== undefined || this.#loop !== undefined
  }

  /** Why reading has ended; undefined while it has not. */
  get failure(): WebSocketError | undefined {
    return this.#error
  }

  // ── What the link brings ─────────────────────────────────────────────────────────────────────────────────

  push(message: Message): void {
    if (this.#isArriving) {
      // The rest of the message that is being read by its pieces, or skipped.
      this.#isArriving = false
      this.#reader?.finish(message)
    } else if (this.#sink !== undefined && this.#queue.isEmpty && !this.#sink.putsOff) {
      this.#sink.deliver(message, this.isLending)
    } else if (this.#loop !== undefined) {
      this.#over()
      this.#resolveLoop?.({ done: false, value: this.#owned(message) })
    } else if (this.#waiter !== undefined && this.#want === 'message') {
      this.#settle(this.#owned(message))
    } else if (this.#waiter !== undefined && this.#want === 'reader') {
      this.#settle(this.#newReader(message.type, message))
    } else if (
      this.dropsWith === undefined ||
      this.#sink !== undefined ||
      (this.#waiter !== undefined && this.#want === 'batch')
    ) {
      this.#queue.push(this.#owned(message))
    }
  }

  #owned(message: Message): Message {
    return this.isLending ? message.copy() : message
  }

  /** Behind the messages of one read of the transport: what waits for anything else than a whole message may get it. */
  endOfRead(): void {
    this.isFilling = false
    if (this.#sink !== undefined) this.#sink.putsOff = this.#sink.held > 0
    if (this.#isArriving) {
      if (this.dropsWith !== undefined && this.#waiter === undefined) {
        this.#reader?.leave(this.dropsWith)
        this.#reader = undefined
      }
      if (this.#reader === undefined) this.#host.takePart()
    }
    if (this.#waiter !== undefined) this.#serve()
  }

  #serve(): void {
    switch (this.#want) {
      case 'batch':
        if (!this.#queue.isEmpty) this.#settle({ done: false, value: this.#takeAll() })
        break
      case 'reader':
        if (this.#canStart) this.#settle(this.#startReader())
        break
      case 'piece':
        // The reader takes it itself.
        if (!this.#isArriving || this.#host.partLength > 0) this.#settle(true)
    }
    const waiter = this.#waiter
    const error = this.#error
    if (waiter === undefined || error === undefined) return
    if (this.#isClean && this.#want === 'batch') {
      this.#settle(done)
    } else {
      this.#over()
      waiter.reject(error)
    }
  }

  /**
   * Reading ends behind the messages that are here, and, but for a fault, what came of one that will not be complete. The
   * first call counts.
   * @param clean the peer closed in order: loops end instead of throwing
   */
  end(error: WebSocketError, clean: boolean): void {
    if (this.#error !== undefined) return
    this.#error = error
    this.#isClean = clean
    if (!this.isFilling) this.#serve()
    const loop = this.#loop
    if (loop === undefined) return
    this.#over()
    if (clean) {
      this.#resolveLoop?.(done)
    } else {
      markHandled(loop)
      this.#rejectLoop?.(error)
    }
  }

  // ── What the application asks for ────────────────────────────────────────────────────────────────────────

  /**
   * The next message, within the operation's limits and the inbox's own.
   * @throws TypeError, RangeError ERR_WS_ARGUMENT for limits that are none
   */
  read(op: Op | undefined): Promise<Message> {
    const limit = timeLimit(op)
    if (op?.signal?.aborted) return rejected(op.signal.reason)
    const message = this.#next()
    if (message !== undefined) return Promise.resolve(message)
    return this.#cannotWait() ?? this.#wait('message', limit, op?.signal)
  }

  /** A reader of the next message, which may still be arriving; else as {@link read}. */
  nextReader(op: Op | undefined): Promise<MessageReader> {
    const limit = timeLimit(op)
    if (op?.signal?.aborted) return rejected(op.signal.reason)
    const message = this.#next()
    this.#streams = true
    if (message !== undefined) return Promise.resolve(this.#newReader(message.type, message))
    if (this.#canStart && !this.#isAwaited && this.#sink === undefined)
      return Promise.resolve(this.#startReader())
    return this.#cannotWait() ?? this.#wait('reader', limit, op?.signal)
  }

  /** As {@link read} for a loop, which ends when the connection was closed in order. */
  next(): Promise<Result<Message>> {
    const message = this.#next()
    if (message !== undefined) return Promise.resolve({ done: false, value: message })
    if (this.#isClean && !this.#isAwaited) return this.#behindEnd(() => done)
    const refused = this.#cannotWait()
    if (refused !== undefined) return refused
    this.#loop = new Promise<Result<Message>>(takeApart)
    this.#resolveLoop = newResolve
    this.#rejectLoop = newReject
    this.#limitWait()
    this.#host.taken()
    return this.#loop
  }

  /** As {@link next}, for all messages that are here. */
  nextBatch(op: Op | undefined): Promise<Result<readonly Message[]>> {
    const limit = timeLimit(op)
    if (op?.signal?.aborted) return rejected(op.signal.reason)
    if (!this.#isAwaited && this.#sink === undefined) {
      if (this.#reader !== undefined) this.#skipRest()
      if (!this.#queue.isEmpty) return Promise.resolve({ done: false, value: this.#takeAll() })
    }
    if (this.#isClean && !this.#isAwaited) return this.#behindEnd(() => done)
    return this.#cannotWait() ?? this.#wait('batch', limit, op?.signal)
  }

  /** The loop is left: its read, should one wait, ends without a message. */
  leaveLoop(): void {
    if (this.#waiter !== undefined && this.#want === 'batch') this.#settle(done)
    if (this.#loop === undefined) return
    this.#over()
    this.#resolveLoop?.(done)
  }

  /** From now on `fn` gets the messages; undefined: they wait to be read again. */
  setSink(fn: ((message: Message) => unknown) | undefined, borrows: boolean): void {
    if (fn === undefined && this.#sink === undefined) return
    if (fn !== undefined && this.#isAwaited) throw concurrentRead()
    this.#skipRest()
    // What the one before has not done with is nothing that the new one waits for.
    this.#sink = fn && new Sink(fn, borrows, this)
    this.#host.taken()
    // Not at once: the caller may not be ready for them in the middle of its own call.
    if (!this.#queue.isEmpty) Promise.resolve().then(() => this.#drain())
  }

  takePiece(): Uint8Array | undefined {
    if (this.isFilling) return undefined
    const piece = this.#host.takePart()
    if (piece.length === 0) return undefined
    this.#host.taken()
    return piece
  }

  waitForPiece(op: Op | undefined): Promise<boolean> {
    const limit = timeLimit(op)
    return this.#cannotWait() ?? this.#wait('piece', limit, op?.signal)
  }

  leavePiece(): void {
    if (this.#waiter !== undefined && this.#want === 'piece') this.#settle(false)
  }

  // ── Waiting ──────────────────────────────────────────────────────────────────────────────────────────────

  /** Why a read that found nothing cannot wait. */
  #cannotWait(): Promise<never> | undefined {
    if (this.#isAwaited || this.#sink !== undefined) return rejected(concurrentRead())
    const error = this.#error
    if (error === undefined) return undefined
    return this.#behindEnd(() => {
      throw error
    })
  }

  #wait<T>(want: Want, limit: number | undefined, signal: AbortSignal | undefined): Promise<T> {
    const waiter = new Waiter<T>()
    this.#waiter = waiter as Waiter<unknown>
    this.#want = want
    if (limit !== undefined || signal !== undefined) {
      waiter.arm(this.#clock, limit, signal, (error) => {
        // The next read may wait again.
        this.#over()
        waiter.reject(error)
      })
    }
    this.#limitWait()
    this.#host.taken()
    return waiter.promise
  }

  #settle(value: unknown): void {
    const waiter = this.#waiter
    this.#over()
    waiter?.resolve(value)
  }

  /** Nobody waits any more. */
  #over(): void {
    this.#loop = undefined
    this.#waiter = undefined
    if (this.#limitTimer === undefined) return
    this.#clock.clearTimer(this.#limitTimer)
    this.#limitTimer = undefined
  }

  /** Sets how long any read may wait: those that begin, and from now on the one that waits. */
  setTimeout(ms: number | undefined): void {
    this.#timeout = ms
    this.#limitWait()
  }

  /** Sets until when, on the clock, any read may wait, the one that waits included. */
  setDeadline(at: number | undefined): void {
    this.#deadline = at
    this.#limitWait()
  }

  /** The read that waits gets the limits of all reads, as they are now. */
  #limitWait(): void {
    const timeout = this.#timeout
    const deadline = this.#deadline
    if (this.#limitTimer !== undefined) this.#clock.clearTimer(this.#limitTimer)
    this.#limitTimer = undefined
    if ((timeout === undefined && deadline === undefined) || !this.#isAwaited) return
    const left = deadline === undefined ? Number.POSITIVE_INFINITY : Math.max(0, deadline - this.#clock.now())
    const expire = () => {
      const waiter = this.#waiter
      const loop = this.#loop
      this.#over()
      waiter?.reject(timedOut())
      if (loop === undefined) return
      markHandled(loop)
      this.#rejectLoop?.(timedOut())
    }
    this.#limitTimer = this.#clock.setTimer(expire, Math.min(left, timeout ?? left), true)
  }

  /** Settles a read that found nothing behind the end of the connection. */
  #behindEnd<T>(outcome: () => T): Promise<T> {
    const turn =
      ++this.#fruitless > HASTY_READS
        ? new Promise<void>((resolve) => this.#clock.setTimer(resolve, 0, true))
        : Promise.resolve()
    const promise = turn.then(outcome)
    markHandled(promise)
    return promise
  }

  // ── The queue ────────────────────────────────────────────────────────────────────────────────────────────

  /** The oldest waiting message, for a new read: one that is being read by its pieces is left. */
  #next(): Message | undefined {
    if (this.#isAwaited || this.#sink !== undefined) return undefined
    if (this.#reader !== undefined) this.#skipRest()
    return this.#take()
  }

  #take(): Message | undefined {
    const message = this.#queue.take()
    if (message !== undefined) this.#host.taken()
    return message
  }

  #takeAll(): readonly Message[] {
    const all = this.#queue.takeAll()
    this.#host.taken()
    return all
  }

  // ── A message by its pieces ──────────────────────────────────────────────────────────────────────────────

  /** A message has begun to arrive, and nobody reads it yet. */
  get #canStart(): boolean {
    const isThere = !this.isFilling && (this.#error === undefined || this.#host.partLength > 0)
    return isThere && !this.#isArriving && this.#queue.isEmpty && this.#host.partType !== 0
  }

  #newReader(type: DataType, from: Message | PieceSource): MessageReader {
    this.#reader = new MessageReader(type, from)
    return this.#reader
  }

  #startReader(): MessageReader {
    this.#isArriving = true
    return this.#newReader(this.#host.partType as DataType, this)
  }

  #skipRest(): void {
    this.#reader?.leave()
    this.#reader = undefined
    if (this.#isArriving && !this.isFilling) this.#host.takePart()
  }

  // ── A sink ───────────────────────────────────────────────────────────────────────────────────────────────

  sinkFailed(error: unknown): boolean {
    return this.#host.sinkFailed(error)
  }

  sinkReady(sink: Sink): void {
    if (sink !== this.#sink) return
    this.#drain()
    this.#host.taken()
  }

  #drain(): void {
    for (let sink = this.#sink; sink !== undefined && sink.held === 0; sink = this.#sink) {
      const message = this.#take()
      if (message === undefined) return
      sink.deliver(message, false)
      sink.putsOff = sink.held > 0
    }
  }
}
