// Random streams for a decoder: messages, fragments and control frames (RFC 6455 §5.4, §5.5), often damaged in one place.
// With them come options, and the places where the stream is cut; every choice is one call of `pick`.

import type { ReferenceOptions } from '../reference/events.ts'
import { frameBytes, join } from './frames.ts'
import { randomBytes, randomText } from './payloads.ts'
import { oneOf, type Pick, seeded } from './random.ts'

export interface Program {
  readonly options: ReferenceOptions
  readonly bytes: Uint8Array
  /** Ascending positions at which the stream is cut. */
  readonly cuts: readonly number[]
  /** Which pieces the decoder must leave alone. */
  readonly keep: Keep
}

export type Keep = 'none' | 'all' | 'every other'

/** Parts of a stream, each a whole frame. */
type Frames = Uint8Array[]

const CLOSE_CODES = [1000, 1001, 1003, 1007, 1014, 3000, 4999, 0, 999, 1004, 1005, 1006, 1015, 2999, 5000]

function randomOptions(pick: Pick): ReferenceOptions {
  const options: ReferenceOptions = { role: oneOf(pick, ['server', 'client'] as const) }
  if (pick(5) === 0)
    options.readLimit = oneOf(pick, [0, 1, 125, 126, 300, 16384, 65535, 65536, 200_000, 2 ** 33])
  if (pick(5) === 0) options.maxFragments = 1 + pick(4)
  if (pick(3) === 0) options.lenientLength = true
  if (pick(7) === 0) options.checkUtf8 = false
  return options
}

function randomKey(pick: Pick, role: 'server' | 'client'): Uint8Array | undefined {
  return role === 'server' ? randomBytes(pick, 4) : undefined
}

function smallLength(pick: Pick): number {
  return oneOf(pick, [pick(8), pick(40), pick(40), 125, 126, 127, pick(300), pick(2000)])
}

/** Lengths that no window, or no read, holds. */
function largeLength(pick: Pick): number {
  return oneOf(pick, [
    16383,
    16384,
    16385,
    65521,
    65535,
    65536,
    65537,
    16384 + pick(50_000),
    pick(300 * 1024),
  ])
}

function controlFrame(pick: Pick, role: 'server' | 'client'): Uint8Array {
  const payload = randomBytes(pick, oneOf(pick, [0, pick(20), pick(125), 125]))
  return frameBytes({ fin: true, opcode: 9 + pick(1), payload, key: randomKey(pick, role) })
}

function closeFrame(pick: Pick, role: 'server' | 'client'): Uint8Array {
  const code = oneOf(pick, CLOSE_CODES)
  const reason = pick(4) === 0 ? randomBytes(pick, pick(5)) : randomText(pick, pick(123))
  const body = join([new Uint8Array([code >> 8, code & 255]), reason])
  const payload = oneOf(pick, [body, body, body, body.subarray(0, pick(2))])
  return frameBytes({ fin: true, opcode: 8, payload, key: randomKey(pick, role) })
}

/** One message in one or several frames, with control frames between them now and then. */
function message(pick: Pick, role: 'server' | 'client', length: number): Frames {
  const type = 1 + pick(1)
  const payload = type === 1 ? randomText(pick, length) : randomBytes(pick, length)
  const count = pick(2) > 0 ? 1 : 1 + pick(4)
  const ends = Array.from({ length: count - 1 }, () => pick(length)).sort((a, b) => a - b)
  const frames: Frames = []
  for (let i = 0; i < count; i++) {
    const part = payload.subarray(i === 0 ? 0 : ends[i - 1], i === count - 1 ? length : ends[i])
    const lengthBytes = pick(30) === 0 ? oneOf(pick, [2, 8] as const) : undefined
    const opcode = i === 0 ? type : 0
    frames.push(
      frameBytes({ fin: i === count - 1, opcode, payload: part, key: randomKey(pick, role), lengthBytes }),
    )
    if (i < count - 1 && pick(3) === 0) frames.push(controlFrame(pick, role))
  }
  return frames
}

/** So many small frames that they fill a window, or the rows of a scan, several times. */
function burst(pick: Pick, role: 'server' | 'client'): Frames {
  const draw = seeded(pick(0x7fffffff))
  const longest = oneOf(pick, [0, 1, 12, 60])
  const count = 1000 + pick(8000)
  return Array.from({ length: count }, () => {
    const payload = randomText(draw, draw(longest))
    return frameBytes({ fin: true, opcode: oneOf(draw, [1, 2, 2, 9]), payload, key: randomKey(draw, role) })
  })
}

function randomFrames(pick: Pick, role: 'server' | 'client'): Frames {
  const shape = pick(24)
  if (shape === 24) return burst(pick, role)
  const frames: Frames = []
  const count = 1 + pick(6)
  for (let i = 0; i < count; i++) {
    const large = shape >= 22 && i === 0
    if (!large && pick(3) === 0) frames.push(controlFrame(pick, role))
    else frames.push(...message(pick, role, large ? largeLength(pick) : smallLength(pick)))
  }
  if (pick(3) === 0) frames.push(closeFrame(pick, role))
  return frames
}

/** Damages the stream in one place, mostly in a header or at the beginning of a payload. */
function damage(pick: Pick, frames: Frames): Uint8Array {
  const victim = pick(frames.length - 1)
  const before = join(frames.slice(0, victim))
  const bytes = join(frames)
  const place =
    before.length + oneOf(pick, [0, 1, pick(3), pick(14), pick(40), pick(frames[victim].length - 1)])
  const at = Math.min(place, bytes.length - 1)
  const way = pick(6)
  if (way <= 1) bytes[at] ^= 1 << pick(7)
  else if (way === 2) bytes[at] = oneOf(pick, [0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xed, 0xf5, 0xff, pick(255)])
  else if (way === 3) return join([bytes.subarray(0, at), randomBytes(pick, 1 + pick(8)), bytes.subarray(at)])
  else if (way === 4) return join([...frames.slice(0, victim), ...frames.slice(victim + 1)])
  else if (way === 5) return join([before, frames[victim], frames[victim], ...frames.slice(victim + 1)])
  else return bytes.subarray(0, at)
  return bytes
}

function randomCuts(pick: Pick, frames: Frames, length: number): number[] {
  const way = pick(6)
  const places = new Set<number>()
  const step = [1, 2, 3, 7, 61, 1000, 4096, 16384, 65535, 65536][pick(9)]
  if (way === 0 && length < 500) for (let at = 1; at < length; at++) places.add(at)
  else if (way <= 1) for (let at = step; at < length; at += Math.max(step, length >> 9)) places.add(at)
  else if (way <= 3) for (let i = pick(8); i > 0; i--) places.add(pick(length))
  else if (way <= 5) {
    const ends: number[] = []
    for (const frame of frames) ends.push((ends.at(-1) ?? 0) + frame.length)
    for (let i = 1 + pick(8); i > 0; i--) places.add(oneOf(pick, ends) - 4 + pick(20))
  }
  return [...places].filter((at) => at > 0 && at < length).sort((a, b) => a - b)
}

/** A random program; `damaged`: whether the stream is broken in one place. */
export function randomProgram(pick: Pick, damaged: boolean): Program {
  const options = randomOptions(pick)
  const frames = randomFrames(pick, options.role)
  const bytes = damaged ? damage(pick, frames) : join(frames)
  const cuts = randomCuts(pick, frames, bytes.length)
  return { options, bytes, cuts, keep: oneOf(pick, ['none', 'all', 'every other'] as const) }
}
