// One program, run in every way and by the reference.
// The reference (test/reference) says what RFC 6455 makes of the stream; it sees the stream whole.

import { feed } from '../codec/feed.ts'
import { difference } from '../codec/plain-events.ts'
import { decodeAll } from '../reference/decode.ts'
import type { PlainEvent } from '../reference/events.ts'
import { type Program, randomProgram } from './programs.ts'
import { seeded } from './random.ts'
import { ways } from './ways.ts'

/** The program of a seed; every other seed's stream is damaged. */
export function programOf(seed: number): Program {
  return randomProgram(seeded(seed), seed % 2 === 1)
}

/**
 * What goes wrong with a program, in words: the first event that is not the reference's, or what was thrown.
 * @param expected the reference's events
 */
export function runProgram(
  program: Program,
  expected: readonly PlainEvent[] = decodeAll(program.bytes, program.options),
): string | undefined {
  for (const [name, kernel, text] of ways) {
    let found: string | undefined
    try {
      found = difference(expected, feed(kernel, program, text))
    } catch (error) {
      found = String(error)
    }
    if (found !== undefined) return `${name}: ${found}`
  }
  return undefined
}
