// The order of data messages on their way out (RFC 6455 §5.4): frames of two messages must not mix.
// While a writer is open, what is to be sent behind it waits here, first in, first out.

import { WebSocketError } from '../codec/errors.ts'
import type { Clock } from '../codec/ports.ts'
import type { MessageWriter } from './message-writer.ts'
import { markHandled, timedOut, Waiter } from './waiter.ts'

/**
 * Milliseconds that a write without a limit of its own waits behind a writer that does nothing: whoever waits for a write
 * behind their own open writer gets an error and no eternity.
 */
export const PATIENCE = 30_000

/** Something to be sent once it is its turn. */
interface Entry {
  readonly waiter: Waiter<unknown>
  /** Payload bytes that are held. */
  readonly bytes: number
  /** Time on the clock until which the whole operation may take; undefined for no limit. */
  readonly until: number | undefined
  /** Opens a writer: no complete message. */
  readonly opens: boolean
  /** Does it. @param limit milliseconds that are left */
  readonly start: (limit: number | undefined) => Promise<unknown>
}

export interface LaneHost {
  /** Whether a write waits for the peer: then a writer that does nothing may be waiting for it. */
  readonly isSlow: boolean
}

export class WriteLane {
  /** Payload bytes of what waits. */
  bytes = 0
  readonly #clock: Clock
  readonly #host: LaneHost
  /** The open writer. */
  #holder: MessageWriter | undefined
  /** Nothing waits while no writer is open. */
  #entries: Entry[] | undefined
  #timer: unknown
  /** What the writer had done when the timer was set. */
  #seen = 0

  constructor(clock: Clock, host: LaneHost) {
    this.#clock = clock
    this.#host = host
  }

  get holder(): MessageWriter | undefined {
    return this.#holder
  }

  /** A writer opens; the lane is free. */
  hold(writer: MessageWriter): void {
    this.#holder = writer
  }

  /** Waits for its turn, then resolves as what `start` returns does. */
  enter<T>(
    bytes: number,
    opens: boolean,
    limit: number | undefined,
    signal: AbortSignal | undefined,
    start: (limit: number | undefined) => Promise<T>,
  ): Promise<T> {
    const waiter = new Waiter<T>()
    const until = limit === undefined ? undefined : this.#clock.now() + limit
    const entry: Entry = { waiter: waiter as Waiter<unknown>, bytes, until, opens, start }
    this.#entries ??= []
    this.#entries.push(entry)
    this.bytes += bytes
    // What it will resolve with may be a rejection.
    markHandled(waiter.promise)
    waiter.arm(this.#clock, limit, signal, (error) => {
      this.#entries = this.#entries?.filter((other) => other !== entry)
      this.bytes -= bytes
      waiter.reject(error)
      if (!this.#entries?.length) this.#forget()
    })
    if (this.#timer === undefined) this.#watch()
    return waiter.promise
  }

  /** The writer is done: what waits behind it starts, up to the next writer. */
  leave(): void {
    this.#holder = undefined
    while (this.#holder === undefined) {
      const entry = this.#entries?.shift()
      if (entry === undefined) break
      this.bytes -= entry.bytes
      entry.waiter.disarm()
      const left = entry.until === undefined ? undefined : entry.until - this.#clock.now()
      // Its timer is late, and the message can still be left out.
      if (left !== undefined && left < 0) entry.waiter.reject(timedOut())
      else entry.waiter.resolve(entry.start(left))
    }
    this.#clock.clearTimer(this.#timer)
    if (this.#entries?.length) this.#watch()
    else this.#forget()
  }

  /** What waits gets no turn; with `complete`, whole messages do, and only writers do not. */
  end(error: unknown, complete: boolean): void {
    const entries = this.#entries ?? []
    this.#entries = complete ? entries.filter(({ opens }) => !opens) : undefined
    for (const { waiter, opens, bytes } of entries) {
      if (complete && !opens) continue
      this.bytes -= bytes
      waiter.reject(error)
    }
    this.leave()
  }

  #forget(): void {
    this.#entries = undefined
    this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
  }

  #watch(): void {
    this.#seen = this.#holder?.progress ?? 0
    this.#timer = this.#clock.setTimer(() => {
      this.#timer = undefined
      if (this.#seen === this.#holder?.progress && !this.#host.isSlow) this.#giveUp()
      if (this.#entries?.length) this.#watch()
    }, PATIENCE)
  }

  /** Whoever has no limit of their own has waited for long enough. */
  #giveUp(): void {
    const message = `the writer in front has done nothing for ${PATIENCE / 1_000} s`
    const entries = this.#entries ?? []
    this.#entries = entries.filter(({ until }) => until !== undefined)
    for (const { waiter, until, bytes } of entries) {
      if (until !== undefined) continue
      this.bytes -= bytes
      waiter.reject(new WebSocketError('ERR_WS_TIMEOUT', { message }))
    }
  }
}
