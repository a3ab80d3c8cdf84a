// Fresh reads: a socket hands over a Buffer of its own that nobody has worked on, and every decoder unmasks in place.
// So each read is copied anew into the oldest of a few Buffers, and the time of copying alone is subtracted.
//
// The Buffers are made once. On Node all decoders get them from the socket, at the same cost, and a view of one keeps
// the whole of it alive, whoever made it; making them here would only bury the decoders under the allocator. There are
// enough that no message is overwritten while it can still be held, and so few that they stay in the core's cache,
// where what a socket has just read is as well.

const BUFFERS = 8

export class FreshReads {
  constructor(bytes) {
    this.bytes = bytes
    this.buffers = Array.from({ length: BUFFERS }, () => Buffer.allocUnsafeSlow(bytes.length))
    this.last = 0
  }

  next() {
    this.last = (this.last + 1) % BUFFERS
    const buffer = this.buffers[this.last]
    buffer.set(this.bytes)
    return buffer
  }
}

/** What `worker.mjs` runs to decode reads of `bytes`, in which `payloads` come, with `push`. */
export function decoding(bytes, payloads, push, reader) {
  const reads = new FreshReads(bytes)
  push(reads.next())
  const expected = reader.check(payloads)
  return {
    run(times) {
      for (let i = 0; i < times; i++) push(reads.next())
      reader.assertRead(times, expected)
    },
    copy(times) {
      for (let i = 0; i < times; i++) reads.next()
    },
  }
}
