// Push mode: a function of the application's that gets every message as it comes, without a promise for any.
// When it returns a promise, messages of later reads wait for that: so the peer waits too.

import { BinaryMessage } from '../codec/constants.ts'
import { type Message, UNCHECKED } from '../codec/message.ts'
import { accepted, isThenable } from './waiter.ts'

/** Whose messages they are. */
export interface SinkHost {
  /** The function threw, or its promise was rejected; whether it is to get nothing more. */
  sinkFailed(error: unknown): boolean
  /** What the function returned has settled: messages that had to wait may come. */
  sinkReady(sink: Sink): void
}

function ignore(): void {}

export class Sink {
  /** The function wants its messages lent. */
  readonly borrows: boolean
  /** Promises of the function that are pending. */
  held = 0
  /** Reads of the transport have ended since one of them was made: the messages of later ones wait for it. */
  putsOff = false
  #fn: (message: Message) => unknown
  readonly #host: SinkHost

  constructor(fn: (message: Message) => unknown, borrows: boolean, host: SinkHost) {
    this.#fn = fn
    this.borrows = borrows
    this.#host = host
  }

  /** @param isLent the decoder takes the message back */
  deliver(message: Message, isLent: boolean): void {
    const { borrows } = this
    try {
      const result = this.#fn(isLent && !borrows ? message.copy() : message)
      if (result !== undefined && result !== accepted && isThenable(result)) this.#hold(result)
    } catch (error) {
      this.#fail(error)
    }
    // One that had to wait is not the decoder's to take back.
    if (borrows && !isLent) message.lend(BinaryMessage, undefined, 0, 0, UNCHECKED)
  }

  #fail(error: unknown): void {
    if (this.#host.sinkFailed(error)) this.#fn = ignore
  }

  #hold(promise: PromiseLike<unknown>): void {
    this.held++
    const release = () => {
      if (--this.held > 0) return
      this.putsOff = false
      this.#host.sinkReady(this)
    }
    Promise.resolve(promise).then(release, (error) => {
      this.#fail(error)
      release()
    })
  }
}
