// The WASM kernel: the module of assembly/, compiled synchronously from embedded bytes, behind the kernel contract.
// Bytes outside its memory pass through its window: copied in, worked on, copied back once.

import { copyBytes, LOOP_MAX } from './copy.ts'
import { fromText } from './embedded.ts'
import { mask as jsMask, turnKey } from './js-mask.ts'
import { scan as jsScan } from './js-scan.ts'
import { utf8 as jsUtf8 } from './js-utf8.ts'
import type { Kernel } from './kernel.ts'
import {
  CONFIG_MASKED,
  MAX_ROWS,
  OUTGOING_BYTES,
  OUTGOING_PTR,
  ROW_WORDS,
  ROWS_PTR,
  STATE_CONFIG,
  STATE_CONSUMED,
  STATE_PTR,
  STATE_WORDS,
  WINDOW_BYTES,
  WINDOW_PTR,
} from './layout.ts'
import { wasmText } from './wasm-bytes.ts'

/** What assembly/index.ts exports. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer }
  mask(start: number, length: number, key: number): number
  utf8(start: number, length: number, state: number): number
  scan(start: number, length: number): number
}

/** Payloads outside the window that are shorter than this are masked in JavaScript (bench/kernels/mask.mjs). */
const MASK_FROM = 64
/** Texts outside the window that are shorter than this are checked in JavaScript (bench/kernels/utf8.mjs). */
const UTF8_FROM = 32
/**
 * Bytes outside the window that are fewer than this, a small frame or two, are scanned in JavaScript: on Node 20 one frame of
 * 20 B took 31 ns against 48, one of 60 B 49 against 50, one of 125 B 82 against 53.
 */
const SCAN_FROM = 64
/** Views of the window's first bytes are kept, one for each length up to this: 13 ns instead of 44 to copy them out. */
const KEPT_VIEW_MAX = 256

/** A {@link Kernel} in WebAssembly, with its linear memory for those who place bytes there themselves. */
export interface WasmKernel extends Kernel {
  readonly name: 'wasm'
  /** The whole linear memory; kernel functions given this very view work in place, without copying. */
  readonly memory: Uint8Array
}

/**
 * Compiles and instantiates the kernel.
 * @throws whatever the runtime throws where WebAssembly is absent (ReferenceError) or forbidden (CompileError)
 */
export function createWasmKernel(
  module: WebAssembly.Module = new WebAssembly.Module(fromText(wasmText)),
): WasmKernel {
  const instance = new WebAssembly.Instance(module)
  const wasm = instance.exports as unknown as Exports
  const buffer = wasm.memory.buffer
  const memory = new Uint8Array(buffer)
  const window = new Uint8Array(buffer, WINDOW_PTR, WINDOW_BYTES)
  const record = new Uint32Array(buffer, STATE_PTR, STATE_WORDS)
  const rows = new Uint32Array(buffer, ROWS_PTR, MAX_ROWS * ROW_WORDS)
  let claimed = OUTGOING_PTR

  const views: Uint8Array[] = []
  function windowOf(length: number): Uint8Array {
    if (length > KEPT_VIEW_MAX) return window.subarray(0, length)
    views[length] ??= window.subarray(0, length)
    return views[length]
  }

  function copyOut(bytes: Uint8Array, start: number, length: number): void {
    if (length > LOOP_MAX) bytes.set(windowOf(length), start)
    else for (let i = 0; i < length; i++) bytes[start + i] = window[i]
  }

  // A trap is a fault of ours, and none is known; after one nothing in the instance can be trusted.
  let broken = false

  return {
    name: 'wasm',
    rows,
    memory,

    outgoing: {
      bytes: memory,
      claim(length) {
        if (claimed + length > OUTGOING_PTR + OUTGOING_BYTES) return -1
        claimed += length
        return claimed - length
      },
    },

    mask(source, sourceStart, target, targetStart, length, key, phase) {
      const isInside = source === memory && target === memory
      let done = 0
      if (!broken && (isInside || length >= MASK_FROM)) {
        const turned = turnKey(key, phase)
        try {
          if (isInside) {
            if (sourceStart !== targetStart) memory.copyWithin(targetStart, sourceStart, sourceStart + length)
            wasm.mask(targetStart, length, turned)
            done = length
          }
          for (; done < length; done += WINDOW_BYTES) {
            const from = sourceStart + done
            const part = Math.min(WINDOW_BYTES, length - done)
            copyBytes(source, from, from + part, window, 0)
            wasm.mask(WINDOW_PTR, part, turned)
            copyOut(target, targetStart + done, part)
          }
          return (phase + length) & 3
        } catch {
          broken = true
        }
      }
      return jsMask(source, sourceStart + done, target, targetStart + done, length - done, key, phase)
    },

    utf8(bytes, start, end, state) {
      const isInside = bytes === memory
      if (!broken && (isInside || end - start >= UTF8_FROM)) {
        try {
          let result = state
          for (let at = start; at < end; at += WINDOW_BYTES) {
            const part = Math.min(WINDOW_BYTES, end - at)
            if (!isInside) copyBytes(bytes, at, at + part, window, 0)
            result = wasm.utf8(isInside ? at : WINDOW_PTR, part, result)
            if (result < 0) return ~(at + ~result)
          }
          return result
        } catch {
          broken = true
        }
      }
      return jsUtf8(bytes, start, end, state)
    },

    scan(bytes, start, end, state) {
      const isInside = bytes === memory
      if (!broken && (isInside || end - start >= SCAN_FROM)) {
        record.set(state)
        if (!isInside) copyBytes(bytes, start, end, window, 0)
        try {
          const status = wasm.scan(isInside ? start : WINDOW_PTR, end - start)
          // Unmasked frames were only read.
          if (!isInside && (state[STATE_CONFIG] & CONFIG_MASKED) !== 0)
            copyOut(bytes, start, record[STATE_CONSUMED])
          state.set(record)
          return status
        } catch {
          broken = true
        }
      }
      return jsScan(bytes, start, end, state, rows)
    },
  }
}
