// When WebAssembly fails: absent, forbidden or out of memory at the start, or a trap in the middle of a life.
// Then JavaScript serves, with the same results; a fault of ours must not become one of the peer, or an exception.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Decoder } from '../../src/codec/decoder.ts'
import { Encoder } from '../../src/codec/encoder.ts'
import { jsKernel } from '../../src/kernel/js.ts'
import type { Kernel } from '../../src/kernel/kernel.ts'
import { kernelName, kernelReason } from '../../src/kernel/select.ts'
import { createWasmKernel } from '../../src/kernel/wasm.ts'
import { feed } from '../codec/feed.ts'
import { difference } from '../codec/plain-events.ts'
import { frameBytes, join } from '../fuzz/frames.ts'
import { randomBytes, randomText } from '../fuzz/payloads.ts'
import { type Program, randomProgram } from '../fuzz/programs.ts'
import { seeded } from '../fuzz/random.ts'
import { callsOf } from './watched-wasm.ts'

describe('O9: JavaScript serves where the instance cannot be made:', () => {
  const realmKey = Symbol.for('gibbon-ws.realm.1')
  const scope = globalThis as {
    [realmKey]?: object | undefined
    WebAssembly?: typeof WebAssembly | undefined
  }
  const { [realmKey]: realm, WebAssembly: original } = scope
  const forced = process.env.GIBBON_KERNEL

  beforeEach(() => {
    scope[realmKey] = undefined
    process.env.GIBBON_KERNEL = ''
  })
  afterEach(() => {
    scope[realmKey] = realm
    scope.WebAssembly = original
    process.env.GIBBON_KERNEL = forced ?? ''
  })

  const throwing = (error: Error) =>
    class {
      constructor() {
        throw error
      }
    }

  test.each<[string, object | undefined, RegExp]>([
    ['there is no WebAssembly', undefined, /wasm: /],
    ['compiling is forbidden', { Module: throwing(new Error('not allowed here')) }, /wasm: not allowed here/],
    [
      'SIMD is not known',
      { Module: throwing(new Error('invalid value type 0x7b')) },
      /wasm: invalid value type 0x7b/,
    ],
    [
      'there is no memory for it',
      { Module: original?.Module, Instance: throwing(new RangeError('could not allocate memory')) },
      /wasm: could not allocate memory/,
    ],
  ])('%s', (_, replacement, reason) => {
    scope.WebAssembly = replacement as typeof WebAssembly | undefined
    expect(kernelName()).toBe('js')
    expect(kernelReason()).toMatch(reason)
    const decoder = new Decoder({ role: 'client' })
    const payload = randomBytes(seeded(1), 1000)
    const [message] = decoder.push(frameBytes({ fin: true, opcode: 2, payload, key: undefined }))
    expect(message).toMatchObject({ type: 2, byteLength: 1000 })
  })
})

/** What a trap may leave behind: nothing done, or the work done in linear memory and not told. */
const moments = ['before', 'behind'] as const

/** A kernel whose module traps at its call number `at`, and counts the calls that come later. */
function trapping(at: number, moment: (typeof moments)[number]) {
  const count = { calls: 0, late: 0 }
  const kernel = callsOf(createWasmKernel, (_, __, run) => {
    count.calls++
    if (count.calls > at) count.late++
    if (count.calls !== at) return run()
    if (moment === 'behind') run()
    throw new WebAssembly.RuntimeError('unreachable')
  })
  return { kernel, count }
}

/** Messages whole and cut, in reads of every size, so that all three functions are called. */
function longProgram(role: 'server' | 'client'): Program {
  const pick = seeded(5)
  const key = role === 'server' ? randomBytes(pick, 4) : undefined
  const frame = (opcode: number, payload: Uint8Array, fin = true) => frameBytes({ fin, opcode, payload, key })
  const bytes = join([
    frame(1, randomText(pick, 300)),
    frame(2, randomBytes(pick, 20_000)),
    frame(1, randomText(pick, 100_000), false),
    frame(9, randomBytes(pick, 125)),
    frame(0, randomText(pick, 5000)),
    frame(8, Uint8Array.of(3, 232)),
  ])
  return { options: { role }, bytes, cuts: [200, 5000, 9000, 60_000, 119_000], keep: 'none' }
}

describe.each(moments)('a trap that comes %s the work', (moment) => {
  test.each(['server', 'client'] as const)(
    'O9: changes no event that a %s gets, wherever it strikes, and the instance is not used again',
    (role) => {
      const program = longProgram(role)
      const expected = feed(jsKernel, program)
      const { kernel, count } = trapping(Number.POSITIVE_INFINITY, moment)
      expect(difference(expected, feed(kernel, program))).toBeUndefined()
      expect(count.calls).toBeGreaterThan(5)
      for (let at = 1; at <= count.calls; at++) {
        const broken = trapping(at, moment)
        expect(difference(expected, feed(broken.kernel, program)), `call ${at}`).toBeUndefined()
        expect(broken.count.late, `calls behind ${at}`).toBe(0)
      }
    },
  )

  test('O9: changes no event of random streams', () => {
    for (let seed = 0; seed < 200; seed++) {
      const program = randomProgram(seeded(seed), seed % 2 === 1)
      const { kernel } = trapping(1 + (seed % 7), moment)
      const found = difference(feed(jsKernel, program), feed(kernel, program))
      if (found !== undefined) throw new Error(`seed ${seed}: ${found}`)
    }
  })
})

test('O9: a trap changes no byte of what is sent', () => {
  const random = { fill: (bytes: Uint8Array) => bytes.fill(0x5a) }
  const source = randomBytes(seeded(2), 200_000)
  const encoded = (kernel: Kernel) => {
    const encoder = new Encoder({ role: 'client', kernel, random })
    for (const length of [300, 40_000, 150_000]) encoder.frame(0x82, source, 1, 1 + length, false)
    encoder.textFrame(0x81, 'ä'.repeat(5000))
    return join(encoder.take().map(({ bytes, start, end }) => bytes.subarray(start, end)))
  }
  const expected = encoded(jsKernel)
  for (let at = 1; at <= 7; at++)
    expect(Buffer.compare(encoded(trapping(at, 'before').kernel), expected), `call ${at}`).toBe(0)
})
