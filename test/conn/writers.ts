// Connections for tests of the writing side, each with a pool that is watched.
// When a test is over its connections are ended: no timer and no buffer may be left then, whatever it did.

import { afterEach, expect } from 'vitest'
import type { MessageWriter } from '../../src/conn/message-writer.ts'
import { frameWords } from '../codec/sent-frames.ts'
import { Solo, type SoloOptions, stalled } from './connections.ts'
import { WatchedPool } from './watched-pool.ts'

export interface Started {
  readonly solo: Solo
  readonly pool: WatchedPool
}

const started: Started[] = []

/** A connection; with `isStalled`, of a peer that does not read. */
export function start(options: SoloOptions = {}, isStalled = false): Started {
  const pool = new WatchedPool()
  const both = { writeBufferPool: pool, ...options }
  const one = { solo: isStalled ? stalled(both) : new Solo(both), pool }
  started.push(one)
  return one
}

afterEach(async () => {
  for (const { solo, pool } of started.splice(0)) {
    solo.conn.terminate()
    await solo.settle()
    expect([solo.clock.timerCount, pool.out.size, pool.misuse, pool.touched]).toEqual([0, 0, [], 0])
    expect(solo.transport.misuse).toEqual([])
    expect(solo.conn.bufferedAmount).toBe(0)
  }
})

/** The frames that the peer has got, as opcode:length, with a full stop behind a final one. */
export const words = (solo: Solo): string[] => frameWords(solo.transport.written)

/** The peer reads again. */
export async function drain(solo: Solo): Promise<void> {
  solo.transport.holds = false
  solo.transport.handOver()
  await solo.settle()
}

export async function writePieces(
  writer: MessageWriter,
  pieces: readonly (string | Uint8Array)[],
): Promise<void> {
  for (const piece of pieces) await writer.write(piece)
  await writer.close()
}
