// The shapes of a random stream: messages in fragments, runs of small frames, large frames, thousands of tiny ones.
// Each is right by RFC 6455 §5.4 and §5.5, but for reasons and codes of Close frames; damage.ts breaks them.

import { edgeText, fillBytes, fillText } from './payloads.ts'
import { oneOf, type Pick, seeded } from './random.ts'
import type { StreamWriter } from './stream-writer.ts'

const TEXT = 1
const BINARY = 2
const FIN = 0x80
const CLOSE_CODES = [1000, 1001, 1003, 1007, 1014, 3000, 4999, 0, 999, 1004, 1005, 1006, 1015, 2999, 5000]
/** Sizes around those of vectors, words and length forms. */
const EDGES = [
  1, 3, 4, 5, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 71, 72, 73, 79, 80, 81, 124, 125, 126, 127, 128,
]
const LARGE = [16383, 16384, 16385, 65521, 65522, 65528, 65529, 65535, 65536, 65537]
/** Lengths that are announced and never come. */
const HUGE = [
  2 ** 29 - 24,
  2 ** 29 - 23,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 32 + 5,
  2 ** 53,
  2 ** 62,
  2 ** 63,
  2 ** 64 - 2 ** 12,
]

/** What a stream consists of, for the limits that are to be just reached, or just not. */
export interface Contents {
  readonly writer: StreamWriter
  readonly masked: boolean
  /** Whether some lengths are not in their shortest form. */
  readonly longForms: boolean
  /** Bytes and frames of each message. */
  readonly lengths: number[]
  readonly counts: number[]
}

/** A masking key, or none; now and then one that changes nothing, or hardly anything. */
function key(pick: Pick, { masked }: Contents): number | undefined {
  if (!masked) return undefined
  if (pick(15) === 0) return oneOf(pick, [0, 0, 0xff, 0x80000000, 0xffffffff])
  return pick(0xffff) | (pick(0xffff) << 16)
}

function lengthBytes(pick: Pick, { longForms }: Contents): 0 | 2 | 8 {
  return longForms && pick(7) === 0 ? oneOf(pick, [2, 8] as const) : 0
}

function smallLength(pick: Pick): number {
  const way = pick(9)
  if (way < 6) return pick([7, 20, 40, 60, 130, 300][way])
  return way < 8 ? oneOf(pick, EDGES) : way < 9 ? pick(130) : pick(2000)
}

function controlFrame(pick: Pick, contents: Contents): void {
  const { writer } = contents
  const length = oneOf(pick, [0, 4, 20, 60, 125])
  const payload = pick(2) === 0 ? length : pick(length)
  const at = writer.begin(FIN | (9 + pick(1)), payload, key(pick, contents))
  fillBytes(pick, writer.bytes, at, at + payload)
  writer.end()
}

function closeFrame(pick: Pick, contents: Contents): void {
  const { writer } = contents
  const length = pick(9) < 2 ? pick(2) : 2 + pick(oneOf(pick, [0, 20, 123]))
  const at = writer.begin(FIN | 8, length, key(pick, contents))
  const code = oneOf(pick, CLOSE_CODES)
  const body = Math.min(at + 2, at + length)
  if (pick(6) === 0) fillBytes(pick, writer.bytes, body, at + length)
  else fillText(pick, writer.bytes, body, at + length)
  if (length > 0) writer.bytes[at] = code >> 8
  if (length > 1) writer.bytes[at + 1] = code
  writer.end()
}

function fillPayload(pick: Pick, type: number, target: Uint8Array, at: number, end: number): void {
  if (type === BINARY) fillBytes(pick, target, at, end)
  else if (pick(2) === 0) edgeText(pick, target, at, end)
  else fillText(pick, target, at, end)
}

let scratch = new Uint8Array(0x10000)

/** One message in `count` frames, with control frames between them now and then. */
function message(pick: Pick, contents: Contents, length: number, count: number): void {
  const { writer } = contents
  const type = pick(1) === 0 ? TEXT : BINARY
  contents.lengths.push(length)
  contents.counts.push(count)
  if (count === 1) {
    const at = writer.begin(FIN | type, length, key(pick, contents), lengthBytes(pick, contents))
    fillPayload(pick, type, writer.bytes, at, at + length)
    writer.end()
    return
  }
  if (scratch.length < length) scratch = new Uint8Array(2 * length)
  fillPayload(pick, type, scratch, 0, length)
  let from = 0
  for (let i = 0; i < count; i++) {
    const isLast = i === count - 1
    // Parts of any size, and often so small that a character is cut more than once.
    const most = length - from
    const part = isLast
      ? most
      : Math.min(most, pick(2) === 0 ? pick(3) : pick(Math.ceil((2 * most) / (count - i))))
    const at = writer.begin(
      (isLast ? FIN : 0) | (i === 0 ? type : 0),
      part,
      key(pick, contents),
      lengthBytes(pick, contents),
    )
    if (part < 64) for (let k = 0; k < part; k++) writer.bytes[at + k] = scratch[from + k]
    else writer.bytes.set(scratch.subarray(from, from + part), at)
    writer.end()
    from += part
    if (!isLast && pick(4) === 0) controlFrame(pick, contents)
  }
}

