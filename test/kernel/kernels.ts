// The kernels that every test of the contract runs on (src/kernel/kernel.ts).
// A runtime that forbids WebAssembly fails here: these tests are meant to see every kernel.

import { jsKernel } from '../../src/kernel/js.ts'
import type { Kernel } from '../../src/kernel/kernel.ts'
import { WINDOW_BYTES, WINDOW_PTR } from '../../src/kernel/layout.ts'
import { createWasmKernel } from '../../src/kernel/wasm.ts'

const wasm = createWasmKernel()

export const kernels: readonly Kernel[] = [jsKernel, wasm]

/**
 * The WASM kernel working in its own memory, which the arguments are copied into and out of: the module's code runs for
 * small sizes too, where the kernel itself prefers JavaScript. Ranges up to 32,000 bytes keep their alignment to 16.
 */
export const wasmInPlace: Kernel = {
  name: 'wasm',
  rows: wasm.rows,
  mask(source, sourceStart, target, targetStart, length, key, phase) {
    const from = WINDOW_PTR + (sourceStart & 15)
    const to =
      source === target && sourceStart === targetStart ? from : WINDOW_PTR + 0x8000 + (targetStart & 15)
    wasm.memory.set(source.subarray(sourceStart, sourceStart + length), from)
    const guarded = [to - 1, to + length]
    for (const at of guarded) wasm.memory[at] = 0xc5
    const behind = wasm.mask(wasm.memory, from, wasm.memory, to, length, key, phase)
    if (guarded.some((at) => wasm.memory[at] !== 0xc5)) throw new Error('bytes around were changed')
    target.set(wasm.memory.subarray(to, to + length), targetStart)
    return behind
  },
  utf8(bytes, start, end, state) {
    const from = WINDOW_PTR + (start & 15)
    wasm.memory.set(bytes.subarray(start, end), from)
    const result = wasm.utf8(wasm.memory, from, from + end - start, state)
    return result < 0 ? ~(~result - from + start) : result
  },
  scan(bytes, start, end, state) {
    wasm.memory.fill(0xc5, WINDOW_PTR, WINDOW_PTR + WINDOW_BYTES)
    wasm.memory.set(bytes.subarray(start, end), WINDOW_PTR)
    const status = wasm.scan(wasm.memory, WINDOW_PTR, WINDOW_PTR + end - start, state)
    bytes.set(wasm.memory.subarray(WINDOW_PTR, WINDOW_PTR + end - start), start)
    return status
  },
}

/** Every way in which a kernel's code runs, with a name for the tests' titles. */
export const kernelWays: readonly (readonly [way: string, kernel: Kernel])[] = [
  ['js', jsKernel],
  ['wasm', wasm],
  ['wasm in its own memory', wasmInPlace],
]
