// Finds a dead peer (RFC 6455 §5.5.2): a ping every interval, and any byte within the timeout behind it proves life.
// Only time in which the transport was being read counts; a late timer looks once more before it judges.

import type { Clock } from '../codec/ports.ts'

/** How a dead peer is found: a ping now and then, and any byte behind it proves life (RFC 6455 §5.5.2). */
export interface KeepAliveOptions {
  /** Milliseconds between two pings, 1 to 2^31-1. Time in which reading is paused does not count. */
  readonly interval: number
  /** Milliseconds that the peer may stay silent behind a ping, 1 to 2^31-1. Then: ERR_WS_PEER_SILENT. */
  readonly timeout: number
}

/** Whose peer is watched. */
export interface KeepAliveHost {
  /** Sends a ping. */
  probe(): void
  /** The peer is dead; called once. */
  silent(): void
}

/** After the timeout, bytes that already arrived get one more round of the event loop to be read. */
const SECOND_LOOK = 20

export class KeepAlive {
  readonly #clock: Clock
  readonly #options: KeepAliveOptions
  readonly #host: KeepAliveHost
  #timer: unknown
  #heard = false

  constructor(clock: Clock, options: KeepAliveOptions, host: KeepAliveHost) {
    this.#clock = clock
    this.#options = options
    this.#host = host
    this.resume()
  }

  /** Bytes arrived. */
  alive(): void {
    this.#heard = true
  }

  /** Reading goes on; a new interval begins. */
  resume(): void {
    this.#after(this.#options.interval, this.#probe)
  }

  /** Reading stops, or the connection closes: no time counts. */
  stop(): void {
    this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
  }

  #after(ms: number, task: () => void): void {
    this.#clock.clearTimer(this.#timer)
    this.#timer = this.#clock.setTimer(task, ms)
  }

  readonly #probe = (): void => {
    this.#heard = false
    this.#host.probe()
    this.#after(this.#options.timeout, this.#judge)
  }

  readonly #judge = (): void => {
    if (!this.#heard) this.#after(SECOND_LOOK, this.#judgeAgain)
    else if (this.#options.timeout >= this.#options.interval) this.#probe()
    else this.#after(this.#options.interval - this.#options.timeout, this.#probe)
  }

  readonly #judgeAgain = (): void => {
    if (this.#heard) this.#judge()
    else this.#host.silent()
  }
}
