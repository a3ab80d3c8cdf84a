// A BufferPool that notes who has what: buffers that are out, and calls that no pool should get.
// Buffers come back dirty, and are given out again dirty.

import type { BufferPool } from '../../src/codec/ports.ts'

const DIRT = 0xee

export class WatchedPool implements BufferPool {
  /** Given out and not back. */
  readonly out = new Set<Uint8Array>()
  /** Everything that happened: 'acquire 4096', 'release'. */
  readonly calls: string[] = []
  /** Calls that break the contract. */
  readonly misuse: string[] = []
  private readonly free: Uint8Array[] = []
  private readonly sizeOf: (size: number) => number

  /** @param sizeOf how long the buffers are that it gives for a wanted size */
  constructor(sizeOf: (size: number) => number = (size) => size) {
    this.sizeOf = sizeOf
  }

  /** Buffers that somebody wrote to after they were back. */
  get touched(): number {
    return this.free.filter((buffer) => buffer.some((byte) => byte !== DIRT)).length
  }

  acquire(size: number): Uint8Array {
    this.calls.push(`acquire ${size}`)
    const buffer = this.free.pop() ?? new Uint8Array(this.sizeOf(size)).fill(DIRT)
    this.out.add(buffer)
    return buffer
  }

  release(buffer: Uint8Array): void {
    this.calls.push('release')
    if (!this.out.delete(buffer)) this.misuse.push('release of what is not out')
    buffer.fill(DIRT)
    this.free.push(buffer)
  }
}