function mixed(pick: Pick, contents: Contents): void {
  for (let count = pick(5); count >= 0; count--) {
    if (pick(4) === 0) controlFrame(pick, contents)
    else message(pick, contents, smallLength(pick), pick(2) > 0 ? 1 : 1 + pick(5))
  }
}

/** Small frames in a row, of one size or of many, whole messages or fragments: what a scan has a short way for. */
function run(pick: Pick, contents: Contents): void {
  const { writer } = contents
  const way = pick(7)
  const longest = way < 7 ? [4, 12, 16, 40, 70, 130, 400][way] : oneOf(pick, EDGES)
  const kind = pick(4)
  const controls = pick(3) === 0
  let open = 0
  for (let left = pick(1) === 0 ? pick(39) : pick(9); left >= 0; left--) {
    if (controls && pick(5) === 0) {
      controlFrame(pick, contents)
      continue
    }
    const length = way < 7 ? pick(longest) : longest
    const type = open !== 0 ? open : kind === 0 ? BINARY : kind === 1 ? TEXT : 1 + pick(1)
    const fin = left === 0 || kind < 3 || pick(kind === 3 ? 3 : 1) === 0
    const at = writer.begin(
      (fin ? FIN : 0) | (open === 0 ? type : 0),
      length,
      key(pick, contents),
      lengthBytes(pick, contents),
    )
    fillPayload(pick, type, writer.bytes, at, at + length)
    writer.end()
    if (open === 0) {
      contents.lengths.push(0)
      contents.counts.push(0)
    }
    contents.lengths[contents.lengths.length - 1] += length
    contents.counts[contents.counts.length - 1]++
    open = fin ? 0 : type
  }
}

/** A message that no read holds, between small ones. */
function large(pick: Pick, contents: Contents): void {
  if (pick(2) === 0) message(pick, contents, smallLength(pick), 1)
  const most = oneOf(pick, [4096, 50_000, 50_000, 200_000])
  const length = pick(2) === 0 ? oneOf(pick, LARGE) : 16384 + pick(most)
  message(pick, contents, length, pick(3) > 0 ? 1 : 1 + pick(3))
  if (pick(1) === 0) mixed(pick, contents)
}

/** So many small frames that they fill the rows of a scan, or a window, once or twice. */
function burst(pick: Pick, contents: Contents): void {
  const { writer } = contents
  const draw = seeded(pick(0x7fffffff))
  const longest = oneOf(pick, [0, 1, 12, 30])
  const kind = pick(2)
  for (let left = (longest < 2 ? 4090 + pick(30) : 3000) + pick(1500); left > 0; left--) {
    const length = draw(longest)
    const type = kind === 0 ? BINARY : kind === 1 ? TEXT : oneOf(draw, [1, 2, 9])
    const at = writer.begin(FIN | type, length, key(draw, contents))
    fillText(draw, writer.bytes, at, at + length)
    writer.end()
  }
}

/** Texts of some blocks of 16 or 64 bytes, with characters at the edges of blocks. */
function texts(pick: Pick, contents: Contents): void {
  const { writer } = contents
  for (let left = pick(2); left >= 0; left--) {
    const length = pick(1) === 0 ? 12 + pick(60) : 60 + pick(210)
    contents.lengths.push(length)
    contents.counts.push(1)
    const at = writer.begin(FIN | TEXT, length, key(pick, contents))
    edgeText(pick, writer.bytes, at, at + length)
    writer.end()
  }
}

/** A frame that announces more than anybody will send, as the whole message or behind a first fragment. */
function huge(pick: Pick, contents: Contents): void {
  const { writer } = contents
  const type = 1 + pick(1)
  const fragment = pick(1) === 0 ? pick(20) : -1
  if (fragment >= 0) {
    const at = writer.begin(type, fragment, key(pick, contents))
    fillPayload(pick, type, writer.bytes, at, at + fragment)
    writer.end()
  }
  const first = (pick(1) << 7) | (fragment >= 0 ? 0 : type)
  const at = writer.header(first, oneOf(pick, HUGE), key(pick, contents), 8)
  const length = pick(100)
  writer.reserve(length)
  writer.length = at + length
  fillText(pick, writer.bytes, at, at + length)
  writer.end()
}

/** Writes a random stream of whole frames. */
export function writeShape(pick: Pick, contents: Contents): void {
  const shape = pick(1999)
  if (shape < 2) burst(pick, contents)
  else if (shape < 24) large(pick, contents)
  else if (shape < 900) run(pick, contents)
  else if (shape < 1200) texts(pick, contents)
  else mixed(pick, contents)
  if (pick(49) === 0) huge(pick, contents)
  if (pick(4) !== 0) return
  closeFrame(pick, contents)
  if (pick(3) === 0) mixed(pick, contents)
}
