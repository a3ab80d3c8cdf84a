// Pooled memory for outgoing frames: slabs in which the connections of a realm place their frames side by side.
// A slab is used again from its start once every segment in it is released, so that a busy server writes to hot memory.

import type { Segment } from './ports.ts'

export const SLAB_BYTES: number = 64 * 1024
/** The first slab of a connection that cannot share. */
const FIRST_PRIVATE_BYTES = 4 * 1024
/** Slabs kept for later: 1 MiB. */
const MAX_FREE = 16

export class Slab {
  readonly bytes: Uint8Array
  /** Among all connections; else it belongs to one. */
  readonly isShared: boolean
  /** Bytes given out from the start. */
  used = 0
  /** Segments that are not released yet. */
  live = 0

  constructor(length: number, isShared: boolean) {
    this.bytes = new Uint8Array(length)
    this.isShared = isShared
  }
}

/** Bytes on their way out; `slab` when they stand in one, until they are released. */
export class SlabSegment implements Segment {
  readonly bytes: Uint8Array
  readonly start: number
  end: number
  slab: Slab | undefined

  constructor(bytes: Uint8Array, start: number, end: number, slab: Slab | undefined) {
    this.bytes = bytes
    this.start = start
    this.end = end
    this.slab = slab
    if (slab !== undefined) slab.live++
  }
}

/** Where an encoder gets its slabs. */
export interface SlabSource {
  /** A slab with room for `need` bytes (at most SLAB_BYTES) behind `used`. */
  withRoom(need: number): Slab
}

let current: Slab | undefined
const free: Slab[] = []

/** The slabs that all connections share. */
export const sharedSlabs: SlabSource = {
  withRoom(need) {
    if (current === undefined || SLAB_BYTES - current.used < need)
      current = free.pop() ?? new Slab(SLAB_BYTES, true)
    return current
  },
}

/**
 * Slabs of one connection whose peer is slow: in shared ones its few frames would keep everyone's memory from being used
 * again. The first is small, as there may be many such connections.
 */
export class PrivateSlabs implements SlabSource {
  private slab: Slab | undefined
  private next: number = FIRST_PRIVATE_BYTES

  withRoom(need: number): Slab {
    if (this.slab === undefined || this.slab.bytes.length - this.slab.used < need) {
      this.slab = new Slab(Math.max(need, this.next), false)
      this.next = Math.min(SLAB_BYTES, 2 * this.next)
    }
    return this.slab
  }
}

/** The bytes of `segment` have left: its part of the slab may be used again. Only the first call counts. */
export function releaseSegment(segment: SlabSegment): void {
  const { slab } = segment
  if (slab === undefined) return
  segment.slab = undefined
  if (--slab.live > 0) return
  slab.used = 0
  if (slab.isShared && slab !== current && free.length < MAX_FREE) free.push(slab)
}
