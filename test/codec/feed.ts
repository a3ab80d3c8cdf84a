// Feeds a stream to a Decoder in pieces, the way the hardest of callers would, and returns its events.
// Pieces lie at odd places between bytes that must not change, and are overwritten where the caller may do so.

import { Decoder } from '../../src/codec/decoder.ts'
import type { DecoderEvent } from '../../src/codec/events.ts'
import { ASCII, Message } from '../../src/codec/message.ts'
import type { TextCodec } from '../../src/codec/ports.ts'
import { portableText } from '../../src/codec/text-codec.ts'
import type { Kernel } from '../../src/kernel/kernel.ts'
import type { Program } from '../fuzz/programs.ts'
import type { PlainEvent } from '../reference/events.ts'
import { plainEvent } from './plain-events.ts'

const CANARY = 0xc5
/** Most bytes of a buffer that a decoder takes; of a larger one it copies what it needs. */
const TAKEN_BUFFER = 0x10000
/** Bytes behind the last piece of a buffer. */
const TAIL = 16
/** Pings of two bytes for a server. */
const PINGS = new Uint8Array(16 * 8)
for (let at = 0; at < PINGS.length; at += 8) PINGS.set([0x89, 0x82, 1, 2, 3, 4, 0x30, 0x31], at)

function isPlain(event: DecoderEvent | PlainEvent): event is PlainEvent {
  return (event.type === 1 || event.type === 2) && !Message.isMessage(event)
}

function hasExpired(message: Message): boolean {
  try {
    return message.source === undefined
  } catch (error) {
    return (error as { code?: unknown }).code === 'ERR_WS_MESSAGE_EXPIRED'
  }
}

/** One program on its way through one decoder. */
class Feeding {
  private readonly decoder: Decoder
  private readonly program: Program
  /** Events that stay as they are, and copies of those that were borrowed. */
  private readonly events: (DecoderEvent | PlainEvent)[] = []
  private readonly neighbour: Decoder | undefined
  private ended = false
  /** Index of the next piece. */
  private piece = 0
  /** The buffer that pieces are placed in, how much of it is in use, and where each of its gaps begins and ends. */
  private around: Uint8Array = new Uint8Array(0)
  private used = 0
  private gaps: number[] = []
  /** The buffers before it, with their gaps. */
  private readonly full: (readonly [Uint8Array, readonly number[]])[] = []

  constructor(kernel: Kernel, program: Program, text: TextCodec) {
    this.program = program
    this.decoder = new Decoder({ ...program.options, kernel, text })
    if (program.borrow) this.neighbour = new Decoder({ role: 'server', kernel })
  }

  /** Feeds the next piece; false when there is none. */
  next(): boolean {
    const { bytes, cuts, keep: which, memory, borrow } = this.program
    const i = this.piece++
    if (i > cuts.length) return false
    const start = i === 0 ? 0 : cuts[i - 1]
    const end = i === cuts.length ? bytes.length : cuts[i]
    const at = this.place(start, end)
    const { around } = this
    const stop = at + end - start
    const keep = which === 'all' || (which === 'every other' && i % 2 === 1)
    if (borrow && i % 4 !== 3) this.borrowEach(around.subarray(at, stop), keep)
    else if (i % 3 === 2)
      for (const event of this.decoder.pushRange(around, at, stop, keep)) this.add(event, event)
    else
      for (const event of this.decoder.push(around.subarray(at, stop), keep ? { keep } : undefined))
        this.add(event, event)
    // What the decoder may not take, or does not because of its buffer, is ours again.
    if (keep || memory === 'shared' || around.length > TAKEN_BUFFER) {
      for (let k = at; k < stop; k++)
        if (around[k] !== bytes[start + k - at])
          throw new Error(`byte ${start + k - at} of the stream was changed`)
      around.fill(CANARY, at, stop)
    }
    return true
  }

  private add(event: DecoderEvent, kept: DecoderEvent | PlainEvent): void {
    if (this.ended) throw new Error('events behind the last one')
    this.ended = event.type === 0 || event.type === 8
    this.events.push(kept)
  }

