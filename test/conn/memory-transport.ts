// A byte transport in memory: what it takes, holds back, delivers and breaks, and when, is the test's to say.
// It notes every call that no transport should be asked for, and gives bytes away in the middle of larger buffers.

import type { ByteReceiver, ByteTransport, Segment } from '../../src/codec/ports.ts'
import { join } from '../fuzz/frames.ts'

const CANARY = 0xc5

/** What may go wrong with a transport. */
export type FaultKind = 'error' | 'close' | 'end' | 'stall'

/** The operation number `at`, counted from 1, goes wrong. */
export interface Fault {
  readonly kind: FaultKind
  readonly at: number
}

export class MemoryTransport implements ByteTransport {
  /** Stands for the runtime's object. */
  readonly raw = { is: 'memory' }
  /** What was handed over, one entry for each write. */
  readonly writes: Uint8Array[] = []
  /** Calls in their order: write, pause, resume, end, destroy. */
  readonly calls: string[] = []
  /** Calls that break the contract. */
  readonly misuse: string[] = []
  /** Writes are held back until {@solo handOver}. */
  holds = false
  /** The end of the transport is told only by {@solo gone}. */
  holdsClose = false
  isPaused = false
  isEnded = false
  isDestroyed = false
  isGone = false
  /** An error is on its way to the connection, which does not know yet. */
  isBroken = false
  /** Of a pair: the other end, which gets what is handed over. */
  peer: MemoryTransport | undefined
  fault: Fault | undefined
  operations = 0

  private receiver!: ByteReceiver
  private held: (readonly Segment[])[] = []
  private inbound: Uint8Array[] = []
  private inboundEnds = false
  private inboundEnded = false

  // ── What the connection calls ────────────────────────────────────────────────────────────────────────────

  start(receiver: ByteReceiver): void {
    if (this.receiver !== undefined) this.misuse.push('start twice')
    this.receiver = receiver
  }

  write(segments: readonly Segment[]): boolean {
    if (this.isEnded) this.misuse.push('write behind end')
    if (this.isDestroyed) this.misuse.push('write behind destroy')
    if (segments.length === 0) this.misuse.push('write of nothing')
    if (segments.some(({ start, end }) => start > end))
      this.misuse.push('write of a segment of less than nothing')
    this.calls.push('write')
    if (this.goesWrong()) return false
    // As a socket does whose error is known below and not told yet.
    if (this.isBroken) return false
    if (this.holds || this.held.length > 0) {
      this.held.push(segments)
      return false
    }
    this.hand(segments)
    return true
  }

  pause(): void {
    this.calls.push('pause')
    this.isPaused = true
    this.goesWrong()
  }

  resume(): void {
    this.calls.push('resume')
    this.isPaused = false
    if (!this.goesWrong()) queueMicrotask(() => this.deliver())
  }

  end(): void {
    if (this.isEnded) return
    this.calls.push('end')
    this.isEnded = true
    if (!this.goesWrong() && this.held.length === 0) this.endReachesPeer()
  }

  destroy(): void {
    if (this.isDestroyed) return
    this.calls.push('destroy')
    this.isDestroyed = true
    if (this.peer !== undefined) this.peer.inboundEnds = true
    if (!this.holdsClose) queueMicrotask(() => this.gone())
  }

  // ── What the test does ───────────────────────────────────────────────────────────────────────────────────

  /** Everything handed over so far. */
  get written(): Uint8Array {
    return join(this.writes)
  }

  /** What the transport holds back, as its memory is now. */
  get heldBytes(): Uint8Array {
    return join(this.held.flat().map(({ bytes, start, end }) => bytes.subarray(start, end)))
  }

  get heldCount(): number {
    return this.held.length
  }

  /** Hands over the oldest writes that are held back, and those that this causes. */
  handOver(count = Number.POSITIVE_INFINITY): void {
    for (let i = 0; i < count && this.held.length > 0; i++) {
      this.hand(this.held.shift()!)
      this.receiver.onWritten()
    }
    if (this.isEnded && this.held.length === 0) this.endReachesPeer()
  }

  /** Bytes come from the peer; they wait while the transport is paused. */
  receive(bytes: Uint8Array): void {
    this.inbound.push(bytes)
    this.deliver()
  }

  /** The peer ends its direction. */
  receiveEnd(): void {
    this.inboundEnds = true
    this.deliver()
  }

  /** Bytes come in a buffer that the transport will use again. */
  receiveReusable(bytes: Uint8Array): void {
    const around = surround(bytes)
    this.receiver.onBytes(around, 3, 3 + bytes.length, false)
    if (!same(around.subarray(3, 3 + bytes.length), bytes)) this.misuse.push('a reusable buffer was changed')
    around.fill(CANARY)
  }

  /** Delivers what has come; whether there was anything. */
  deliver(): boolean {
    let any = false
    while (this.delivers && this.inbound.length > 0) {
      any = true
      if (this.goesWrong()) return true
      const bytes = this.inbound.shift()
      if (bytes === undefined) break
      const around = surround(bytes)
      this.receiver.onBytes(around, 3, 3 + bytes.length, true)
      if (around.subarray(0, 3).some((byte) => byte !== CANARY) || around.at(-1) !== CANARY)
        this.misuse.push('bytes around were changed')
    }
    if (this.inboundEnds && !this.inboundEnded && this.delivers) {
      any = true
      if (this.goesWrong()) return true
      this.inboundEnded = true
      this.receiver.onEnd()
    }
    if (this.inboundEnded && this.isEnded && this.held.length === 0 && !this.isDestroyed) this.destroy()
    return any
  }

  /** The transport is gone, with or without an error. */
  gone(error?: Error): void {
    if (this.isGone) return
    this.isGone = true
    this.isDestroyed = true
    this.held = []
    this.inbound = []
    if (this.peer !== undefined) this.peer.inboundEnds = true
    this.receiver.onClose(error)
  }

  private get delivers(): boolean {
    return !this.isPaused && !this.isBroken && !this.isDestroyed
  }

  private hand(segments: readonly Segment[]): void {
    const bytes = join(segments.map(({ bytes, start, end }) => bytes.subarray(start, end)))
    this.writes.push(bytes)
    this.peer?.inbound.push(bytes)
  }

  private endReachesPeer(): void {
    if (this.peer !== undefined) this.peer.inboundEnds = true
    if (this.inboundEnded && !this.isDestroyed) this.destroy()
  }

  /** Counts an operation; whether it is the one that goes wrong and has no effect. */
  private goesWrong(): boolean {
    const { fault } = this
    if (++this.operations !== fault?.at) return false
    switch (fault.kind) {
      case 'error':
        this.isBroken = true
        queueMicrotask(() => this.gone(new Error('connection reset')))
        return true
      case 'close':
        this.isBroken = true
        queueMicrotask(() => this.gone())
        return true
      case 'end':
        this.inbound = []
        this.inboundEnds = true
        queueMicrotask(() => this.deliver())
        return false
      case 'stall':
        this.holds = true
        return false
    }
  }
}

/** `bytes` in the middle of a larger buffer. */
function surround(bytes: Uint8Array): Uint8Array {
  const around = new Uint8Array(bytes.length + 4).fill(CANARY)
  around.set(bytes, 3)
  return around
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
