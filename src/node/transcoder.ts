// UTF-8 to strings by way of UTF-16, which a WASM module makes and Buffer copies: on Node 20 and 22 it is 2 to 9 times as fast
// as their own decoder for text that is not ASCII (bench/kernels/text.mjs). Compiled when the first such text is read.

import { Buffer } from 'node:buffer'
import { fromText } from '../kernel/embedded.ts'
import { kernelName } from '../kernel/select.ts'
import { SOURCE_BYTES, SOURCE_PTR, TARGET_PTR } from './transcoder-layout.ts'
import { wasmText } from './wasm-bytes.ts'

/** What assembly/transcode.ts exports. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer }
  transcode(source: number, length: number, target: number): number
}

const { ucs2Slice } = Buffer.prototype as unknown as {
  ucs2Slice(this: Uint8Array, start: number, end: number): string
}

/** Up to so many bytes of a larger array a loop copies faster than a view is made for set(). */
const LOOP_MAX = 32

/** From this version on Node decodes UTF-8 as fast as UTF-8 can be checked: up to 4 times as fast as by way of UTF-16. */
const FAST_SINCE = 24

export type Transcode = (bytes: Uint8Array, start: number, end: number) => string

/**
 * Makes the function that decodes bytes[start..end), which are valid UTF-8.
 * @returns undefined where the runtime's own way is faster, where WebAssembly is absent or forbidden, and where plain
 *   JavaScript was asked for
 */
export function createTranscoder(): Transcode | undefined {
  if (Number.parseInt(process.versions.node, 10) >= FAST_SINCE || kernelName() === 'js') return undefined
  try {
    return instantiate()
  } catch {
    return undefined
  }
}

function instantiate(): Transcode {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(fromText(wasmText)))
  const wasm = instance.exports as unknown as Exports
  const memory = new Uint8Array(wasm.memory.buffer)
  const source = memory.subarray(SOURCE_PTR, SOURCE_PTR + SOURCE_BYTES)

  function part(bytes: Uint8Array, start: number, end: number): string {
    const length = end - start
    if (length <= LOOP_MAX) for (let i = 0; i < length; i++) source[i] = bytes[start + i]
    else source.set(length === bytes.length ? bytes : bytes.subarray(start, end))
    const units = wasm.transcode(SOURCE_PTR, length, TARGET_PTR)
    return ucs2Slice.call(memory, TARGET_PTR, TARGET_PTR + 2 * units)
  }

  return (bytes, start, end) => {
    if (end - start <= SOURCE_BYTES) return part(bytes, start, end)
    let text = ''
    for (let at = start; at < end; ) {
      let stop = Math.min(end, at + SOURCE_BYTES)
      // Whole characters only: back to the first byte of the one that is cut.
      if (stop < end) while ((bytes[stop] & 0xc0) === 0x80) stop--
      text += part(bytes, at, stop)
      at = stop
    }
    return text
  }
}
