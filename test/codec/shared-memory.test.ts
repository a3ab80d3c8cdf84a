// Memory that other threads write to while the codec works on it: received bytes, messages to send, growing buffers.
// It is copied before anything is judged, so that what was checked is what is delivered and what is sent.

import { Worker } from 'node:worker_threads'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Decoder } from '../../src/codec/decoder.ts'
import { Encoder } from '../../src/codec/encoder.ts'
import type { Message } from '../../src/codec/message.ts'
import { Protocol } from '../../src/codec/protocol.ts'
import { frameBytes, join } from '../fuzz/frames.ts'
import { kernels } from '../kernel/kernels.ts'
import { decodeAll } from '../reference/decode.ts'

const GrowableBuffer = SharedArrayBuffer as unknown as new (
  length: number,
  options: { maxByteLength: number },
) => SharedArrayBuffer & { grow(length: number): void }

const roles = ['server', 'client'] as const
const key = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d)
const peerOf = (role: 'server' | 'client') => (role === 'server' ? 'client' : 'server')
const counted = (length: number) => new Uint8Array(length).map((_, i) => i * 7)
const isSame = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0

function frameTo(role: 'server' | 'client', opcode: number, payload: Uint8Array): Uint8Array {
  return frameBytes({ fin: true, opcode, payload, key: role === 'server' ? key : undefined })
}

function shared(bytes: Uint8Array): Uint8Array {
  const view = new Uint8Array(new SharedArrayBuffer(bytes.length))
  view.set(bytes)
  return view
}

/** Another thread writes `values` in turn to each of the `places` until the test is over. */
async function disturb(
  bytes: Uint8Array,
  places: readonly number[],
  values: readonly number[],
): Promise<void> {
  const worker = new Worker(
    `const { parentPort, workerData: { bytes, places, values } } = require('node:worker_threads')
     parentPort.postMessage('begins')
     for (let i = 0; ; i++) for (const place of places) bytes[place] = values[i % values.length]`,
    { eval: true, workerData: { bytes, places, values } },
  )
  onTestFinished(async () => void (await worker.terminate()))
  await new Promise((resolve) => worker.once('message', resolve))
}

/** Repeats `round` for a tenth of a second, which is thousands of times, and for longer until `isEnough`. */
function repeat(round: () => void, isEnough: () => boolean): void {
  const began = performance.now()
  for (let passed = 0; passed < 100 || (!isEnough() && passed < 10_000); passed = performance.now() - began)
    round()
}

describe.each(kernels)('on the $name kernel', (kernel) => {
  test.each(roles)('O4: shared memory that a %s got is neither changed nor kept', (role) => {
    for (const length of [10, 300, 20_000, 100_000]) {
      const stream = join([frameTo(role, 2, counted(length)), frameTo(role, 9, counted(50))])
      const bytes = shared(stream)
      const decoder = new Decoder({ role, kernel })
      const events = [...decoder.push(bytes.subarray(0, 8)), ...decoder.push(bytes.subarray(8))] as Message[]
      expect(isSame(bytes, stream)).toBe(true)
      bytes.fill(0xee)
      expect(events.map(({ data }) => data.buffer instanceof ArrayBuffer)).toEqual([true, true])
      expect(isSame(events[0].data, counted(length))).toBe(true)
      expect(isSame(events[1].data, counted(50))).toBe(true)
    }
  })

  test('O4: shared memory that grew since its view was made shows all of it', () => {
    const stream = frameTo('server', 2, counted(1000))
    const buffer = new GrowableBuffer(100, { maxByteLength: 2000 })
    const view = new Uint8Array(buffer)
    view.set(stream.subarray(0, 100))
    const decoder = new Decoder({ role: 'server', kernel })
    expect(decoder.push(view)).toEqual([])
    buffer.grow(stream.length - 100)
    view.set(stream.subarray(100))
    expect(isSame((decoder.push(view)[0] as Message).data, counted(1000))).toBe(true)
  })

  test.each(roles)('O4: a message of a %s in shared memory is sent as it was at the call', (role) => {
    for (const length of [10, 300, 40_000, 100_000]) {
      const protocol = new Protocol({ role, kernel })
      const encoder = new Encoder({ role, kernel })
      const bytes = shared(counted(length))
      protocol.send(2, bytes)
      encoder.frame(0x82, bytes, 0, length, true)
      bytes.fill(0)
      const segments = encoder.take()
      const frame = join(segments.map(({ bytes, start, end }) => bytes.subarray(start, end)))
      for (const output of [protocol.output(), frame]) {
        const [{ data }] = decodeAll(output, { role: peerOf(role), readLimit: 2 ** 20 })
        expect(isSame(data!, counted(length))).toBe(true)
      }
    }
  })

  test.each(roles)(
    'O4: a text that another thread spoils while a %s sends it is refused, or sent as it was checked',
    async (role) => {
      const length = 20_000
      const bytes = shared(new Uint8Array(length).fill(0x61))
      await disturb(bytes, [length - 1, 0, length >> 1], [0xff, 0x61])
      const protocol = new Protocol({ role, kernel })
      const met = new Set<unknown>()
      const round = () => {
        try {
          protocol.send(1, bytes)
          const [{ type }] = decodeAll(protocol.output(), { role: peerOf(role) })
          met.add(type)
        } catch (error) {
          met.add((error as { code?: string }).code)
        }
      }
      repeat(round, () => met.size >= 2)
      expect(met).toEqual(new Set([1, 'ERR_WS_INVALID_UTF8']))
    },
  )

  test.each(roles)(
    'O6: a stream that another thread rewrites while a %s reads it gives whole messages or a fault, and never throws',
    async (role) => {
      const first = frameTo(role, 1, new Uint8Array(3000).fill(0x61))
      const last = frameTo(role, 1, new Uint8Array(20_000).fill(0x62))
      const bytes = shared(join([first, frameTo(role, 2, counted(100)), last]))
      // Both bytes of the headers, their lengths, and the text itself.
      const places = [0, 1, 2, 3, 100, first.length, first.length + 1, bytes.length - 1]
      await disturb(bytes, places, [...bytes.subarray(0, 3), 0xff, 0x00, 0x7f, 0x82])
      const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
      const met = new Set<number>()
      const round = () => {
        const decoder = new Decoder({ role, kernel, readLimit: 100_000 })
        for (let at = 0; at < bytes.length; at += 5000) {
          for (const event of decoder.push(bytes.subarray(at, at + 5000))) {
            met.add(event.type)
            if (event.type === 1) expect(event.text()).toBe(strict.decode(event.data))
          }
        }
      }
      repeat(round, () => met.has(0))
      expect(met.has(0)).toBe(true)
    },
  )
})
