// From bytes to strings by size and script (RFC 6455 §5.6): our transcoder beside what Node offers for texts that are not ASCII.
// The texts are valid; ours are checked before they are decoded, as part of the scan (see the UTF-8 table), and not again.

import assert from 'node:assert'
import { isUtf8 } from 'node:buffer'
import { nodeText } from '../../dist.cjs/node/text.js'
import { formatSize } from '../report.mjs'
import { measure } from './measure.mjs'
import { textOf } from './utf8.mjs'

export const title = 'Bytes to string'
export const unit = 'GB/s'
export const baseline = 'isUtf8 + utf8Slice'
export const names = ['by way of UTF-16', 'utf8Slice', 'TextDecoder', baseline]

const TEXTS = {
  mixed: 'Größe: 12 µm, naïve café – 日本 ok 🙂, señor; ',
  Latin: 'Größe, café, naïve, señor, über ',
  Cyrillic: 'Широкая электрификация южных губерний ',
  CJK: '網路通訊協定讓瀏覽器與伺服器保持連線',
  emoji: '🙂🚀🦍🌍🎉🔥',
}
const ALL = [16, 32, 64, 125, 512, 1024, 16384, 65536]
const FEW = [64, 1024, 65536]

export async function* rows(_, effort) {
  for (const script of Object.keys(TEXTS)) {
    for (const size of effort.quick ? FEW : ALL) {
      const nanoseconds = await measure(competitorsFor(textOf(TEXTS[script], size)), effort)
      yield {
        label: `${script} ${formatSize(size)}`,
        figures: Object.fromEntries(Object.entries(nanoseconds).map(([name, ns]) => [name, size / ns])),
      }
    }
  }
}

function competitorsFor(bytes) {
  const size = bytes.length
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  assert.strictEqual(nodeText.decode(bytes, 0, size, false), bytes.toString())
  return {
    'by way of UTF-16'(times) {
      for (let i = 0; i < times; i++) nodeText.decode(bytes, 0, size, false)
    },
    utf8Slice(times) {
      for (let i = 0; i < times; i++) bytes.utf8Slice(0, size)
    },
    TextDecoder(times) {
      for (let i = 0; i < times; i++) decoder.decode(bytes)
    },
    [baseline](times) {
      for (let i = 0; i < times; i++) isUtf8(bytes) && bytes.utf8Slice(0, size)
    },
  }
}
