// One large frame that arrives in pieces (RFC 6455 §5.2): its cost is linear where a byte costs the same in every size.
// Here the pieces of one message need memory as large as it, since a decoder may keep them all until the last has come.

import { formatSize } from '../report.mjs'
import { makeDecoder } from './decoders.mjs'
import { BINARY, makeClientFrame, makePayload } from './frames.mjs'
import { LargeReader } from './reader.mjs'

export const title = 'A frame in pieces'
export const unit = 'ns per byte'
export const baseline = 'ws'
export const sides = ['js', 'wasm', 'ws-', baseline]

const KIB = 1024
/** Pieces of one byte are 262,144 reads for 256 KiB; ws's default limit of buffered chunks allows no more. */
const LARGEST_IN_BYTES = 256 * KIB
const SIZES = { all: [16, 64, 256, 1024, 4096, 16384], few: [64, 1024] }
const PIECES = { all: [64 * KIB, 16 * KIB, 1460, 1], few: [64 * KIB, 1460] }
/** Most memory that pieces share: so much is copied at once, just before the first of them is decoded. */
const BLOCK_BYTES = 64 * KIB

export function cases(quick) {
  const some = quick ? 'few' : 'all'
  return SIZES[some].flatMap((kib) =>
    PIECES[some]
      .filter((piece) => piece <= kib * KIB && (piece > 1 || kib * KIB <= LARGEST_IN_BYTES))
      .map((piece) => ({
        label: `${formatSize(kib * KIB)} in pieces of ${formatSize(piece)}`,
        size: kib * KIB,
        piece,
      })),
  )
}

export function open({ size, piece }, side) {
  const payload = makePayload(BINARY, size, 1)
  const blocks = cut(makeClientFrame(BINARY, payload, 1), piece)
  const reader = new LargeReader()
  const push = makeDecoder(side, reader)

  function pushAll() {
    for (let i = 0; i < blocks.length; i++) {
      const { source, bytes, pieces } = blocks[i]
      bytes.set(source)
      for (let j = 0; j < pieces.length; j++) push(pieces[j])
    }
  }
  pushAll()
  const expected = reader.check([payload])

  return {
    run(times) {
      for (let i = 0; i < times; i++) pushAll()
      reader.assertRead(times, expected)
    },
    copy(times) {
      for (let i = 0; i < times; i++) for (const { source, bytes } of blocks) bytes.set(source)
    },
    units: size,
  }
}

/** The frame in blocks of whole pieces: where each block is copied from, its memory, and its pieces there. */
function cut(frame, piece) {
  const blockBytes = Math.floor(BLOCK_BYTES / piece) * piece
  const blocks = []
  for (let at = 0; at < frame.length; at += blockBytes) {
    const source = frame.subarray(at, at + blockBytes)
    const bytes = Buffer.allocUnsafeSlow(source.length)
    const pieces = []
    for (let from = 0; from < bytes.length; from += piece) pieces.push(bytes.subarray(from, from + piece))
    blocks.push({ source, bytes, pieces })
  }
  return blocks
}
