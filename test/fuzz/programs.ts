// Random streams for a decoder: messages, fragments, control frames (RFC 6455 §5.4, §5.5), often damaged in one place.
// With them come options, and the places where the stream is cut; every choice is one call of `pick`.

import type { ReferenceOptions } from '../reference/events.ts'
import { damage } from './damage.ts'
import { oneOf, type Pick } from './random.ts'
import { type Contents, writeShape } from './shapes.ts'
import { StreamWriter } from './stream-writer.ts'

export interface Program {
  readonly options: ReferenceOptions
  readonly bytes: Uint8Array
  /** Ascending positions at which the stream is cut. */
  readonly cuts: readonly number[]
  /** Which pieces the decoder must leave alone. */
  readonly keep: Keep
  /** Whether most pieces are pushed to a sink, which borrows the messages; default false. */
  readonly borrow?: boolean
  /** Bytes before the first piece in its buffer; default 1. */
  readonly margin?: number
  /** In what buffers the pieces are; default packed. */
  readonly memory?: Memory
}

export type Keep = 'none' | 'all' | 'every other'
/**
 * Several pieces in one buffer; each in one of its own that ends with it, like a read of a socket; in one so large that a
 * decoder does not take it; in one that other threads may write to.
 */
export type Memory = 'packed' | 'own' | 'large' | 'shared'

const READ_LIMITS = [0, 1, 125, 126, 300, 16384, 65535, 65536, 200_000, 2 ** 31, 2 ** 32 + 4, 2 ** 33]
READ_LIMITS.push(Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY)
const STEPS = [1, 2, 3, 7, 16, 61, 1000, 1460, 4096, 16384, 65535, 65536]
/** Most pieces of a stream that is cut at equal distances. */
const MAX_PIECES = 128

/** Limits that the stream keeps by little, or does not. */
function limits(pick: Pick, { lengths, counts }: Contents): ReferenceOptions {
  const options: ReferenceOptions = { role: 'server' }
  const near = (sizes: readonly number[]) =>
    Math.max(0, (sizes.length > 0 ? oneOf(pick, sizes) : 0) + 1 - pick(2))
  const way = pick(11)
  if (way === 0) options.readLimit = oneOf(pick, READ_LIMITS)
  else if (way === 1) options.readLimit = near(lengths)
  else if (way === 2) options.maxFragments = near(counts)
  else if (way === 3 && pick(3) === 0) options.maxFragments = Number.POSITIVE_INFINITY
  if (pick(3) === 0) options.lenientLength = true
  if (pick(7) === 0) options.checkUtf8 = false
  return options
}

/** Ascending positions inside the stream: nowhere, everywhere, anywhere, and around the beginnings of frames. */
function randomCuts(pick: Pick, { starts, length }: StreamWriter): number[] {
  const way = pick(15)
  if (way < 4 || length < 2) return []
  const places: number[] = []
  if (way === 4 && length < 200) {
    for (let at = 1; at < length; at++) places.push(at)
    return places
  }
  if (way <= 5) {
    const step = Math.max(oneOf(pick, STEPS), Math.ceil(length / MAX_PIECES))
    for (let at = pick(1) === 0 ? step : 1 + pick(step); at < length; at += step) places.push(at)
    return places
  }
  const start = () => starts[pick(starts.length - 1)]
  if (way === 6) {
    const from = Math.max(1, start() - pick(4))
    for (let at = from; at < from + 20; at++) places.push(at)
  }
  if (way === 7 || way === 8) for (let i = pick(5); i >= 0; i--) places.push(start())
  if (way >= 9 && way < 12) for (let i = pick(5); i >= 0; i--) places.push(pick(length))
  if (way >= 12) for (let i = pick(5); i >= 0; i--) places.push(start() - 4 + pick(20))
  places.sort((a, b) => a - b)
  return places.filter((at, i) => at > 0 && at < length && at !== places[i - 1])
}

const writer = new StreamWriter()

/** A random program; `damaged`: whether the stream is broken in one place. */
export function randomProgram(pick: Pick, damaged: boolean): Program {
  writer.reset()
  const masked = pick(4) > 0
  const contents: Contents = { writer, masked, longForms: pick(9) === 0, lengths: [], counts: [] }
  writeShape(pick, contents)
  if (damaged) damage(pick, writer)
  const options = limits(pick, contents)
  if (!masked) options.role = 'client'
  return {
    options,
    bytes: writer.bytes.slice(0, writer.length),
    cuts: randomCuts(pick, writer),
    keep: oneOf(pick, ['none', 'none', 'every other', 'all'] as const),
    borrow: pick(2) === 0,
    margin: pick(31),
    memory:
      pick(40) > 0 ? oneOf(pick, ['packed', 'own'] as const) : oneOf(pick, ['large', 'shared'] as const),
  }
}
