// Pooled memory for outgoing frames: slabs in which the connections of a realm place their frames side by side.
// A slab is used again from its start once every segment in it is released, so that a busy server writes to hot memory.

import type { Kernel } from '../kernel/kernel.ts'
import type { Segment } from './ports.ts'

export const SLAB_BYTES: number = 64 * 1024
/** The first slab of a connection that cannot share. */
const FIRST_PRIVATE_BYTES = 4 * 1024
/** Slabs kept for later: 1 MiB. */
const MAX_FREE = 16

/** bytes[start..end), given out from its start up to `used`. */
export class Slab {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
  /** The pool that it goes back to; undefined when it belongs to one connection. */
  readonly pool: SlabPool | undefined
  /** Index in `bytes` of the first byte that is free. */
  used: number
  /** Segments that are not released yet. */
  live = 0

  constructor(bytes: Uint8Array, start: number, end: number, pool: SlabPool | undefined) {
    this.bytes = bytes
    this.start = start
    this.end = end
    this.pool = pool
    this.used = start
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
  /** The slab that frames go to now. */
  readonly current: Slab
  /** Makes `current` a slab with room for `need` bytes (at most SLAB_BYTES), and returns it. */
  next(need: number): Slab
}

/** The slabs that all encoders of a kernel share, in the kernel's own memory as long as it has some. */
export class SlabPool implements SlabSource {
  current: Slab
  readonly #kernel: Kernel
  readonly #free: Slab[] = []

  constructor(kernel: Kernel) {
    this.#kernel = kernel
    this.current = this.#make()
  }

  next(): Slab {
    this.current = this.#free.pop() ?? this.#make()
    return this.current
  }

  /** Every segment of the slab is released. */
  keep(slab: Slab): void {
    slab.used = slab.start
    if (slab === this.current) return
    // What was claimed of the kernel is claimed for good.
    if (slab.bytes === this.#kernel.outgoing?.bytes || this.#free.length < MAX_FREE) this.#free.push(slab)
  }

  #make(): Slab {
    const { outgoing } = this.#kernel
    const at = outgoing?.claim(SLAB_BYTES) ?? -1
    if (outgoing === undefined || at < 0) return new Slab(new Uint8Array(SLAB_BYTES), 0, SLAB_BYTES, this)
    return new Slab(outgoing.bytes, at, at + SLAB_BYTES, this)
  }
}

const pools = new WeakMap<Kernel, SlabPool>()

/** The slabs that all encoders of `kernel` share. */
export function slabsOf(kernel: Kernel): SlabPool {
  let pool = pools.get(kernel)
  if (pool === undefined) {
    pool = new SlabPool(kernel)
    pools.set(kernel, pool)
  }
  return pool
}

/** Has room for nothing. */
const NO_SLAB = new Slab(new Uint8Array(0), 0, 0, undefined)

/**
 * Slabs of one connection whose peer is slow: in shared ones its few frames would keep everyone's memory from being used
 * again. The first is small, as there may be many such connections.
 */
export class PrivateSlabs implements SlabSource {
  current: Slab = NO_SLAB
  #length: number = FIRST_PRIVATE_BYTES

  next(need: number): Slab {
    const length = Math.max(need, this.#length)
    this.current = new Slab(new Uint8Array(length), 0, length, undefined)
    this.#length = Math.min(SLAB_BYTES, 2 * this.#length)
    return this.current
  }
}

/** The bytes of `segment` have left: its part of the slab may be used again. Only the first call counts. */
export function releaseSegment(segment: SlabSegment): void {
  const { slab } = segment
  if (slab === undefined) return
  segment.slab = undefined
  if (--slab.live > 0) return
  if (slab.pool === undefined) slab.used = slab.start
  else slab.pool.keep(slab)
}
