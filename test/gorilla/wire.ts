// What gorilla/websocket's tests call a test connection: one that writes into memory, and one that reads it in chunks.
// Both are real; only the bytes between them (RFC 6455 §5) are carried, and cut, by the test.

import { Solo, type SoloOptions } from '../conn/connections.ts'

/** How bytes are cut on their way: half of what is left each time, one by one, or as they were written. */
export type Chunking = 'half' | 'one' | 'as is'

export const roles = ['server', 'client'] as const
export type Role = (typeof roles)[number]

/** The parts that a read gets of `bytes`, in order. */
export function* chunksOf(bytes: Uint8Array, chunking: Chunking | number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const left = bytes.length - at
    const length = { half: Math.ceil(left / 2), one: 1, 'as is': left }[chunking] ?? Number(chunking)
    yield bytes.subarray(at, at + length)
    at += length
  }
}

export class Wire {
  readonly writer: Solo
  readonly reader: Solo

  /** @param role of the end that writes */
  constructor(role: Role, options: SoloOptions = {}) {
    this.writer = new Solo({ ...options, role })
    this.reader = new Solo({ ...options, role: role === 'server' ? 'client' : 'server' })
  }

  /** Takes what was written and not carried yet. */
  async take(): Promise<Uint8Array> {
    await this.writer.settle()
    return Buffer.concat(this.writer.transport.writes.splice(0))
  }

  /** Carries what was written to the reader; whoever reads gets a turn behind each chunk. */
  async carry(chunking: Chunking | number = 'as is'): Promise<void> {
    for (const chunk of chunksOf(await this.take(), chunking)) {
      this.reader.transport.receive(chunk)
      await undefined
    }
    await this.reader.settle()
  }
}

/** The rest of a message. */
export async function readAll(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return Buffer.concat(all)
}

/** What a promise rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('it was no failure')
    },
    (error) => error,
  )
}
