// Frames that are encoded already, among those that are encoded now: order, places in the slabs, whose memory it is.
// RFC 6455 §5.2.

import { describe, expect, test } from 'vitest'
import { COPY_LIMIT, Encoder } from '../../src/codec/encoder.ts'
import { SLAB_BYTES } from '../../src/codec/slab.ts'
import { frameBytes, join } from '../fuzz/frames.ts'
import { kernels } from '../kernel/kernels.ts'

const counted = (length: number, from = 0) => new Uint8Array(length).map((_, i) => from + i * 7 + (i >> 8))
const frame = (length: number, from = 0) =>
  frameBytes({ fin: true, opcode: 2, payload: counted(length, from), key: undefined })

function bytesOf(encoder: Encoder): Uint8Array {
  const segments = encoder.take()
  const bytes = join(segments.map(({ bytes, start, end }) => bytes.subarray(start, end)))
  encoder.release(segments)
  return bytes
}

describe.each(kernels)('on the $name kernel', (kernel) => {
  test('appended frames stand between the others in the order of the calls', () => {
    const encoder = new Encoder({ role: 'server', kernel })
    const sizes = [0, 1, 125, 126, COPY_LIMIT - 5, COPY_LIMIT - 4, COPY_LIMIT - 3, COPY_LIMIT + 1, 65_536, 3]
    const expected: Uint8Array[] = []
    for (const [i, size] of sizes.entries()) {
      encoder.append(frame(size, i))
      encoder.frame(0x82, counted(size, 100 + i), 0, size, true)
      encoder.append(frame(size, 200 + i))
      expected.push(frame(size, i), frame(size, 100 + i), frame(size, 200 + i))
    }
    const all = join(expected)
    expect(encoder.pendingBytes).toBe(all.length)
    expect(Buffer.compare(bytesOf(encoder), all)).toBe(0)
    expect(encoder.pendingBytes).toBe(0)
  })

  test('frames of up to 32 KiB share slabs, larger ones leave from where they are', () => {
    const encoder = new Encoder({ role: 'server', kernel })
    const small = frame(COPY_LIMIT - 4)
    const large = frame(COPY_LIMIT - 3)
    for (const each of [small, large, small]) encoder.append(each)
    const segments = encoder.take()
    expect(segments.map(({ bytes }) => bytes === small)).toEqual([false, false, false])
    expect(segments.map(({ bytes }) => bytes === large)).toEqual([false, true, false])
    encoder.release(segments)
  })

  test('slabs filled to the last byte, and one byte more', () => {
    for (const last of [COPY_LIMIT - 5, COPY_LIMIT - 4]) {
      const encoder = new Encoder({ role: 'server', kernel })
      encoder.isSlow = true
      // A private slab grows from 4 KiB to 64 KiB: fill some of each.
      const frames: Uint8Array[] = []
      for (let bytes = 0; bytes < 4 * SLAB_BYTES; bytes += COPY_LIMIT)
        frames.push(frame(COPY_LIMIT - 4), frame(last))
      for (let i = 0; i < 100; i++) frames.push(frame(61 + (i % 3)))
      for (const each of frames) encoder.append(each)
      expect(Buffer.compare(bytesOf(encoder), join(frames))).toBe(0)
    }
  })

  test('urgent frames pass appended ones for a slow peer, and nothing is lost', () => {
    const encoder = new Encoder({ role: 'server', kernel })
    encoder.isSlow = true
    encoder.append(frame(10))
    encoder.append(frame(40_000))
    encoder.urgentFrame(0x89, counted(2))
    encoder.append(frame(11))
    encoder.urgentFrame(0x8a, counted(3))
    const ping = frameBytes({ fin: true, opcode: 9, payload: counted(2), key: undefined })
    const pong = frameBytes({ fin: true, opcode: 10, payload: counted(3), key: undefined })
    expect(Buffer.compare(bytesOf(encoder), join([ping, pong, frame(10), frame(40_000), frame(11)]))).toBe(0)
  })

  test('the memory of what was appended is never written to', () => {
    const encoder = new Encoder({ role: 'server', kernel })
    const each = [frame(10), frame(COPY_LIMIT), frame(65_536)]
    for (let round = 0; round < 3; round++) {
      for (const one of each) encoder.append(one)
      encoder.release(encoder.take())
      encoder.frame(0x82, new Uint8Array(30_000).fill(0xff), 0, 30_000, false)
      encoder.release(encoder.take())
    }
    expect(
      each.map((one) =>
        Buffer.compare(one, frame(one.length - (one.length < 126 ? 2 : one.length < 65_536 ? 4 : 10))),
      ),
    ).toEqual([0, 0, 0])
  })
})
