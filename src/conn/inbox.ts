// Received messages that wait for a reader, or the reader that waits for a message; never both.
// After the end of the connection the messages that are here can still be read, then every read fails alike.

import { WebSocketError } from '../codec/errors.ts'
import type { Message } from '../codec/message.ts'
import { markHandled, rejected, Waiter } from './waiter.ts'

/** What a waiting message costs beside its payload, for the count of bytes read ahead. */
const MESSAGE_COST = 64

/** Read messages at the front of the queue from which on it is made anew, once they are half of it. */
const COMPACT_FROM = 32

type Result = IteratorResult<Message, undefined>

// The loop's read is the one that every message of a quiet connection passes: its promise is taken apart without a
// closure or an object of its own.
let newResolve: (result: Result) => void
let newReject: (error: unknown) => void

function takeApart(resolve: (result: Result) => void, reject: (error: unknown) => void): void {
  newResolve = resolve
  newReject = reject
}

export class Inbox {
  /** From `next` on; what was read is cleared, so that it can be let go. */
  private queue: (Message | undefined)[] = []
  private next = 0
  private bytes = 0
  /** The read that waits: a plain one, which may be armed with a time limit, or a loop's. */
  private plain: Waiter<Message> | undefined
  private loop: Promise<Result> | undefined
  private resolveLoop: ((result: Result) => void) | undefined
  private rejectLoop: ((error: unknown) => void) | undefined
  private error: WebSocketError | undefined
  private isClean = false

  get isEmpty(): boolean {
    return this.queue.length === 0
  }

  /** Bytes of the messages that wait, with what keeping them costs. */
  get waitingBytes(): number {
    return this.bytes
  }

  get hasReader(): boolean {
    return this.loop !== undefined || this.plain !== undefined
  }

  /** Why reading has ended; undefined while it has not. */
  get failure(): WebSocketError | undefined {
    return this.error
  }

  push(message: Message): void {
    if (this.loop !== undefined) {
      this.loop = undefined
      this.resolveLoop?.({ done: false, value: message })
    } else if (this.plain !== undefined) {
      const { plain } = this
      this.plain = undefined
      plain.resolve(message)
    } else {
      this.queue.push(message)
      this.bytes += message.byteLength + MESSAGE_COST
    }
  }

  /** The oldest waiting message. */
  take(): Message | undefined {
    const { queue } = this
    const message = queue[this.next]
    if (message === undefined) return undefined
    queue[this.next++] = undefined
    this.bytes -= message.byteLength + MESSAGE_COST
    if (this.next === queue.length) {
      // An idle connection holds no array that a burst once made large.
      this.queue = []
      this.next = 0
    } else if (this.next >= COMPACT_FROM && this.next * 2 >= queue.length) {
      // A reader that is always a little behind would never see the queue empty.
      this.queue = queue.slice(this.next)
      this.next = 0
    }
    return message
  }

  /** The next message of a loop, which ends when the connection was closed in order; only when none waits. */
  waitInLoop(): Promise<Result> {
    if (this.hasReader) return rejected(new WebSocketError('ERR_WS_CONCURRENT_READ'))
    if (this.error !== undefined) {
      return this.isClean ? Promise.resolve({ done: true, value: undefined }) : rejected(this.error)
    }
    this.loop = new Promise<Result>(takeApart)
    this.resolveLoop = newResolve
    this.rejectLoop = newReject
    return this.loop
  }

  /** The loop is left: its read, should one wait, ends without a message. */
  leaveLoop(): void {
    if (this.loop === undefined) return
    this.loop = undefined
    this.resolveLoop?.({ done: true, value: undefined })
  }

  /** The next message; only when none waits. The waiter is returned to be armed, or the error that forbids it. */
  wait(): Waiter<Message> | WebSocketError {
    if (this.hasReader) return new WebSocketError('ERR_WS_CONCURRENT_READ')
    if (this.error !== undefined) return this.error
    this.plain = new Waiter<Message>()
    return this.plain
  }

  /** The waiting plain read gives up; the next one may wait again. */
  abandon(error: unknown): void {
    const { plain } = this
    this.plain = undefined
    plain?.reject(error)
  }

  /**
   * Reading ends behind the messages that are here. The first call counts.
   * @param clean the peer closed in order: loops end instead of throwing
   */
  end(error: WebSocketError, clean: boolean): void {
    if (this.error !== undefined) return
    this.error = error
    this.isClean = clean
    this.abandon(error)
    const { loop } = this
    this.loop = undefined
    if (loop === undefined) return
    if (clean) {
      this.resolveLoop?.({ done: true, value: undefined })
    } else {
      markHandled(loop)
      this.rejectLoop?.(error)
    }
  }
}
