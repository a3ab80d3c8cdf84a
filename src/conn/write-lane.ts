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
  /** In their order; nothing waits while no writer is open. */
  #entries: Set<Entry> | undefined
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
    this.#entries ??= new Set()
    this.#entries.add(entry)
    this.bytes += bytes
    // What it will resolve with may be a rejection.
    markHandled(waiter.promise)
    waiter.arm(this.#clock, limit, signal, (error) => {
      this.#remove(entry)
      waiter.reject(error)
      if (!this.#entries?.size) this.#watch()
    })
    if (this.#timer === undefined) this.#watch()
    return waiter.promise
  }

  /** The writer is done: what waits behind it starts, up to the next writer. */
  leave(): void {
    this.#holder = undefined
    if (this.#entries === undefined) return
    for (const entry of this.#entries) {
      const { waiter, until, start } = entry
      this.#remove(entry)
      const left = until === undefined ? undefined : until - this.#clock.now()
      // Its timer is late, and the message can still be left out.
      if (left !== undefined && left < 0) waiter.reject(timedOut())
      else waiter.resolve(start(left))
      if (this.#holder !== undefined) break
    }
    this.#clock.clearTimer(this.#timer)
    this.#watch()
  }

  /** What waits gets no turn; with `complete`, whole messages do, and only writers do not. */
  end(error: unknown, complete: boolean): void {
    this.#reject(error, ({ opens }) => opens || !complete)
    this.leave()
  }

  #remove(entry: Entry): void {
    if (this.#entries?.delete(entry)) this.bytes -= entry.bytes
  }

  #reject(error: unknown, isMeant: (entry: Entry) => boolean): void {
    for (const entry of this.#entries ?? []) {
      if (!isMeant(entry)) continue
      this.#remove(entry)
      entry.waiter.reject(error)
    }
  }

  /** Sets the timer where something waits; else there is none. */
  #watch(): void {
    if (!this.#entries?.size) {
      this.#clock.clearTimer(this.#timer)
      this.#entries = undefined
      this.#timer = undefined
      return
    }
    this.#seen = this.#holder?.progress ?? 0
    const look = () => {
      if (this.#seen === this.#holder?.progress && !this.#host.isSlow) {
        // Whoever has no limit of their own has waited for long enough.
        const message = `the writer in front has done nothing for ${PATIENCE / 1_000} s`
        this.#reject(new WebSocketError('ERR_WS_TIMEOUT', { message }), ({ until }) => until === undefined)
      }
      this.#watch()
    }
    this.#timer = this.#clock.setTimer(look, PATIENCE, true)
  }
}
