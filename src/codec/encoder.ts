// Messages in, bytes out (RFC 6455 §5.2, §5.3): places header and payload side by side in a slab, masked for a client.
// What it has encoded waits until it is taken; the taker releases it once the bytes have left.

import { copyBytes } from '../kernel/copy.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { getKernel } from '../kernel/select.ts'
import { assertBytes, isSteady } from './bytes.ts'
import { rangeError } from './errors.ts'
import { headerLength, writeHeader } from './header.ts'
import { type MaskingKeys, maskingKeys } from './masking-keys.ts'
import type { RandomSource, Segment, TextCodec } from './ports.ts'
import { checkRole, type Role } from './role.ts'
import {
  PrivateSlabs,
  releaseSegment,
  SLAB_BYTES,
  type Slab,
  type SlabPool,
  SlabSegment,
  type SlabSource,
  slabsOf,
} from './slab.ts'
import { portableText } from './text-codec.ts'

/** Longest header: 2 bytes, 8 of length, 4 of key. */
const MAX_HEADER = 14
/**
 * An unmasked payload up to this is copied next to its header; a larger one goes out from where it is. An estimate: a copy
 * costs some 0.1 ns a byte, a second buffer in the write a few microseconds.
 */
export const COPY_LIMIT = 32 * 1024

/** No segments; never added to. */
const none: SlabSegment[] = []

/** What an {@link Encoder} is told of its connection. */
export interface EncoderOptions {
  /** Our role: a client masks what it sends (RFC 6455 §5.1). */
  readonly role: Role
  /** The kernel; default the fastest that runs here. */
  readonly kernel?: Kernel | undefined
  /** String conversion; default that of TextEncoder. */
  readonly text?: TextCodec | undefined
  /** Where masking keys come from; default crypto.getRandomValues. */
  readonly random?: RandomSource | undefined
}

/** Turns messages into bytes: frames without any order of their own (RFC 6455 §5.2). {@link Protocol} knows the order. */
export class Encoder {
  readonly #kernel: Kernel
  readonly #text: TextCodec
  readonly #keys: MaskingKeys | undefined
  #segments: SlabSegment[] = none
  /** The last of `segments`, while frames may still be added to it. */
  #open: SlabSegment | undefined
  #bytes = 0
  readonly #shared: SlabPool
  #slabs: SlabSource
  /** Control frames that pass what waits for a slow peer. */
  #urgent: SlabSegment[] = none
  #urgentOpen: SlabSegment | undefined

  /** @throws TypeError ERR_WS_ARGUMENT for a role that is none */
  constructor(options: EncoderOptions) {
    checkRole(options.role)
    this.#kernel = options.kernel ?? getKernel()
    this.#text = options.text ?? portableText
    this.#shared = slabsOf(this.#kernel)
    this.#slabs = this.#shared
    this.#keys = options.role === 'client' ? maskingKeys(options.random) : undefined
  }

  /** Bytes encoded and not taken yet, headers included. */
  get pendingBytes(): number {
    return this.#bytes
  }

  /**
   * Whether what is encoded will wait for a slow peer: then it stands in memory of this encoder alone, and urgent frames
   * pass what waits.
   */
  get isSlow(): boolean {
    return this.#slabs !== this.#shared
  }

  set isSlow(value: boolean) {
    if (value !== this.isSlow) this.#slabs = value ? new PrivateSlabs() : this.#shared
  }

  /**
   * Encodes a frame with the payload source[start..end).
   *
   * @param first the frame's first byte: FIN, RSV bits and opcode
   * @param borrow the payload stays unchanged until its segment is released, so a large one need not be copied
   * @returns whether the payload is borrowed: not copied, to be left alone until then
   * @throws WebSocketError ERR_WS_RANDOM_SOURCE, RangeError ERR_WS_ARGUMENT for a range that is not in `source`; then
   *   nothing is encoded
   */
  frame(first: number, source: Uint8Array, start: number, end: number, borrow: boolean): boolean {
    // First, since the random source may be anybody's code: what is checked behind it stays so.
    const key = this.#keys?.next()
    assertBytes(source, 'a payload')
    if (start >>> 0 !== start || end >>> 0 !== end || start > end || end > source.length) {
      throw rangeError('no such range')
    }
    const length = end - start
    const header = headerLength(length, key !== undefined)
    if (header + length > SLAB_BYTES || (key === undefined && length > COPY_LIMIT)) {
      return this.#largeFrame(first, source, start, end, key, borrow)
    }
    const slab = this.#withRoom(header + length)
    const { bytes } = slab
    const at = writeHeader(bytes, slab.used, first, length, key)
    copyBytes(source, start, end, bytes, at)
    if (key !== undefined) this.#kernel.mask(bytes, at, bytes, at, length, key, 0)
    this.#commit(slab, at + length)
    return false
  }

