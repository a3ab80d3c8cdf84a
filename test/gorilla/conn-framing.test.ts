// Row TestFraming of gorilla/websocket's conn_test.go: every size at which a header changes, each way to write, each way to read.
// RFC 6455 §5.2 (lengths of 7, 16 and 64 bits), §5.4 (fragments).

import { describe, expect, test } from 'vitest'
import type { MessageWriter } from '../../src/index.ts'
import { type Chunking, readAll, roles, Wire } from './wire.ts'

// gorilla leaves out 65,536 and 65,537.
const sizes = [0, 1, 2, 124, 125, 126, 127, 128, 129, 65_534, 65_535, 65_536, 65_537]
const largest = 65_537

/** Every value of a byte, as gorilla's test has it. */
const bytes = new Uint8Array(largest).map((_, i) => i)
/** Characters of 1 to 4 bytes: gorilla's test sends `bytes` as a text, which is none. */
const text = Buffer.from('aé€😀'.repeat(largest / 10 + 1))

/** A text of exactly so many bytes. */
function textOf(length: number): Buffer {
  const whole = length - (length % 10)
  return Buffer.concat([text.subarray(0, whole), Buffer.alloc(length - whole, 'x')])
}

interface Way {
  readonly type: 1 | 2
  /** What is sent in a message of `length` bytes. */
  readonly data: (length: number) => Uint8Array
  readonly write: (writer: MessageWriter, data: Uint8Array) => Promise<void>
}

const ways: Record<string, Way> = {
  copy: {
    type: 2,
    data: (length) => bytes.subarray(0, length),
    write: (writer, data) => new Blob([data.slice()]).stream().pipeTo(writer.writable),
  },
  write: {
    type: 2,
    data: (length) => bytes.subarray(0, length),
    async write(writer, data) {
      await writer.write(data)
      await writer.close()
    },
  },
  'write of a text': {
    type: 1,
    data: textOf,
    async write(writer, data) {
      await writer.write(data)
      await writer.close()
    },
  },
  string: {
    type: 1,
    data: textOf,
    async write(writer, data) {
      await writer.write(new TextDecoder().decode(data))
      await writer.close()
    },
  },
}

describe.each(roles)('written by a %s', (role) => {
  test.each<Chunking>(['half', 'one', 'as is'])(
    'TestFraming: every size and writer comes whole, read in chunks: %s',
    async (chunking) => {
      const wire = new Wire(role)
      for (const length of sizes) {
        for (const [name, { type, data, write }] of Object.entries(ways)) {
          const what = `${length} bytes by ${name}`
          const sent = data(length)
          await write(await wire.writer.conn.nextWriter(type), sent)
          const reading = wire.reader.conn.nextReader().then(async (reader) => {
            expect(reader.type, what).toBe(type)
            return readAll(reader)
          })
          await wire.carry(chunking)
          const read = await reading
          expect(read.length, what).toBe(length)
          expect(Buffer.compare(read, sent), what).toBe(0)
        }
      }
    },
    // Two million reads of one byte.
    120_000,
  )
})
