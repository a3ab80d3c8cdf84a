// One seed, one random program, run on every kernel and by the reference.
// Shared by the long run (run.mjs) and by the test of the committed seeds.

import { feed } from '../codec/feed.ts'
import { difference } from '../codec/plain-events.ts'
import { kernels } from '../kernel/kernels.ts'
import { decodeAll } from '../reference/decode.ts'
import type { PlainEvent } from '../reference/events.ts'
import { randomProgram } from './programs.ts'
import { seeded } from './random.ts'

/**
 * Runs the program of a seed; every other seed's stream is damaged.
 * @returns the events
 * @throws Error when a kernel gives other events than the reference, or throws
 */
export function runSeed(seed: number): PlainEvent[] {
  const program = randomProgram(seeded(seed), seed % 2 === 1)
  const expected = decodeAll(program.bytes, program.options)
  for (const kernel of kernels) {
    const found = difference(expected, feed(kernel, program))
    if (found !== undefined) throw new Error(`seed ${seed}, ${kernel.name}: ${found}`)
  }
  return expected
}
