// Pings of ours that wait for their pong (RFC 6455 §5.5.3): a pong settles its ping and every older one.
// A ping without data of its own carries a counter, so that pongs can be told apart.

import type { Waiter } from './waiter.ts'

interface Sent {
  readonly data: Uint8Array
  readonly at: number
  readonly waiter: Waiter<number>
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

export class Pings {
  #sent: Sent[] = []
  #count = 0

  /** Data for a ping that has none: four bytes that no waiting ping has. */
  nextData(): Uint8Array {
    const count = ++this.#count
    return new Uint8Array([count >>> 24, count >>> 16, count >>> 8, count])
  }

  get isEmpty(): boolean {
    return this.#sent.length === 0
  }

  /** @param at when it was sent, on the connection's clock */
  add(data: Uint8Array, at: number, waiter: Waiter<number>): void {
    this.#sent.push({ data: new Uint8Array(data), at, waiter })
  }

  /** A pong came at time `now`. */
  pong(data: Uint8Array, now: number): void {
    const index = this.#sent.findIndex((ping) => equal(ping.data, data))
    for (const { at, waiter } of this.#sent.splice(0, index + 1)) waiter.resolve(now - at)
  }

  /** One ping gives up. */
  abandon(waiter: Waiter<number>, error: unknown): void {
    this.#sent = this.#sent.filter((ping) => ping.waiter !== waiter)
    waiter.reject(error)
  }

  end(error: unknown): void {
    for (const { waiter } of this.#sent.splice(0)) waiter.reject(error)
  }
}
