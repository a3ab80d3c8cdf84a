// The way out of a connection: what was encoded in one turn leaves in one write, and writers wait for a slow peer.
// One write is under way at a time; what is encoded meanwhile leaves with the next, so that a slow peer costs no more writes.

import type { WebSocketError } from '../codec/errors.ts'
import type { ByteTransport, Segment } from '../codec/ports.ts'
import type { Protocol } from '../codec/protocol.ts'
import { Waiter } from './waiter.ts'

/** From so many waiting bytes on the peer counts as not draining. */
const CONGESTED_FROM = 64 * 1024

/** A write of which the transport has not handed over everything yet. */
interface Batch {
  readonly segments: readonly Segment[]
  readonly bytes: number
}

/** Somebody waits until `target` bytes have been handed over since the beginning. */
interface Wait {
  readonly target: number
  readonly waiter: Waiter<void>
}

export class Outbox {
  readonly #protocol: Protocol
  readonly #transport: ByteTransport
  #underWay: Batch | undefined
  /** Bytes handed over since the beginning. */
  #handedOver = 0
  /** By target, the nearest first, from `nextWait` on. */
  #waits: Wait[] = []
  #nextWait = 0
  /** Why nothing more is handed over. */
  #error: WebSocketError | undefined

  constructor(protocol: Protocol, transport: ByteTransport) {
    this.#protocol = protocol
    this.#transport = transport
  }

  /** Bytes accepted and not handed over: encoded, or held by the transport. */
  get bufferedAmount(): number {
    return (this.#underWay === undefined ? 0 : this.#underWay.bytes) + this.#protocol.pendingBytes
  }

  /** Whether somebody waits until bytes are handed over. */
  get isWaitedFor(): boolean {
    return this.#nextWait < this.#waits.length
  }

  /** Why nothing more is handed over; undefined while all is well. */
  get error(): WebSocketError | undefined {
    return this.#error
  }

  /** Hands everything encoded to the transport, in one write; waits with it while a write is under way. */
  flush(): void {
    const bytes = this.#protocol.pendingBytes
    if (bytes === 0) return
    if (this.#underWay !== undefined) {
      this.#protocol.congested = this.bufferedAmount >= CONGESTED_FROM
      return
    }
    const segments = this.#protocol.take()
    let isHandedOver: boolean
    try {
      isHandedOver = this.#transport.write(segments)
    } catch (error) {
      this.#protocol.release(segments)
      throw error
    }
    if (isHandedOver) {
      this.#protocol.release(segments)
      this.#handedOver += bytes
      this.#settle()
    } else {
      this.#underWay = { segments, bytes }
      this.#protocol.isSlow = true
      this.#protocol.congested = bytes >= CONGESTED_FROM
    }
  }

  /** The transport has handed over the write that was under way: the next one leaves. */
  written(): void {
    const underWay = this.#underWay
    if (underWay === undefined) return
    this.#underWay = undefined
    this.#protocol.release(underWay.segments)
    this.#handedOver += underWay.bytes
    // Pongs that waited are encoded before the messages that wait.
    this.#protocol.congested = false
    this.#protocol.isSlow = false
    this.flush()
    this.#settle()
  }

  /**
   * Waits until at most `allowance` of the bytes accepted so far are still here; undefined when that is so already.
   */
  wait(allowance: number): Waiter<void> | undefined {
    const target = this.#handedOver + this.bufferedAmount - allowance
    if (target <= this.#handedOver) return undefined
    const waiter = new Waiter<void>()
    const waits = this.#waits
    // Nearly always the last place: only waits with different allowances come out of order.
    let at = waits.length
    while (at > this.#nextWait && waits[at - 1].target > target) at--
    if (at === waits.length) waits.push({ target, waiter })
    else waits.splice(at, 0, { target, waiter })
    return waiter
  }

  /** Nothing more is handed over: every wait rejects, what is encoded is forgotten. */
  abandon(error: WebSocketError): void {
    this.#error ??= error
    const waits = this.#waits.slice(this.#nextWait)
    this.#waits = []
    this.#nextWait = 0
    for (const { waiter } of waits) waiter.reject(error)
    this.#protocol.release(this.#protocol.take())
  }

  /** The transport is gone and looks at no byte any more: the memory of its write is given back. */
  end(): void {
    if (this.#underWay !== undefined) this.#protocol.release(this.#underWay.segments)
    this.#underWay = undefined
  }

  #settle(): void {
    const waits = this.#waits
    const handedOver = this.#handedOver
    while (this.#nextWait < waits.length && waits[this.#nextWait].target <= handedOver) {
      waits[this.#nextWait++].waiter.resolve()
    }
    if (this.#nextWait > 0 && this.#nextWait * 2 >= waits.length) {
      this.#waits = waits.slice(this.#nextWait)
      this.#nextWait = 0
    }
  }
}
