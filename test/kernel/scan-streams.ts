// Random streams for the scan, with compressed messages and kernel-level limits that no public option sets.
// RFC 6455 §5.2 and RFC 7692 §6 (RSV1 on the first frame of a compressed message).

import {
  CONFIG_LENIENT_LENGTH,
  CONFIG_MASKED,
  CONFIG_RSV1,
  CONFIG_SKIP_UTF8,
  STATE_CONFIG,
  STATE_LIMIT_HI,
  STATE_LIMIT_LO,
  STATE_LIMIT_RSV1_HI,
  STATE_LIMIT_RSV1_LO,
  STATE_MAX_FRAGMENTS,
  STATE_WORDS,
} from '../../src/kernel/layout.ts'
import { frameBytes, join } from '../fuzz/frames.ts'
import { randomBytes, randomText } from '../fuzz/payloads.ts'
import { oneOf, type Pick } from '../fuzz/random.ts'

/** A state record as a decoder makes it. */
export function scanState(
  config: number,
  limit = 2 ** 24,
  limitRsv1 = limit,
  maxFragments = 2 ** 17,
): Uint32Array {
  const state = new Uint32Array(STATE_WORDS)
  state[STATE_CONFIG] = config
  state[STATE_LIMIT_LO] = limit
  state[STATE_LIMIT_HI] = limit / 2 ** 32
  state[STATE_LIMIT_RSV1_LO] = limitRsv1
  state[STATE_LIMIT_RSV1_HI] = limitRsv1 / 2 ** 32
  state[STATE_MAX_FRAGMENTS] = maxFragments
  return state
}

export function randomState(pick: Pick): Uint32Array {
  const config =
    (pick(1) && CONFIG_MASKED) |
    (pick(3) && CONFIG_RSV1) |
    (pick(3) ? 0 : CONFIG_LENIENT_LENGTH) |
    (pick(5) ? 0 : CONFIG_SKIP_UTF8)
  const limits = [2 ** 24, 2 ** 24, 2 ** 32, 2 ** 33 + 5, pick(500), pick(70_000)]
  return scanState(config, oneOf(pick, limits), oneOf(pick, limits), oneOf(pick, [2 ** 17, 2 ** 17, 2, 5]))
}

/** Frames that are mostly in order; RSV1 on some first frames, wrong bits and bad texts on a few. */
export function randomStream(pick: Pick, config: number): Uint8Array {
  const frames: Uint8Array[] = []
  const shortest = pick(6) === 0
  const count = shortest ? 5000 + pick(6000) : 1 + pick(30)
  let isOpen = false
  for (let i = 0; i < count; i++) {
    const isControl = pick(5) === 0
    const fin = isControl || pick(2) > 0
    const opcode = isControl ? 8 + (pick(20) && 1 + pick(1)) : isOpen ? 0 : 1 + pick(1)
    if (!isControl) isOpen = !fin
    const length = shortest
      ? pick(3) && pick(7)
      : isControl
        ? pick(125)
        : oneOf(pick, [pick(60), pick(400), pick(9000)])
    const payload = pick(8) === 0 && !shortest ? randomBytes(pick, length) : randomText(pick, length)
    const key =
      (config & CONFIG_MASKED) === 0 ? undefined : pick(9) === 0 ? new Uint8Array(4) : randomBytes(pick, 4)
    const frame = frameBytes({ fin, opcode, payload, key })
    if ((opcode === 1 || opcode === 2) && pick(2) === 0 && (config & CONFIG_RSV1) !== 0) frame[0] |= 0x40
    if (pick(shortest ? 20_000 : 60) === 0) frame[pick(Math.min(frame.length - 1, 10))] ^= 1 << pick(7)
    frames.push(frame)
  }
  return join(frames)
}
