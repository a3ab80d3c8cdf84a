// Readers and writers of messages as Node's streams, for what takes those: pipeline(), zlib, files.
// Backpressure passes through: a stream that is not read stops the peer.

import { Readable, Writable } from 'node:stream'
import type { MessageReader, MessageWriter } from '../conn/index.ts'

/** The rest of a message that is being received as a Readable of bytes; destroyed, it leaves the rest to be skipped. */
export function nodeReadable(reader: MessageReader): Readable {
  return Readable.from(reader, { objectMode: false })
}

/**
 * A Writable that writes a message: `end()` completes it. Destroyed before, it gives the message up, which fails the
 * connection when a part of it was sent.
 */
export function nodeWritable(writer: MessageWriter): Writable {
  return new Writable({
    // A string is encoded as UTF-8 there; one in another encoding is bytes for Node to make.
    decodeStrings: true,
    write(chunk: Uint8Array, _encoding, done) {
      writer.write(chunk).then(() => done(), done)
    },
    final(done) {
      writer.close().then(() => done(), done)
    },
    destroy(error, done) {
      writer.abort(error ?? undefined)
      done(error)
    },
  })
}
