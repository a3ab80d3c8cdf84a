// Masking in place by size (RFC 6455 §5.3): our kernels, ws's loop and bufferutil, beside a plain memory copy.
// "wasm" takes bytes from outside its memory and puts them back there (short ones it leaves to JavaScript), "wasm, own
// memory" finds them inside; "js, view kept" has its 32-bit view of the buffer made beforehand, as a scan has.

import assert from 'node:assert'
import { createRequire } from 'node:module'
import { wordsOf, xorWords } from '../../dist.esm/kernel/js-mask.js'
import { WINDOW_BYTES, WINDOW_PTR } from '../../dist.esm/kernel/layout.js'
import { formatSize } from '../report.mjs'
import { unmask as wsUnmask } from '../ws-parts.mjs'
import { measure } from './measure.mjs'

const bufferutil = createRequire(import.meta.url)('bufferutil')

const KEY = Buffer.from([0x37, 0xfa, 0x21, 0x3d])
const KEY_WORD = KEY.readUInt32LE()

export const title = 'Mask, in place'
export const unit = 'GB/s'
export const baseline = "ws's loop"
export const names = ['js', 'js, view kept', 'wasm', 'wasm, own memory', baseline, 'bufferutil', 'memcpy']

const ALL = [16, 32, 64, 125, 256, 512, 1024, 4096, 16384, 65536, 262144, 1048576]
const FEW = [16, 125, 1024, 65536, 1048576]

export async function* rows({ js, wasm }, effort) {
  for (const size of effort.quick ? FEW : ALL) {
    const competitors = competitorsFor(size, js, wasm)
    yield {
      label: formatSize(size),
      figures: toGigabytes(size, await measure(competitors, effort)),
    }
  }
}

function competitorsFor(size, js, wasm) {
  // Whole words, as a view of them reaches no further.
  const bytes = Buffer.from(new ArrayBuffer((size + 3) & ~3), 0, size).fill('a masked payload; ')
  const elsewhere = Buffer.allocUnsafeSlow(size)
  const words = wordsOf(bytes)
  const memory = wasm.memory
  const inPlace = {
    js(times) {
      for (let i = 0; i < times; i++) js.mask(bytes, 0, bytes, 0, size, KEY_WORD, 0)
    },
    'js, view kept'(times) {
      for (let i = 0; i < times; i++) xorWords(words, 0, size, KEY_WORD)
    },
    wasm(times) {
      for (let i = 0; i < times; i++) wasm.mask(bytes, 0, bytes, 0, size, KEY_WORD, 0)
    },
    [baseline](times) {
      for (let i = 0; i < times; i++) wsUnmask(bytes, KEY)
    },
    bufferutil(times) {
      for (let i = 0; i < times; i++) bufferutil.unmask(bytes, KEY)
    },
  }
  checkSameBytes(bytes, inPlace)

  const competitors = {
    ...inPlace,
    memcpy(times) {
      for (let i = 0; i < times; i++) elsewhere.set(bytes)
    },
  }
  if (size <= WINDOW_BYTES) {
    competitors['wasm, own memory'] = (times) => {
      for (let i = 0; i < times; i++) wasm.mask(memory, WINDOW_PTR, memory, WINDOW_PTR, size, KEY_WORD, 0)
    }
  }
  return competitors
}

function checkSameBytes(bytes, competitors) {
  const plain = Buffer.from(bytes)
  const masked = plain.map((byte, i) => byte ^ KEY[i & 3])
  for (const [name, run] of Object.entries(competitors)) {
    run(1)
    assert.deepStrictEqual(bytes, masked, `${name} masks wrongly`)
    bytes.set(plain)
  }
}

function toGigabytes(size, nanoseconds) {
  return Object.fromEntries(Object.entries(nanoseconds).map(([name, ns]) => [name, size / ns]))
}
