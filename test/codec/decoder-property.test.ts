// The decoder on random streams (fast-check): every kernel gives the events of the naive decoder, however it is fed.
// RFC 6455 §5 to §8; the streams are those of test/fuzz, right ones and damaged ones.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Program, randomProgram } from '../fuzz/programs.ts'
import { kernels } from '../kernel/kernels.ts'
import { decodeAll } from '../reference/decode.ts'
import { feed, feedTogether } from './feed.ts'
import { difference } from './plain-events.ts'

const RUNS = 1500

/** Programs whose every choice fast-check makes, and so can make smaller. */
function programs(damaged: boolean): fc.Arbitrary<Program> {
  return fc.gen().map((choose) => randomProgram((max) => choose(fc.nat, { max }), damaged))
}

describe.each(kernels)('on the $name kernel', (kernel) => {
  test.each([
    ['a stream of undamaged frames', false],
    ['a damaged stream', true],
  ])('%s has the events of the reference', { timeout: 120_000 }, (_, damaged) => {
    fc.assert(
      fc.property(programs(damaged), (program) => {
        expect(difference(decodeAll(program.bytes, program.options), feed(kernel, program))).toBeUndefined()
      }),
      { numRuns: RUNS },
    )
  })

  test('two decoders that take turns do not disturb each other', { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(programs(false), programs(true), (first, second) => {
        const together = feedTogether(kernel, [first, second])
        expect(difference(decodeAll(first.bytes, first.options), together[0])).toBeUndefined()
        expect(difference(decodeAll(second.bytes, second.options), together[1])).toBeUndefined()
      }),
      { numRuns: 1000 },
    )
  })
})
