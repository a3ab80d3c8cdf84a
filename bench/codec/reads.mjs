// One read that carries a few whole frames (RFC 6455 §5.2): the usual case outside benchmarks.
// Here what a read costs as such counts as much as what its frames do.

import { formatSize } from '../report.mjs'
import { makeDecoder } from './decoders.mjs'
import { BINARY, framesIn, makeRead } from './frames.mjs'
import { decoding } from './fresh-reads.mjs'
import { Reader } from './reader.mjs'

const READ_BYTES = 64 * 1024

export const title = 'One read of k binary frames'
export const unit = 'ns per read'
export const baseline = 'ws'
export const sides = ['js', 'wasm', 'wasm, borrowed', 'ws-', baseline]

const SIZES = { all: [20, 125, 512, 1024, 4096, 16384], few: [20, 1024] }
const COUNTS = { all: [1, 4, 16], few: [1, 16] }

export function cases(quick) {
  const some = quick ? 'few' : 'all'
  return SIZES[some].flatMap((size) =>
    COUNTS[some]
      .filter((count) => count <= framesIn(READ_BYTES, size))
      .map((count) => ({ label: `${count} × ${formatSize(size)}`, size, count })),
  )
}

export function open({ size, count }, side) {
  const { bytes, payloads } = makeRead(BINARY, size, count)
  const reader = new Reader()
  return { ...decoding(bytes, payloads, makeDecoder(side, reader), reader), units: 1 }
}
