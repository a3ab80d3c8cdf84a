// The way out of a connection: what was encoded in one turn leaves in one write, and writers wait for a slow peer.
// Counts bytes twice, as accepted and as handed over; every wait is for the second count to reach some value.

import type { WebSocketError } from '../codec/errors.ts'
import type { ByteTransport, Segment } from '../codec/ports.ts'
import type { Protocol } from '../codec/protocol.ts'
import { Waiter } from './waiter.ts'

/** From so many bytes on that the transport holds the peer counts as not draining. */
const CONGESTED_FROM = 64 * 1024

interface Batch {
  readonly segments: readonly Segment[]
  readonly bytes: number
}

interface Wait {
  readonly target: number
  readonly waiter: Waiter<void>
}

export class Outbox {
  private readonly protocol: Protocol
  private readonly transport: ByteTransport
  /** Writes that the transport has not handed over yet, oldest first. */
  private inFlight: Batch[] = []
  private inFlightBytes = 0
  /** Bytes handed over since the beginning. */
  private handedOver = 0
  private waits: Wait[] = []

  constructor(protocol: Protocol, transport: ByteTransport) {
    this.protocol = protocol
    this.transport = transport
  }

  /** Bytes accepted and not handed over: encoded, or held by the transport. */
  get bufferedAmount(): number {
    return this.inFlightBytes + this.protocol.pendingBytes
  }

  /** Hands everything encoded to the transport, in one write. */
  flush(): void {
    const bytes = this.protocol.pendingBytes
    if (bytes === 0) return
    const segments = this.protocol.take()
    if (this.transport.write(segments)) {
      this.protocol.release(segments)
      this.handedOver += bytes
      this.settle()
    } else {
      this.inFlight.push({ segments, bytes })
      this.inFlightBytes += bytes
      this.protocol.congested = this.inFlightBytes >= CONGESTED_FROM
    }
  }

  /** The transport has handed over its oldest write. */
  written(): void {
    const batch = this.inFlight.shift()
    if (batch === undefined) return
    this.protocol.release(batch.segments)
    this.inFlightBytes -= batch.bytes
    this.handedOver += batch.bytes
    if (this.inFlightBytes < CONGESTED_FROM) this.protocol.congested = false
    this.settle()
  }

  /**
   * Waits until at most `allowance` of the bytes accepted so far are still here; undefined when that is so already.
   */
  wait(allowance: number): Waiter<void> | undefined {
    const target = this.handedOver + this.bufferedAmount - allowance
    if (target <= this.handedOver) return undefined
    const waiter = new Waiter<void>()
    this.waits.push({ target, waiter })
    return waiter
  }

  /** Nothing more is handed over: every wait rejects, what is encoded is forgotten. */
  abandon(error: WebSocketError): void {
    const { waits } = this
    this.waits = []
    for (const { waiter } of waits) waiter.reject(error)
    this.protocol.release(this.protocol.take())
  }

  /** The transport is gone and looks at no byte any more: the memory of its writes is given back. */
  end(): void {
    const { inFlight } = this
    this.inFlight = []
    this.inFlightBytes = 0
    for (const { segments } of inFlight) this.protocol.release(segments)
  }

  private settle(): void {
    if (this.waits.length === 0) return
    const { waits, handedOver } = this
    this.waits = waits.filter(({ target }) => target > handedOver)
    for (const { target, waiter } of waits) if (target <= handedOver) waiter.resolve()
  }
}
