// For whoever decides about a request: a signal that aborts when the decision does not count any more.
// Made when it is asked for, since most decisions are made at once.

import type { Duplex } from 'node:stream'
import type { DecisionContext } from './options.ts'

/** How a socket tells that the peer has left; of a half-open one the end comes first. */
const ENDS = ['end', 'close'] as const

export class Deciding implements DecisionContext {
  readonly #socket: Duplex
  #controller: AbortController | undefined
  #isLost = false

  constructor(socket: Duplex) {
    this.#socket = socket
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#isLost || this.#socket.destroyed) this.#controller.abort()
      else for (const event of ENDS) this.#socket.once(event, this.lose)
    }
    return this.#controller.signal
  }

  /** It counts no more. */
  readonly lose = (): void => {
    this.#isLost = true
    this.#controller?.abort()
    this.end()
  }

  /** It is made. */
  end(): void {
    for (const event of ENDS) this.#socket.removeListener(event, this.lose)
  }
}
