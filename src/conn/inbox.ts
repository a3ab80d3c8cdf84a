// Received messages that wait for a reader, or the reader that waits for a message; never both.
// After the end of the connection the messages that are here can still be read, then every read fails alike.

import { WebSocketError } from '../codec/errors.ts'
import type { Message } from '../codec/message.ts'
import type { Clock } from '../codec/ports.ts'
import { markHandled, type Op, rejected, timeLimit, Waiter } from './waiter.ts'

/** What a waiting message costs beside its payload, for the count of bytes read ahead. */
const MESSAGE_COST = 64
/** Read messages at the front of the queue from which on it is made anew, once they are half of it. */
const COMPACT_FROM = 32

/** Reads behind the end that fail at once; each further one takes a turn: a loop that ignores the error starves nobody. */
const HASTY_READS = 1_000

/** Who fills the inbox. */
export interface InboxHost {
  /** A message was taken. */
  taken(): void
}

type Result = IteratorResult<Message, undefined>

function concurrentRead(): WebSocketError {
  return new WebSocketError('ERR_WS_CONCURRENT_READ', {
    message: 'another read of this connection is pending',
  })
}

const done: Result = { done: true, value: undefined }

// The loop's read is the one that every message of a quiet connection passes: its promise is taken apart without a
// closure or an object of its own.
let newResolve: (result: Result) => void
let newReject: (error: unknown) => void

function takeApart(resolve: (result: Result) => void, reject: (error: unknown) => void): void {
  newResolve = resolve
  newReject = reject
}

export class Inbox {
  /** Milliseconds that a read may wait; undefined for no limit. */
  timeout: number | undefined
  /** Time on the clock until which a read may wait; undefined for no limit. */
  deadline: number | undefined
  readonly #clock: Clock
  readonly #host: InboxHost
  /** From `head` on; what was read is cleared, so that it can be let go. */
  #queue: (Message | undefined)[] = []
  #head = 0
  #bytes = 0
  /** The read that waits: a plain one, which may be armed with a time limit, or a loop's. */
  #plain: Waiter<Message> | undefined
  #loop: Promise<Result> | undefined
  #resolveLoop: ((result: Result) => void) | undefined
  #rejectLoop: ((error: unknown) => void) | undefined
  #error: WebSocketError | undefined
  #isClean = false
  /** Reads behind the end that found nothing. */
  #fruitless = 0

  constructor(clock: Clock, host: InboxHost) {
    this.#clock = clock
    this.#host = host
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0
  }

  /** Bytes of the messages that wait, with what keeping them costs. */
  get waitingBytes(): number {
    return this.#bytes
  }

  get hasReader(): boolean {
    return this.#loop !== undefined || this.#plain !== undefined
  }

  /** Why reading has ended; undefined while it has not. */
  get failure(): WebSocketError | undefined {
    return this.#error
  }

  push(message: Message): void {
    if (this.#loop !== undefined) {
      this.#loop = undefined
      this.#resolveLoop?.({ done: false, value: message })
    } else if (this.#plain !== undefined) {
      const plain = this.#plain
      this.#plain = undefined
      plain.resolve(message)
    } else {
      this.#queue.push(message)
      this.#bytes += message.byteLength + MESSAGE_COST
    }
  }

  /**
   * The next message, within the operation's limits and the inbox's own.
   * @throws TypeError, RangeError ERR_WS_ARGUMENT for limits that are none
   */
  read(op: Op | undefined): Promise<Message> {
    const limit = this.#limitOf(op)
    if (op?.signal?.aborted) return rejected(op.signal.reason)
    const message = this.#take()
    if (message !== undefined) return Promise.resolve(message)
    if (this.hasReader) return rejected(concurrentRead())
    if (this.#error !== undefined) return this.#refuse(this.#error)
    const plain = new Waiter<Message>()
    this.#plain = plain
    if (limit !== undefined || op?.signal !== undefined) {
      plain.arm(this.#clock, limit, op?.signal, (error) => {
        // The next read may wait again.
        this.#plain = undefined
        plain.reject(error)
      })
    }
    return plain.promise
  }

  /** As {@link read} for a loop, which ends when the connection was closed in order. */
  next(): Promise<Result> {
    const message = this.#take()
    if (message !== undefined) return Promise.resolve({ done: false, value: message })
    if (this.hasReader) return rejected(concurrentRead())
    if (this.#error !== undefined)
      return this.#isClean ? this.#behindEnd(() => done) : this.#refuse(this.#error)
    if (this.timeout !== undefined || this.deadline !== undefined) {
      const limited = this.#nextWithin()
      markHandled(limited)
      return limited
    }
    this.#loop = new Promise<Result>(takeApart)
    this.#resolveLoop = newResolve
    this.#rejectLoop = newReject
    return this.#loop
  }

  /** The loop is left: its read, should one wait, ends without a message. */
  leaveLoop(): void {
    if (this.#loop === undefined) return
    this.#loop = undefined
    this.#resolveLoop?.(done)
  }

  /**
   * Reading ends behind the messages that are here. The first call counts.
   * @param clean the peer closed in order: loops end instead of throwing
   */
  end(error: WebSocketError, clean: boolean): void {
    if (this.#error !== undefined) return
    const plain = this.#plain
    const loop = this.#loop
    this.#error = error
    this.#isClean = clean
    this.#plain = undefined
    this.#loop = undefined
    plain?.reject(error)
    if (loop === undefined) return
    if (clean) {
      this.#resolveLoop?.(done)
    } else {
      markHandled(loop)
      this.#rejectLoop?.(error)
    }
  }

  #refuse(error: WebSocketError): Promise<never> {
    return this.#behindEnd(() => {
      throw error
    })
  }

  /** Settles a read that found nothing behind the end of the connection. */
  #behindEnd<T>(outcome: () => T): Promise<T> {
    const turn =
      ++this.#fruitless > HASTY_READS
        ? new Promise<void>((resolve) => this.#clock.setTimer(resolve, 0))
        : Promise.resolve()
    const promise = turn.then(outcome)
    markHandled(promise)
    return promise
  }

  /** The oldest waiting message. */
  #take(): Message | undefined {
    const queue = this.#queue
    const message = queue[this.#head]
    if (message === undefined) return undefined
    queue[this.#head++] = undefined
    this.#bytes -= message.byteLength + MESSAGE_COST
    if (this.#head === queue.length) {
      // An idle connection holds no array that a burst once made large.
      this.#queue = []
      this.#head = 0
    } else if (this.#head >= COMPACT_FROM && this.#head * 2 >= queue.length) {
      // A reader that is always a little behind would never see the queue empty.
      this.#queue = queue.slice(this.#head)
      this.#head = 0
    }
    this.#host.taken()
    return message
  }

  /** Milliseconds that a read may wait: the shortest of its own limit and the inbox's. */
  #limitOf(op: Op | undefined): number | undefined {
    const own = timeLimit(op)
    if (this.timeout === undefined && this.deadline === undefined) return own
    const left = this.deadline === undefined ? this.timeout : Math.max(0, this.deadline - this.#clock.now())
    const shared = Math.min(left ?? 0, this.timeout ?? Number.POSITIVE_INFINITY)
    return own === undefined ? shared : Math.min(own, shared)
  }

  /** A loop's read under the inbox's limits. */
  async #nextWithin(): Promise<Result> {
    try {
      return { done: false, value: await this.read(undefined) }
    } catch (error) {
      if (error === this.#error && this.#isClean) return done
      throw error
    }
  }
}