  /** As plain data. A text is called ASCII when it is, lest it be decoded wrongly, and only then, lest it be slowly. */
  private plain(event: DecoderEvent): PlainEvent {
    const plain = plainEvent(event)
    if (event.type === 1 && this.program.options.checkUtf8 !== false)
      if ((event.form === ASCII) !== (plain.text?.length === event.byteLength))
        throw new Error(`${event.form === ASCII ? '' : 'not '}called ASCII: ${JSON.stringify(plain.text)}`)
    return plain
  }

  /** Feeds a piece whose messages are lent; what the kernel does for another decoder meanwhile must not matter. */
  private borrowEach(piece: Uint8Array, keep: boolean): void {
    let isDisturbed = false
    let last: Message | undefined
    this.decoder.pushEach(
      piece,
      (event) => {
        if (!isDisturbed) {
          isDisturbed = true
          if (this.neighbour?.push(PINGS.slice()).length !== PINGS.length / 8)
            throw new Error('pings were lost')
        }
        if (!Message.isMessage(event)) {
          this.add(event, event)
          return
        }
        last = event
        const { source, start, byteLength } = event
        if (this.events.length % 2 === 0) this.add(event, event.copy())
        else this.add(event, { ...this.plain(event), data: source.slice(start, start + byteLength) })
      },
      { keep },
    )
    if (last !== undefined && !hasExpired(last)) throw new Error('a borrowed message can still be read')
  }

  /** Copies a piece to a place of its own; returns where it begins in `around`. */
  private place(start: number, end: number): number {
    const { bytes, cuts, margin = 1, memory } = this.program
    const length = end - start
    let at = this.used + 1 + ((start * 7 + this.piece) & 15)
    if (memory === 'own' || at + length + TAIL > this.around.length) {
      this.closeBuffer()
      const rest = margin + bytes.length - start + 16 * (cuts.length + 1 - this.piece) + TAIL
      let size = Math.max(margin + length + TAIL, Math.min(rest, TAKEN_BUFFER))
      // A piece nearly as large as a buffer that is taken has one of exactly its size.
      if (size > TAKEN_BUFFER && length <= TAKEN_BUFFER) size = length
      if (memory === 'large') size += TAKEN_BUFFER
      if (memory === 'own') size = margin + length
      at = size === length ? 0 : margin
      this.around = new Uint8Array(memory === 'shared' ? new SharedArrayBuffer(size) : new ArrayBuffer(size))
      this.around.fill(CANARY)
      this.used = 0
    }
    this.gaps.push(this.used, at)
    this.used = at + length
    this.around.set(length === bytes.length ? bytes : bytes.subarray(start, end), at)
    return at
  }

  private closeBuffer(): void {
    this.gaps.push(this.used, Math.min(this.used + TAIL, this.around.length))
    this.full.push([this.around, this.gaps])
    this.gaps = []
  }

  /** The events of all pieces, which are looked at only now; every other time the last one first. */
  finish(): PlainEvent[] {
    this.closeBuffer()
    for (const [bytes, gaps] of this.full) {
      for (let i = 0; i < gaps.length; i += 2)
        for (let k = gaps[i]; k < gaps[i + 1]; k++)
          if (bytes[k] !== CANARY) throw new Error('bytes around were changed')
    }
    const { events } = this
    const isReversed = this.program.bytes.length % 2 === 1
    if (isReversed) events.reverse()
    const plain = events.map((event) => (isPlain(event) ? event : this.plain(event)))
    return isReversed ? plain.reverse() : plain
  }
}

/** The events of a whole program. */
export function feed(kernel: Kernel, program: Program, text?: TextCodec): PlainEvent[] {
  return feedTogether(kernel, [program], text)[0]
}

/** The events of several programs, whose pieces take turns on one kernel. */
export function feedTogether(
  kernel: Kernel,
  programs: readonly Program[],
  text: TextCodec = portableText,
): PlainEvent[][] {
  const feedings = programs.map((program) => new Feeding(kernel, program, text))
  for (let going = [...feedings]; going.length > 0; ) going = going.filter((feeding) => feeding.next())
  return feedings.map((feeding) => feeding.finish())
}
