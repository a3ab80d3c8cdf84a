// The ways in which a program is run: on every kernel, and on the WASM module alone.
// That kernel leaves what is small to JavaScript, so streams of small frames would hardly meet the module's code.

import type { TextCodec } from '../../src/codec/ports.ts'
import { portableText } from '../../src/codec/text-codec.ts'
import type { Kernel } from '../../src/kernel/kernel.ts'
import { WINDOW_BYTES, WINDOW_PTR } from '../../src/kernel/layout.ts'
import { createWasmKernel } from '../../src/kernel/wasm.ts'
import { nodeText } from '../../src/node/text.ts'
import { createTranscoder } from '../../src/node/transcoder.ts'
import { kernels } from '../kernel/kernels.ts'

const CANARY = 0xc5
const GUARD = 32

const wasm = createWasmKernel()
const { memory } = wasm
const window = memory.subarray(WINDOW_PTR, WINDOW_PTR + WINDOW_BYTES)

/** Copies to the window; the bytes behind must not change, nor make a difference. */
function copyIn(bytes: Uint8Array, start: number, end: number): void {
  window.set(bytes.subarray(start, end))
  memory.fill(CANARY, WINDOW_PTR + end - start, WINDOW_PTR + end - start + GUARD)
}

function copyOut(bytes: Uint8Array, start: number, end: number): void {
  const behind = WINDOW_PTR + end - start
  for (let at = behind; at < behind + GUARD; at++)
    if (memory[at] !== CANARY) throw new Error('bytes behind the window were changed')
  bytes.set(window.subarray(0, end - start), start)
}

/** The WASM module working in its own memory, whatever the size. */
const wasmAlone: Kernel = {
  name: 'wasm',
  rows: wasm.rows,
  mask(source, sourceStart, target, targetStart, length, key, phase) {
    for (let done = 0; done < length; done += WINDOW_BYTES) {
      const part = Math.min(WINDOW_BYTES, length - done)
      copyIn(source, sourceStart + done, sourceStart + done + part)
      phase = wasm.mask(memory, WINDOW_PTR, memory, WINDOW_PTR, part, key, phase)
      copyOut(target, targetStart + done, targetStart + done + part)
    }
    return phase
  },
  utf8(bytes, start, end, state) {
    for (let at = start; at < end; at += WINDOW_BYTES) {
      const part = Math.min(WINDOW_BYTES, end - at)
      copyIn(bytes, at, at + part)
      state = wasm.utf8(memory, WINDOW_PTR, WINDOW_PTR + part, state)
      if (state < 0) return ~(at + ~state - WINDOW_PTR)
    }
    return state
  },
  scan(bytes, start, end, state) {
    copyIn(bytes, start, end)
    const status = wasm.scan(memory, WINDOW_PTR, WINDOW_PTR + end - start, state)
    copyOut(bytes, start, end)
    return status
  },
}

const transcode = createTranscoder()

/** The texts of Node, where the transcoder takes the shortest ones too, and must not trap. */
const text: TextCodec = {
  ...nodeText,
  decode: (bytes, start, end, isAscii) =>
    isAscii || transcode === undefined
      ? nodeText.decode(bytes, start, end, isAscii)
      : transcode(bytes, start, end),
}

/** Every way, with a name. */
export const ways: readonly (readonly [name: string, kernel: Kernel, text: TextCodec])[] = [
  ...kernels.map((kernel) => [`${kernel.name} with the texts of Node`, kernel, text] as const),
  ['wasm in its own memory', wasmAlone, portableText],
]
