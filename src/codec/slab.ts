// Pooled memory for outgoing frames: slabs of 64 KiB in which the connections of a realm place their frames side by side.
// A slab is used again from its start once every segment in it is released, so that a busy server writes to hot memory.

import type { Segment } from './ports.ts'

export const SLAB_BYTES = 64 * 1024
/** Slabs kept for later: 1 MiB. */
const MAX_FREE = 16

export class Slab {
  readonly bytes = new Uint8Array(SLAB_BYTES)
  /** Bytes given out from the start. */
  used = 0
  /** Segments that are not released yet. */
  live = 0
}

/** Bytes on their way out; `slab` when they stand in one. */
export class SlabSegment implements Segment {
  readonly bytes: Uint8Array
  readonly start: number
  end: number
  readonly slab: Slab | undefined

  constructor(bytes: Uint8Array, start: number, end: number, slab: Slab | undefined) {
    this.bytes = bytes
    this.start = start
    this.end = end
    this.slab = slab
    if (slab !== undefined) slab.live++
  }
}

let current: Slab | undefined
const free: Slab[] = []

/** The slab to write to, with room for `need` bytes (at most SLAB_BYTES) behind `used`. */
export function slabWithRoom(need: number): Slab {
  if (current === undefined || SLAB_BYTES - current.used < need) current = free.pop() ?? new Slab()
  return current
}

/** The bytes of `segment` have left: its part of the slab may be used again. */
export function releaseSegment(segment: SlabSegment): void {
  const { slab } = segment
  if (slab === undefined || --slab.live > 0) return
  slab.used = 0
  if (slab !== current && free.length < MAX_FREE) free.push(slab)
}
