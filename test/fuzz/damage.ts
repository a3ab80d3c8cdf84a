// Breaks a stream in one place: a bit of a header, a byte, a frame that is missing or there twice, an end too early.
// Texts are broken where implementations work by blocks of 16 bytes: at their edges, and behind the last one.

import { BAD_SEQUENCES, edge, randomBytes } from './payloads.ts'
import { oneOf, type Pick } from './random.ts'
import type { StreamWriter } from './stream-writer.ts'

/** Writes `plain` into frame i from payload byte `at`, masked as the frame is. */
function overwrite(writer: StreamWriter, i: number, at: number, plain: readonly number[]): void {
  const { bytes, payloads, starts } = writer
  const payload = payloads[i]
  const masked = bytes[starts[i] + 1] >= 0x80
  const room = writer.endOf(i) - payload - at
  for (let k = 0; k < plain.length && k < room; k++)
    bytes[payload + at + k] = plain[k] ^ (masked ? bytes[payload - 4 + ((at + k) & 3)] : 0)
}

/** Puts `more` in at `at`. */
function insert(writer: StreamWriter, at: number, more: Uint8Array): void {
  writer.reserve(more.length)
  writer.bytes.copyWithin(at + more.length, at, writer.length)
  writer.bytes.set(more, at)
  writer.length += more.length
}

/** Puts bytes that are no UTF-8 in a text: at an edge, at its end, or anywhere. */
function breakText(pick: Pick, writer: StreamWriter): void {
  const { bytes, starts, payloads } = writer
  let i = pick(starts.length - 1)
  for (let left = starts.length; left > 0 && (bytes[starts[i]] & 15) > 1; left--) i = (i + 1) % starts.length
  const length = writer.endOf(i) - payloads[i]
  const bad = oneOf(pick, BAD_SEQUENCES)
  overwrite(writer, i, pick(2) === 0 ? pick(length) : edge(pick, length, bad.length), bad)
}

/** Damages the stream in one place, mostly in a header or in a text. */
export function damage(pick: Pick, writer: StreamWriter): void {
  const way = pick(11)
  if (way >= 7) {
    breakText(pick, writer)
    return
  }
  const victim = pick(writer.starts.length - 1)
  const start = writer.starts[victim]
  const end = writer.endOf(victim)
  const place = oneOf(pick, [0, 1, 3, 13, 40, end - start])
  const at = Math.min(start + (place < 2 ? place : pick(place)), writer.length - 1)
  const { bytes } = writer
  if (way <= 1) bytes[at] ^= 1 << pick(7)
  else if (way === 2) bytes[at] = oneOf(pick, [0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xed, 0xf5, 0xff, pick(255)])
  else if (way === 3) insert(writer, at, randomBytes(pick, 1 + pick(8)))
  else if (way === 4) insert(writer, start, bytes.slice(start, end))
  else if (way === 5) writer.length = at
  else {
    bytes.copyWithin(start, end, writer.length)
    writer.length -= end - start
  }
}
