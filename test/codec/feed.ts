// Feeds a stream to a Decoder in pieces, the way the hardest of callers would, and returns its events.
// Each piece lies at an odd place between bytes that must not change, and is overwritten where the caller may do so.

import { Decoder } from '../../src/codec/decoder.ts'
import type { DecoderEvent } from '../../src/codec/events.ts'
import type { TextCodec } from '../../src/codec/ports.ts'
import { portableText } from '../../src/codec/text-codec.ts'
import type { Kernel } from '../../src/kernel/kernel.ts'
import type { Program } from '../fuzz/programs.ts'
import type { PlainEvent } from '../reference/events.ts'
import { plainEvent } from './plain-events.ts'

const CANARY = 0xc5

/** Believes nothing: a text that is called ASCII must be. */
const strictText: TextCodec = {
  ...portableText,
  decode(bytes, start, end, isAscii) {
    if (isAscii && bytes.subarray(start, end).some((octet) => octet > 0x7f))
      throw new Error(`a text of ${end - start} bytes is called ASCII`)
    return portableText.decode(bytes, start, end, isAscii)
  },
}

/**
 * Feeds piece after piece, one for each step, and returns the events. A piece that the decoder must keep as it is gets
 * overwritten after the call; any other is the decoder's. The events are looked at only at the end.
 */
export function* feedStepwise(kernel: Kernel, program: Program): Generator<void, PlainEvent[]> {
  const { options, bytes, cuts } = program
  const decoder = new Decoder({ ...options, kernel, text: strictText })
  const events: DecoderEvent[] = []
  const surroundings: Uint8Array[] = []
  let ended = false
  for (let i = 0; i <= cuts.length; i++) {
    const start = i === 0 ? 0 : cuts[i - 1]
    const end = i === cuts.length ? bytes.length : cuts[i]
    const margin = 1 + ((start * 7 + i) & 15)
    const around = new Uint8Array(margin + end - start + 17).fill(CANARY)
    const piece = around.subarray(margin, margin + end - start)
    piece.set(bytes.subarray(start, end))
    const keep = program.keep === 'all' || (program.keep === 'every other' && i % 2 === 1)
    const news = decoder.push(piece, keep ? { keep } : undefined)
    if (ended && news.length > 0) throw new Error('events behind the last one')
    ended ||= news.some(({ type }) => type === 0 || type === 8)
    for (const event of news) events.push(event)
    if (keep) {
      for (let k = 0; k < piece.length; k++)
        if (piece[k] !== bytes[start + k]) throw new Error(`byte ${start + k} of the stream was changed`)
      piece.fill(CANARY)
    }
    surroundings.push(around.subarray(0, margin), around.subarray(margin + end - start))
    yield
  }
  if (surroundings.some((part) => part.some((octet) => octet !== CANARY)))
    throw new Error('bytes around were changed')
  return events.map(plainEvent)
}

/** The events of a whole program. */
export function feed(kernel: Kernel, program: Program): PlainEvent[] {
  return feedTogether(kernel, [program])[0]
}

/** The events of several programs, whose pieces take turns on one kernel. */
export function feedTogether(kernel: Kernel, programs: readonly Program[]): PlainEvent[][] {
  const feeds = programs.map((program) => feedStepwise(kernel, program))
  const results: PlainEvent[][] = []
  while (feeds.some((_, i) => results[i] === undefined)) {
    feeds.forEach((steps, i) => {
      if (results[i] !== undefined) return
      const step = steps.next()
      if (step.done) results[i] = step.value
    })
  }
  return results
}
