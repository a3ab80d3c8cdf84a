// Decoding 64 KiB reads full of a client's masked frames (RFC 6455 §5.2): what one message costs.
// It ends with what the application gets: a view of the message's bytes, or a string; borrowed: where its bytes are.

import { formatSize } from '../report.mjs'
import { makeDecoder } from './decoders.mjs'
import { BINARY, framesIn, makeRead } from './frames.mjs'
import { decoding } from './fresh-reads.mjs'
import { Reader } from './reader.mjs'

const READ_BYTES = 64 * 1024

export const title = 'Decode, 64 KiB of masked frames a read'
export const unit = 'ns per message'
export const baseline = 'ws'
export const sides = ['js', 'js, borrowed', 'wasm', 'wasm, borrowed', 'websocket-driver', 'ws-', baseline]

const ALL = [
  [BINARY, 20],
  [BINARY, 125],
  [BINARY, 1024],
  [BINARY, 16384],
  ['ASCII', 20],
  ['ASCII', 1024],
  ['ASCII', 16384],
  ['mixed', 1024],
]
const FEW = [ALL[0], ALL[2], ALL[5], ALL[7]]

export function cases(quick) {
  return (quick ? FEW : ALL).map(([kind, size]) => ({
    label: kind === BINARY ? `${formatSize(size)} binary` : `${formatSize(size)} ${kind} text`,
    kind,
    size,
  }))
}

export function open({ kind, size }, side) {
  const { bytes, payloads } = makeRead(kind, size, framesIn(READ_BYTES, size))
  const reader = new Reader()
  return { ...decoding(bytes, payloads, makeDecoder(side, reader), reader), units: payloads.length }
}
