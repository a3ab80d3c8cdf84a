// The WASM kernel: the module of assembly/, compiled synchronously from embedded bytes, behind the kernel contract.
// Bytes outside its memory pass through its window: copied in, worked on, copied back once.

import { mask as jsMask } from './js-mask.ts'
import { scan as jsScan } from './js-scan.ts'
import { utf8 as jsUtf8 } from './js-utf8.ts'
import type { Kernel } from './kernel.ts'
import {
  CONFIG_MASKED,
  MAX_ROWS,
  ROW_WORDS,
  ROWS_PTR,
  STATE_CONFIG,
  STATE_CONSUMED,
  STATE_MESSAGE,
  STATE_PTR,
  STATE_WORDS,
  WINDOW_BYTES,
  WINDOW_PTR,
} from './layout.ts'
import { wasmBase64 } from './wasm-bytes.ts'

/** What assembly/index.ts exports. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer }
  mask(source: number, target: number, length: number, key: number, phase: number): number
  utf8(start: number, length: number, state: number): number
  scan(start: number, length: number): number
}

/** Payloads outside the window that are shorter than this are masked in JavaScript (bench/kernels/mask.mjs). */
const MASK_FROM = 256
/** Texts outside the window that are shorter than this are checked in JavaScript (bench/kernels/utf8.mjs). */
const UTF8_FROM = 64
/**
 * Bytes outside the window that are fewer than this, a small frame or two, are scanned in JavaScript: on Node 20 one frame of
 * 20 B took 43 ns against 86, one of 60 B 81 against 93, one of 125 B 143 against 93.
 */
const SCAN_FROM = 72
/** Up to so many bytes a loop copies faster than a view is made: an estimate, some 40 ns for the view on Node 20. */
const LOOP_COPY_MAX = 48

/** A {@link Kernel} in WebAssembly, with its linear memory for those who place bytes there themselves. */
export interface WasmKernel extends Kernel {
  readonly name: 'wasm'
  /** The whole linear memory; kernel functions given this very view work in place, without copying. */
  readonly memory: Uint8Array
}

/** The module's bytes, decoded. */
export function wasmBytes(): Uint8Array<ArrayBuffer> {
  const text = atob(wasmBase64)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

/**
 * Compiles and instantiates the kernel.
 * @throws whatever the runtime throws where WebAssembly is absent (ReferenceError) or forbidden (CompileError)
 */
export function createWasmKernel(): WasmKernel {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(wasmBytes()))
  const wasm = instance.exports as unknown as Exports
  const buffer = wasm.memory.buffer
  const memory = new Uint8Array(buffer)
  const window = new Uint8Array(buffer, WINDOW_PTR, WINDOW_BYTES)
  const record = new Uint32Array(buffer, STATE_PTR, STATE_WORDS)
  const rows = new Uint32Array(buffer, ROWS_PTR, MAX_ROWS * ROW_WORDS)

  function copyIn(bytes: Uint8Array, start: number, length: number): void {
    if (length <= LOOP_COPY_MAX) for (let i = 0; i < length; i++) window[i] = bytes[start + i]
    else if (length === bytes.length) window.set(bytes)
    else window.set(bytes.subarray(start, start + length))
  }

  function copyOut(bytes: Uint8Array, start: number, length: number): void {
    if (length <= LOOP_COPY_MAX) for (let i = 0; i < length; i++) bytes[start + i] = window[i]
    else bytes.set(window.subarray(0, length), start)
  }

  return {
    name: 'wasm',
    rows,
    memory,

    mask(source, sourceStart, target, targetStart, length, key, phase) {
      if (source === memory && target === memory)
        return wasm.mask(sourceStart, targetStart, length, key, phase)
      if (length < MASK_FROM) return jsMask(source, sourceStart, target, targetStart, length, key, phase)
      for (let done = 0; done < length; done += WINDOW_BYTES) {
        const part = Math.min(WINDOW_BYTES, length - done)
        copyIn(source, sourceStart + done, part)
        phase = wasm.mask(WINDOW_PTR, WINDOW_PTR, part, key, phase)
        copyOut(target, targetStart + done, part)
      }
      return phase
    },

    utf8(bytes, start, end, state) {
      if (bytes === memory) {
        const result = wasm.utf8(start, end - start, state)
        return result < 0 ? ~(start + ~result) : result
      }
      if (end - start < UTF8_FROM) return jsUtf8(bytes, start, end, state)
      for (let at = start; at < end; at += WINDOW_BYTES) {
        const part = Math.min(WINDOW_BYTES, end - at)
        copyIn(bytes, at, part)
        state = wasm.utf8(WINDOW_PTR, part, state)
        if (state < 0) return ~(at + ~state)
      }
      return state
    },

    scan(bytes, start, end, state) {
      const isOutside = bytes !== memory
      if (isOutside && end - start < SCAN_FROM) return jsScan(bytes, start, end, state, rows)
      for (let i = 0; i < STATE_CONSUMED; i++) record[i] = state[i]
      if (isOutside) copyIn(bytes, start, end - start)
      const status = wasm.scan(isOutside ? WINDOW_PTR : start, end - start)
      // Unmasked frames were only read.
      if (isOutside && (state[STATE_CONFIG] & CONFIG_MASKED) !== 0)
        copyOut(bytes, start, record[STATE_CONSUMED])
      for (let i = STATE_MESSAGE; i < STATE_WORDS; i++) state[i] = record[i]
      return status
    },
  }
}
