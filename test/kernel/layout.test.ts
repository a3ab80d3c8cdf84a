// The WASM module against src/kernel/layout.ts: what it needs, how much memory it has, and what stays in it.
// One instance serves every connection of a realm, so the bytes of one must never come out at another.

import { expect, test } from 'vitest'
import { Decoder } from '../../src/codec/decoder.ts'
import type { Message } from '../../src/codec/message.ts'
import { fromText } from '../../src/kernel/embedded.ts'
import * as layout from '../../src/kernel/layout.ts'
import { createWasmKernel } from '../../src/kernel/wasm.ts'
import { wasmText } from '../../src/kernel/wasm-bytes.ts'
import { frameBytes } from '../fuzz/frames.ts'
import { kernels } from './kernels.ts'

const compiled = new WebAssembly.Module(fromText(wasmText))

test('the module imports nothing and exports its memory and the three functions', () => {
  expect(WebAssembly.Module.imports(compiled)).toEqual([])
  const names = WebAssembly.Module.exports(compiled).map(({ name }) => name)
  expect(names.sort()).toEqual(['mask', 'memory', 'scan', 'utf8'])
})

test('the memory has the size of the layout and never grows', () => {
  const { memory } = new WebAssembly.Instance(compiled).exports as { memory: WebAssembly.Memory }
  expect(memory.buffer.byteLength).toBe(layout.MEMORY_PAGES * 65536)
  expect(() => memory.grow(1)).toThrow(RangeError)
  expect(createWasmKernel().memory.length).toBe(layout.MEMORY_PAGES * 65536)
})

test('what the module brings along lies where the layout has the tables', () => {
  const { memory } = new WebAssembly.Instance(compiled).exports as { memory: WebAssembly.Memory }
  const bytes = new Uint8Array(memory.buffer)
  for (let at = 0; at < bytes.length; at++)
    if (bytes[at] !== 0 && (at < 0x400 || at >= layout.STATE_PTR)) throw new Error(`a byte at ${at}`)
})

test('the regions of the memory do not overlap', () => {
  expect(layout.STATE_PTR + layout.STATE_WORDS * 4).toBeLessThanOrEqual(layout.ROWS_PTR)
  expect(layout.ROWS_PTR + layout.MAX_ROWS * layout.ROW_WORDS * 4).toBeLessThanOrEqual(layout.WINDOW_PTR)
  expect(layout.WINDOW_PTR + layout.WINDOW_BYTES).toBeLessThan(layout.MEMORY_PAGES * 65536)
  for (const pointer of [layout.STATE_PTR, layout.ROWS_PTR, layout.WINDOW_PTR]) expect(pointer % 16).toBe(0)
})

test.each(['CONFIG_', 'ROW_F', 'FAULT_'])('the flags %s… are different single bits', (prefix) => {
  const flags = Object.entries(layout).filter(([name]) => name.startsWith(prefix))
  expect(flags.length).toBeGreaterThan(1)
  const bits = flags.map(([, flag]) => flag)
  expect(new Set(bits).size).toBe(bits.length)
  for (const bit of bits) expect(bit & (bit - 1)).toBe(0)
})

test.each(kernels)('$name: no byte of one connection comes out at another', (kernel) => {
  const secret = new TextEncoder().encode('SECRET')
  const key = Uint8Array.of(1, 2, 3, 4)
  const payload = new Uint8Array(60_000).map((_, i) => secret[i % secret.length])
  const theirs = frameBytes({ fin: true, opcode: 1, payload, key })
  for (const length of [0, 1, 5, 47, 48, 49, 60, 126, 255, 256, 300, 5000, 20_000, 70_000]) {
    for (const part of [1, 7, 100, 4096, 65536, 200_000]) {
      const ours = new Decoder({ role: 'server', kernel })
      const stream = frameBytes({ fin: true, opcode: 2, payload: new Uint8Array(length), key })
      const pieces: Uint8Array[] = []
      const messages: Message[] = []
      for (let at = 0; at < stream.length; at += part * (stream.length > 9999 && part < 99 ? 999 : 1)) {
        const step = part * (stream.length > 9999 && part < 99 ? 999 : 1)
        new Decoder({ role: 'server', kernel }).push(theirs.slice())
        const piece = stream.slice(at, at + step)
        pieces.push(piece)
        messages.push(...(ours.push(piece) as Message[]))
      }
      expect(messages.length).toBe(1)
      for (const bytes of [...pieces, new Uint8Array(messages[0].data.buffer)])
        expect(Buffer.from(bytes.buffer).includes('SECR')).toBe(false)
      expect(messages[0].data.every((octet) => octet === 0)).toBe(true)
    }
  }
})
