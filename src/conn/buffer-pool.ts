// The buffers that writers gather their pieces in, when the application brings no pool of its own.
// One for the whole process: a connection holds a buffer only while a message of it is open.

import type { BufferPool } from '../codec/ports.ts'

/** Buffers kept for later: 1 MiB of the default size. */
const MAX_FREE = 256
/** Larger ones are not kept. */
const MAX_KEPT_BYTES = 64 * 1024

const free: Uint8Array[] = []

/** Keeps buffers of the size that was asked for last. */
export const sharedBuffers: BufferPool = {
  acquire(size) {
    const buffer = free.pop()
    return buffer?.length === size ? buffer : new Uint8Array(size)
  },

  release(buffer) {
    if (free.length < MAX_FREE && buffer.length <= MAX_KEPT_BYTES) free.push(buffer)
  },
}
