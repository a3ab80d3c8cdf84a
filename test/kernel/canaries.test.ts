// One WASM instance and one pool of slabs serve every connection: what one leaves there never shows at another.
// All of that memory is painted between any two calls, and nothing that comes out may depend on the paint.

import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { Decoder } from '../../src/codec/decoder.ts'
import { Encoder } from '../../src/codec/encoder.ts'
import type { DecoderEvent } from '../../src/codec/events.ts'
import { Message } from '../../src/codec/message.ts'
import { Protocol } from '../../src/codec/protocol.ts'
import { SLAB_BYTES } from '../../src/codec/slab.ts'
import type { Kernel } from '../../src/kernel/kernel.ts'
import { OUTGOING_PTR, ROWS_PTR, STATE_PTR, WINDOW_PTR } from '../../src/kernel/layout.ts'
import { createWasmKernel } from '../../src/kernel/wasm.ts'
import { frameBytes, join } from '../fuzz/frames.ts'
import { randomBytes } from '../fuzz/payloads.ts'
import { type Program, randomProgram } from '../fuzz/programs.ts'
import { seeded } from '../fuzz/random.ts'

const PAINTS = [0x00, 0xa5, 0x5a]
/** Constant tables of the module lie before it: not ours to paint over. */
const BEHIND_TABLES = 0x1000
const roles = ['server', 'client'] as const
const random = { fill: (bytes: Uint8Array) => bytes.fill(0x11) }

/** A kernel that finds its linear memory full of `octet` at every call, as if somebody else had been there. */
function painted(octet: number): Kernel & { readonly memory: Uint8Array } {
  const { memory, rows, outgoing, mask, utf8, scan } = createWasmKernel()
  return {
    name: 'wasm',
    memory,
    rows,
    ...(outgoing ? { outgoing } : {}),
    mask(...args) {
      paint()
      return mask(...args)
    },
    utf8(...args) {
      paint()
      return utf8(...args)
    },
    scan(...args) {
      paint()
      memory.fill(octet, ROWS_PTR, WINDOW_PTR)
      return scan(...args)
    },
  }
  /** All but the rows of the last scan, which may still be read, and the frames that are on their way out. */
  function paint(): void {
    memory.fill(octet, BEHIND_TABLES, ROWS_PTR)
    memory.fill(octet, WINDOW_PTR, OUTGOING_PTR)
  }
}

/** Another connection fills the slabs that are shared with `octet`, and gives them back. */
function paintSlabs(kernel: Kernel, octet: number): void {
  const other = new Encoder({ role: 'server', kernel })
  const half = new Uint8Array(SLAB_BYTES / 2 - 4).fill(octet)
  for (let i = 0; i < 6; i++) other.frame(0x82, half, 0, half.length, false)
  other.release(other.take())
}

const kernels = PAINTS.map((octet) => ({ octet, kernel: painted(octet) }))

/** What an event says, its payload aside. */
function words(event: DecoderEvent): string {
  if (event.type === 0) {
    const { code, message, closeCode, offset, reason } = event.error
    return JSON.stringify([code, message, closeCode, offset, reason])
  }
  return JSON.stringify(event.type === 8 ? [event.code, event.reason] : event.type)
}

/** All that a connection makes of a program, in a digest: events, their memory as far as it can be got at, answers. */
function digest(kernel: Kernel, { options, bytes, cuts }: Program, octet: number): string {
  paintSlabs(kernel, octet)
  const protocol = new Protocol({ ...options, kernel, random, checkSentUtf8: false })
  const hash = createHash('sha1')
  const ends = [...cuts, bytes.length]
  for (let i = 0; i < ends.length; i++) {
    const buffers = new Set<ArrayBufferLike>()
    for (const event of protocol.receive(bytes.slice(i === 0 ? 0 : ends[i - 1], ends[i]))) {
      hash.update(words(event))
      if (!('data' in event)) continue
      hash.update(event.data)
      buffers.add(event.data.buffer)
      // An echo, so that what comes in also goes out.
      if (Message.isMessage(event) && !protocol.isCloseSent) protocol.sendMessage(event, { copy: true })
    }
    for (const buffer of buffers) hash.update(new Uint8Array(buffer))
    hash.update(protocol.output())
  }
  return hash.digest('hex')
}

test('the paint is over all that a kernel and an encoder use', () => {
  for (const { octet, kernel } of kernels) {
    kernel.utf8(new Uint8Array(100), 0, 100, 0)
    const { memory } = kernel as ReturnType<typeof painted>
    for (const at of [STATE_PTR, WINDOW_PTR + 200, OUTGOING_PTR - 1]) expect(memory[at]).toBe(octet)
    paintSlabs(kernel, octet)
    const encoder = new Encoder({ role: 'server', kernel })
    encoder.textFrame(0x81, 'x')
    const [{ bytes, end }] = encoder.take()
    expect(bytes[end + 10]).toBe(octet)
  }
})

