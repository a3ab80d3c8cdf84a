// Messages that never end, or come in the smallest of pieces: what they may cost in memory and in time.
// RFC 6455 §5.4, §10.4; the ids are those of docs/bad-input.md.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { Decoder } from '../../src/codec/decoder.ts'
import type { DecoderEvent } from '../../src/codec/events.ts'
import type { Message } from '../../src/codec/message.ts'
import { join } from '../fuzz/frames.ts'
import { kernels, kernelWays } from '../kernel/kernels.ts'
import { frameTo } from './bad-inputs.ts'
import { plainEvent } from './plain-events.ts'

const roles = ['server', 'client'] as const

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes that are still reachable, on the heap and in buffers. */
async function retainedBytes(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    collect()
    // Freed buffers are returned in the background.
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const repeated = (frame: Uint8Array, count: number) => join(Array.from({ length: count }, () => frame))

describe.each(kernelWays)('%s', (_, kernel) => {
  test('E3: endless empty fragments hold nothing, and are a fault of the one beyond maxFragments', () => {
    for (const role of roles) {
      const [first, next] = [frameTo(role, 2), frameTo(role, 0)]
      const decoder = new Decoder({ role, kernel, maxFragments: 10_000 })
      expect(decoder.push(join([first, repeated(next, 9999)]))).toEqual([])
      expect(decoder.pendingBytes).toBe(0)
      const offset = first.length + 9999 * next.length
      expect(decoder.push(next.slice(0, 1))).toEqual([])
      expect(decoder.push(next.slice(1)).map(plainEvent)).toEqual([
        { type: 0, error: 'ERR_WS_TOO_MANY_FRAGMENTS', closeCode: 1008, offset },
      ])
      expect(decoder.push(repeated(next, 100))).toEqual([])
    }
  })

  test('E4: unfinished messages of many fragments of one byte hold twice their bytes at most', async () => {
    const links = 20
    const parts = repeated(frameTo('server', 0, 'aa'), 1000)
    // Right behind a growth of the buffer, and long behind one.
    for (const fragments of [40_000, 131_000]) {
      const before = await retainedBytes()
      const decoders = Array.from({ length: links }, () => new Decoder({ role: 'server', kernel }))
      for (const decoder of decoders) decoder.push(frameTo('server', 2))
      for (let i = 0; i < fragments / 1000; i++) for (const decoder of decoders) decoder.push(parts.slice())
      const retained = (await retainedBytes()) - before
      for (const decoder of decoders) expect(decoder.pendingBytes).toBe(fragments)
      // 16 KiB for a decoder and its smallest buffer, and a megabyte for what the test itself leaves.
      expect(retained).toBeLessThan(links * (2 * fragments + 16_384) + 1_000_000)
    }
  })
})

describe.each(kernels)('on the $name kernel', (kernel) => {
  test('E9: a message of 16 MiB comes in pieces of one byte in linear time', { timeout: 120_000 }, () => {
    function time(length: number): number {
      const payload = new Uint8Array(length).map((_, i) => i * 7)
      const stream = frameTo('server', 0x82, payload)
      const decoder = new Decoder({ role: 'server', kernel })
      const piece = new Uint8Array(1)
      const events: DecoderEvent[] = []
      const start = performance.now()
      for (let at = 0; at < stream.length; at++) {
        piece[0] = stream[at]
        const news = decoder.push(piece)
        if (news.length > 0) events.push(...news)
      }
      const end = performance.now()
      expect(events.length).toBe(1)
      expect(Buffer.compare((events[0] as Message).data, payload)).toBe(0)
      return end - start
    }
    // Eight times as long where it is linear, 64 times where it is not; that is found before it would take hours.
    const [tiny, short] = [1 << 16, 1 << 19].map((length) => Math.min(time(length), time(length)))
    expect(short).toBeLessThan(30 * Math.max(tiny, 5))
    expect(time(1 << 24)).toBeLessThan(150 * short)
  })
})
