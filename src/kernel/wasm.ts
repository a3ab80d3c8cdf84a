// The WASM kernel: the module of assembly/, compiled synchronously from embedded bytes, behind the kernel contract.
// Bytes outside its memory pass through its window: copied in, worked on, copied back once.

import { fromHex } from './hex.ts'
import { mask as jsMask } from './js-mask.ts'
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
import { wasmHex } from './wasm-bytes.ts'

/** What assembly/index.ts exports. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer }
  mask(source: number, target: number, length: number, key: number, phase: number): number
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
/** Up to so many bytes a loop copies as fast as set() does (13 ns on Node 20), or as a view is made for it (31 ns). */
const LOOP_MAX = 12
const LOOP_MAX_FOR_PART = 32
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
  module: WebAssembly.Module = new WebAssembly.Module(fromHex(wasmHex)),
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

  function copyIn(bytes: Uint8Array, start: number, length: number): void {
    if (length === bytes.length && length > LOOP_MAX) window.set(bytes)
    else if (length > LOOP_MAX_FOR_PART) window.set(bytes.subarray(start, start + length))
    else for (let i = 0; i < length; i++) window[i] = bytes[start + i]
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
      if (broken || (!isInside && length < MASK_FROM))
        return jsMask(source, sourceStart, target, targetStart, length, key, phase)
      let done = 0
      try {
        if (isInside) return wasm.mask(sourceStart, targetStart, length, key, phase)
        for (; done < length; done += WINDOW_BYTES) {
          const part = Math.min(WINDOW_BYTES, length - done)
          copyIn(source, sourceStart + done, part)
          phase = wasm.mask(WINDOW_PTR, WINDOW_PTR, part, key, phase)
          copyOut(target, targetStart + done, part)
        }
        return phase
      } catch {
        broken = true
        return jsMask(source, sourceStart + done, target, targetStart + done, length - done, key, phase)
      }
    },

    utf8(bytes, start, end, state) {
      const isInside = bytes === memory
      if (broken || (!isInside && end - start < UTF8_FROM)) return jsUtf8(bytes, start, end, state)
      try {
        if (isInside) {
          const result = wasm.utf8(start, end - start, state)
          return result < 0 ? ~(start + ~result) : result
        }
        let result = state
        for (let at = start; at < end; at += WINDOW_BYTES) {
          const part = Math.min(WINDOW_BYTES, end - at)
          copyIn(bytes, at, part)
          result = wasm.utf8(WINDOW_PTR, part, result)
          if (result < 0) return ~(at + ~result)
        }
        return result
      } catch {
        broken = true
        return jsUtf8(bytes, start, end, state)
      }
    },

    scan(bytes, start, end, state) {
      const isInside = bytes === memory
      if (broken || (!isInside && end - start < SCAN_FROM)) return jsScan(bytes, start, end, state, rows)
      record.set(state)
      if (!isInside) copyIn(bytes, start, end - start)
      let status: number
      try {
        status = wasm.scan(isInside ? start : WINDOW_PTR, end - start)
      } catch {
        broken = true
        return jsScan(bytes, start, end, state, rows)
      }
      // Unmasked frames were only read.
      if (!isInside && (state[STATE_CONFIG] & CONFIG_MASKED) !== 0)
        copyOut(bytes, start, record[STATE_CONSUMED])
      state.set(record)
      return status
    },
  }
}
