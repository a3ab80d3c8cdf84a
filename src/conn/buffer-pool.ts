// The buffers that writers gather their pieces in, when the application brings no pool of its own.
// One for the whole process: a connection holds a buffer only while a message of it is open.

import type { BufferPool } from '../codec/ports.ts'

/** Buffers kept for later, all of one size: 1 MiB of the default one. */
const MAX_FREE = 256

const free: Uint8Array[] = []

/** Keeps buffers of the size that was asked for last. */
export const sharedBuffers: BufferPool = {
  acquire(size) {
    const buffer = free.pop()
    return buffer?.length === size ? buffer : new Uint8Array(size)
  },

  release(buffer) {
    if (free.length < MAX_FREE) free.push(buffer)
  },
}