test('O10: no event and no answer depends on what earlier connections left in memory', () => {
  let programs = 0
  for (let seed = 0; seed < 300; seed++) {
    const program = randomProgram(seeded(seed), seed % 2 === 1)
    // Painting takes longer than anything else.
    if (program.cuts.length > 60) continue
    const [first, ...others] = kernels.map(({ kernel, octet }) => digest(kernel, program, octet))
    for (const other of others) if (other !== first) throw new Error(`seed ${seed}`)
    programs++
  }
  expect(programs).toBeGreaterThan(150)
})

describe.each(roles)('a %s', (role) => {
  test('O10: sends its own bytes and no others, in frames of every size', () => {
    const source = randomBytes(seeded(9), 140_000)
    const lengths = [0, 1, 47, 48, 49, 125, 126, 255, 256, 257, 5000, 32_768, 32_769, 65_522, 65_523, 140_000]
    for (const { octet, kernel } of kernels) {
      for (const length of lengths) {
        paintSlabs(kernel, octet)
        const encoder = new Encoder({ role, kernel, random })
        const text = 'ä€'.repeat(length / 5)
        encoder.frame(0x82, source, 0, length, true)
        encoder.textFrame(0x81, text)
        const sent = join(encoder.take().map(({ bytes, start, end }) => bytes.subarray(start, end)))
        const key = role === 'client' ? new Uint8Array(4).fill(0x11) : undefined
        const expected = join([
          frameBytes({ fin: true, opcode: 2, payload: source.subarray(0, length), key }),
          frameBytes({ fin: true, opcode: 1, payload: new TextEncoder().encode(text), key }),
        ])
        expect(Buffer.compare(sent, expected), `${length} bytes`).toBe(0)
      }
    }
  })

  test('O10: closes and fails with reasons that hold nothing but their own words', () => {
    const key = role === 'server' ? new Uint8Array(4) : undefined
    const reason = new TextEncoder().encode('bye')
    const cases = [
      frameBytes({ fin: true, opcode: 8, payload: join([Uint8Array.of(3, 232), reason]), key }),
      frameBytes({ fin: true, opcode: 8, payload: Uint8Array.of(3), key }),
      frameBytes({ fin: true, opcode: 8, payload: Uint8Array.of(3, 232, 0xff), key }),
      frameBytes({ fin: true, opcode: 1, payload: new Uint8Array(300).fill(0xff), key }),
      frameBytes({ fin: true, opcode: 3, payload: reason, key }),
    ]
    for (const bytes of cases) {
      const answers = kernels.map(({ octet, kernel }) => {
        paintSlabs(kernel, octet)
        const protocol = new Protocol({ role, kernel, random })
        const events = protocol.receive(bytes.slice()).map(words)
        return JSON.stringify([events, [...protocol.output()]])
      })
      expect(new Set(answers).size).toBe(1)
    }
  })
})

test('O10: a payload that shrinks while it is encoded lets no other byte out', () => {
  const ResizableBuffer = ArrayBuffer as unknown as new (
    length: number,
    options: { maxByteLength: number },
  ) => ArrayBuffer & { resize(length: number): void }
  const kernel = painted(0xa5)
  for (const length of [200, 300, 1000, 70_000]) {
    paintSlabs(kernel, 0xa5)
    const buffer = new ResizableBuffer(length, { maxByteLength: length })
    const shrinking = {
      fill: (bytes: Uint8Array) => {
        bytes.fill(0)
        buffer.resize(100)
      },
    }
    const encoder = new Encoder({ role: 'client', kernel, random: shrinking })
    let refusal: unknown
    try {
      encoder.frame(0x82, new Uint8Array(buffer), 0, length, false)
    } catch (error) {
      refusal = error
    }
    const sent = join(encoder.take().map(({ bytes, start, end }) => bytes.subarray(start, end)))
    expect(sent.includes(0xa5)).toBe(false)
    if (refusal !== undefined) expect(sent.length).toBe(0)
  }
})

test.each(kernels)(
  'O10: a message in pieces leaves no byte of others in the buffer it is given in, among $octet',
  ({ kernel }) => {
    const payload = randomBytes(seeded(4), 30_000).map((byte) => byte & 0x0f)
    for (const role of roles) {
      const key = role === 'server' ? new Uint8Array(4).fill(0x11) : undefined
      for (const cut of [1, 100, 4000, 29_999]) {
        const stream = join([
          frameBytes({ fin: false, opcode: 2, payload: payload.subarray(0, cut), key }),
          frameBytes({ fin: true, opcode: 0, payload: payload.subarray(cut), key }),
        ])
        const decoder = new Decoder({ role, kernel })
        const events = [...decoder.push(stream.slice(0, 3000)), ...decoder.push(stream.slice(3000))]
        expect(events.length).toBe(1)
        const { data } = events[0] as { data: Uint8Array }
        expect(Buffer.compare(data, payload)).toBe(0)
        expect(new Uint8Array(data.buffer).every((byte) => byte <= 0x0f)).toBe(true)
      }
    }
  },
)