  /**
   * Adds a frame that is encoded already: unmasked, and nobody changes it any more. A large one leaves from where it
   * is.
   */
  append(frame: Uint8Array): void {
    const { length } = frame
    if (length > COPY_LIMIT) {
      this.#add(new SlabSegment(frame, 0, length, undefined))
      return
    }
    const slab = this.#withRoom(length)
    copyBytes(frame, 0, length, slab.bytes, slab.used)
    this.#commit(slab, slab.used + length)
  }

  /**
   * Encodes a frame with a string as its payload; lone surrogates become U+FFFD.
   * @throws WebSocketError ERR_WS_RANDOM_SOURCE; then nothing is encoded
   */
  textFrame(first: number, text: string): void {
    // A UTF-16 unit takes at most three bytes.
    if (MAX_HEADER + text.length * 3 > SLAB_BYTES) {
      const own = new Uint8Array(this.#text.byteLength(text))
      this.#text.encodeInto(text, own, 0)
      this.frame(first, own, 0, own.length, true)
      return
    }
    const key = this.#keys?.next()
    const masked = key !== undefined
    const slab = this.#withRoom(MAX_HEADER + text.length * 3)
    const { bytes, used } = slab
    // Most text is ASCII: place it where it belongs then, and move it when it was longer.
    const guess = used + headerLength(text.length, masked)
    const length = this.#text.encodeInto(text, bytes, guess)
    const payload = used + headerLength(length, masked)
    if (payload !== guess) bytes.copyWithin(payload, guess, guess + length)
    writeHeader(bytes, used, first, length, key)
    if (masked) this.#kernel.mask(bytes, payload, bytes, payload, length, key, 0)
    this.#commit(slab, payload + length)
  }

  /** Takes what is encoded, in order; each segment is to be given to {@link release} once its bytes have left. */
  take(): Segment[] {
    const segments = this.#urgent.length === 0 ? this.#segments : this.#urgent.concat(this.#segments)
    this.#segments = none
    this.#urgent = none
    this.#open = undefined
    this.#urgentOpen = undefined
    this.#bytes = 0
    return segments
  }

  /** The bytes of segments from {@link take} have left; their memory may be used again. A second call does nothing. */
  release(segments: readonly Segment[]): void {
    for (const segment of segments) releaseSegment(segment as SlabSegment)
  }

  /**
   * Encodes a control frame, which may pass messages that wait (RFC 6455 §5.4: between frames); else as {@link frame}.
   * @param payload at most 125 bytes
   */
  urgentFrame(first: number, payload: Uint8Array): void {
    if (!this.isSlow) {
      this.frame(first, payload, 0, payload.length, false)
      return
    }
    const segments = this.#segments
    const open = this.#open
    this.#segments = this.#urgent
    this.#open = this.#urgentOpen
    try {
      this.frame(first, payload, 0, payload.length, false)
    } finally {
      this.#urgent = this.#segments
      this.#urgentOpen = this.#open
      this.#segments = segments
      this.#open = open
    }
  }

  #largeFrame(
    first: number,
    source: Uint8Array,
    start: number,
    end: number,
    key: number | undefined,
    borrow: boolean,
  ): boolean {
    const length = end - start
    if (key === undefined && borrow && isSteady(source.buffer)) {
      const slab = this.#withRoom(MAX_HEADER)
      this.#commit(slab, writeHeader(slab.bytes, slab.used, first, length, key))
      this.#add(new SlabSegment(source, start, end, undefined))
      return true
    }
    const own = new Uint8Array(headerLength(length, key !== undefined) + length)
    const at = writeHeader(own, 0, first, length, key)
    if (key === undefined) copyBytes(source, start, end, own, at)
    else this.#kernel.mask(source, start, own, at, length, key, 0)
    this.#add(new SlabSegment(own, 0, own.length, undefined))
    return false
  }

  #withRoom(need: number): Slab {
    const { current } = this.#slabs
    return current.end - current.used >= need ? current : this.#slabs.next(need)
  }

  /** The bytes up to `end` of the slab are a frame of ours now. */
  #commit(slab: Slab, end: number): void {
    const open = this.#open
    if (open !== undefined && open.slab === slab && open.end === slab.used) {
      open.end = end
    } else {
      this.#open = new SlabSegment(slab.bytes, slab.used, end, slab)
      this.#append(this.#open)
    }
    this.#bytes += end - slab.used
    slab.used = end
  }

  #add(segment: SlabSegment): void {
    this.#append(segment)
    this.#open = undefined
    this.#bytes += segment.end - segment.start
  }

  #append(segment: SlabSegment): void {
    // Nearly always there is one: an array made for it is a sixth of one that push() makes room in.
    if (this.#segments.length === 0) this.#segments = [segment]
    else this.#segments.push(segment)
  }
}
