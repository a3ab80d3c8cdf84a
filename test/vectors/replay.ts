// Replays a vector through a Decoder: whole, byte by byte, and cut in two at every place.
// Portable, so that a browser's worker can run it as well; it throws at the first difference.

import type { Kernel } from '../../src/kernel/kernel.ts'
import { feed } from '../codec/feed.ts'
import { difference } from '../codec/plain-events.ts'
import type { Vector } from './parse-vectors.ts'

/** Streams up to this length are cut at every place, longer ones at some places and around each end. */
const CUT_EVERYWHERE = 300

/** The ways to cut a stream of `length` bytes: each a list of ascending positions. */
export function waysToCut(length: number): number[][] {
  const isShort = length <= CUT_EVERYWHERE
  const step = isShort ? 1 : Math.ceil(length / (length < 100_000 ? 101 : 5))
  const near = (at: number, distance: number) => at <= distance || length - at <= distance
  const everywhere = Array.from({ length: Math.max(0, length - 1) }, (_, i) => i + 1)
  // Byte by byte only at the ends where the stream is long; its middle then comes in one piece.
  const bytewise = everywhere.filter((at) => isShort || near(at, 40))
  const places = everywhere.filter((at) => at % step === 0 || near(at, 16))
  return [[], bytewise, ...places.map((at) => [at])]
}

/** @throws Error naming the cut and the first event that is not the expected one */
export function replay({ options, bytes, events }: Vector, kernel: Kernel): void {
  for (const cuts of waysToCut(bytes.length)) {
    for (const keep of ['none', 'all'] as const) {
      const found = difference(events, feed(kernel, { options, bytes, cuts, keep }))
      if (found !== undefined)
        throw new Error(`${kernel.name}, keep ${keep}, cut at ${cuts.slice(0, 5)}: ${found}`)
    }
  }
}
