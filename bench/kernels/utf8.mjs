// Checking UTF-8 by size and script (RFC 6455 §8.1): our kernels, Node's isUtf8 (simdutf) and ws's loop.
// All texts are valid and fill their size exactly, so every competitor reads every byte.

import assert from 'node:assert'
import { isUtf8 } from 'node:buffer'
import { UTF8_ACCEPT, UTF8_STATE } from '../../dist.esm/kernel/layout.js'
import { formatSize } from '../report.mjs'
import { isValidUtf8 as wsIsValidUtf8 } from '../ws-parts.mjs'
import { measure } from './measure.mjs'

export const title = 'UTF-8 check'
export const unit = 'GB/s'
export const baseline = "ws's loop"
export const names = ['js', 'wasm', 'isUtf8', baseline]

const TEXTS = {
  ASCII: 'The quick brown fox jumps over the lazy dog. ',
  mixed: 'Größe: 12 µm, naïve café – 日本 ok 🙂, señor; ',
  CJK: '網路通訊協定讓瀏覽器與伺服器保持連線',
  emoji: '🙂🚀🦍🌍🎉🔥',
}
const ALL = [16, 64, 125, 512, 1024, 4096, 16384, 65536]
const FEW = [16, 125, 1024, 65536]

export async function* rows({ js, wasm }, effort) {
  for (const script of Object.keys(TEXTS)) {
    for (const size of effort.quick ? FEW : ALL) {
      const nanoseconds = await measure(competitorsFor(textOf(TEXTS[script], size), js, wasm), effort)
      yield {
        label: `${script} ${formatSize(size)}`,
        figures: Object.fromEntries(Object.entries(nanoseconds).map(([name, ns]) => [name, size / ns])),
      }
    }
  }
}

/** `sample` again and again, whole characters only, then spaces up to `size` bytes. */
export function textOf(sample, size) {
  const bytes = Buffer.allocUnsafeSlow(size)
  const { written } = new TextEncoder().encodeInto(sample.repeat(size), bytes)
  return bytes.fill(' ', written)
}

function competitorsFor(bytes, js, wasm) {
  const size = bytes.length
  assert(isUtf8(bytes) && wsIsValidUtf8(bytes))
  for (const kernel of [js, wasm]) {
    const state = kernel.utf8(bytes, 0, size, UTF8_ACCEPT)
    assert(state >= 0 && (state & UTF8_STATE) === UTF8_ACCEPT, `${kernel.name} refuses valid UTF-8`)
  }
  return {
    js(times) {
      for (let i = 0; i < times; i++) js.utf8(bytes, 0, size, UTF8_ACCEPT)
    },
    wasm(times) {
      for (let i = 0; i < times; i++) wasm.utf8(bytes, 0, size, UTF8_ACCEPT)
    },
    isUtf8(times) {
      for (let i = 0; i < times; i++) isUtf8(bytes)
    },
    [baseline](times) {
      for (let i = 0; i < times; i++) wsIsValidUtf8(bytes)
    },
  }
}
