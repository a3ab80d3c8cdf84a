// Random payloads: bytes of any kind, and texts of an exact length that are valid UTF-8.
// Characters of one to four bytes, the first and last of each length among them (RFC 3629 §4).

import { oneOf, type Pick, seeded } from './random.ts'

/** Payloads are cut out of pools of so many bytes, drawn once; a prime, lest a part moved too far looks right. */
const POOL = 16_381

const ASCII = 'abcdefghijklmnopqrstuvwxyz 0123456789'
const ALPHABETS = [
  ASCII,
  'naïve façade Grüße größer \u0080\u07ff',
  '日本語のテキスト\u0800\u0fff\u1000\ucfff\ud7ff\ue000\uffff',
  '😀🎉𝄞\u{10000}\u{3ffff}\u{40000}\u{fffff}\u{100000}\u{10ffff}',
  'a1 ä\u07ff€日\uffff😀\u{10ffff}\u0000\u007f',
  // Seldom anything but ASCII.
  `${ASCII.repeat(3)}é€😀`,
]

interface TextPool {
  readonly bytes: Uint8Array
  /** Where its characters begin, and where the last one ends. */
  readonly starts: readonly number[]
}

function textPool(alphabet: string): TextPool {
  const draw = seeded(alphabet.length)
  const characters = [...alphabet].map((character) => new TextEncoder().encode(character))
  const bytes = new Uint8Array(POOL)
  const starts = [0]
  for (let at = 0; at + 4 <= POOL; starts.push(at)) {
    const character = oneOf(draw, characters)
    bytes.set(character, at)
    at += character.length
  }
  return { bytes: bytes.subarray(0, starts.at(-1)), starts }
}

const textPools = ALPHABETS.map(textPool)
const draw = seeded(1)
const bytePool: TextPool = {
  bytes: Uint8Array.from({ length: POOL }, () => draw(255)),
  starts: Array.from({ length: POOL + 1 }, (_, at) => at),
}

/** Fills target[at..end) with whole characters of the pool; what a character does not fill is filled with a dot. */
function fill(pick: Pick, { bytes, starts }: TextPool, target: Uint8Array, at: number, end: number): void {
  let from = starts[pick(starts.length - 2)]
  let to = at
  while (to < end) {
    const length = Math.min(end - to, bytes.length - from)
    if (length > 32) target.set(bytes.subarray(from, from + length), to)
    else for (let i = 0; i < length; i++) target[to + i] = bytes[from + i]
    to += length
    from += length
    if (from === bytes.length) from = 0
  }
  // The pool goes on inside a character where the last one was cut.
  if (bytes !== bytePool.bytes)
    while (to > at && (bytes[from] & 0xc0) === 0x80) {
      target[--to] = 0x2e
      from--
    }
}

/** Fills target[at..end) with a text. */
export function fillText(pick: Pick, target: Uint8Array, at: number, end: number): void {
  fill(pick, oneOf(pick, textPools), target, at, end)
}

/** Fills target[at..end) with bytes of any kind. */
export function fillBytes(pick: Pick, target: Uint8Array, at: number, end: number): void {
  fill(pick, bytePool, target, at, end)
}

/** A text of exactly `length` bytes. */
export function randomText(pick: Pick, length: number): Uint8Array {
  const text = new Uint8Array(length)
  fillText(pick, text, 0, length)
  return text
}

export function randomBytes(pick: Pick, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  fillBytes(pick, bytes, 0, length)
  return bytes
}

/** Characters at the ends of the ranges of well-formed UTF-8 (Unicode 15, table 3-7). */
const GOOD_SEQUENCES = [
  ...'\u0080\u07ff\u0800\u0fff\u1000\ud7ff\ue000\uffff\u{10000}\u{40000}\u{10ffff}',
].map((character) => [...new TextEncoder().encode(character)])

/** The same seen from outside: overlong, surrogate, too large, too short, no lead byte, no continuation. */
export const BAD_SEQUENCES: readonly (readonly number[])[] = [
  [0x80],
  [0xbf],
  [0xc0, 0x80],
  [0xc1, 0xbf],
  [0xc2, 0x41],
  [0xdf, 0xc0],
  [0xe0, 0x80, 0x80],
  [0xe0, 0x9f, 0xbf],
  [0xe2, 0x82, 0x41],
  [0xe2, 0x41],
  [0xed, 0xa0, 0x80],
  [0xed, 0xbf, 0xbf],
  [0xef, 0xbf, 0xc0],
  [0xf0, 0x80, 0x80, 0x80],
  [0xf0, 0x8f, 0xbf, 0xbf],
  [0xf0, 0x9f, 0x98, 0x41],
  [0xf0, 0x9f, 0x41],
  [0xf4, 0x90, 0x80, 0x80],
  [0xf4, 0x8f, 0xbf, 0xff],
  [0xf5, 0x80, 0x80, 0x80],
  [0xff],
  [0xe2, 0x82, 0xac, 0x80],
  [0xc2, 0x80, 0x80],
]

/** A place for `size` bytes in a payload, around the edge of a block of 16 or 64 bytes or at the end. */
export function edge(pick: Pick, length: number, size: number): number {
  const block = oneOf(pick, [16, 32, 48, 64, 80, 96, 112, 128, 192, length])
  return Math.max(0, Math.min(block - 4 + pick(5), length - size))
}

/** Fills target[at..end) with ASCII and one or two other characters, which stand at the edges of blocks. */
export function edgeText(pick: Pick, target: Uint8Array, at: number, end: number): void {
  fill(pick, textPools[0], target, at, end)
  const length = end - at
  if (length < 4) return
  const first = edge(pick, length, 4)
  for (const [place, size] of [
    [first, 4],
    [first - 4 - pick(30), 4],
  ]) {
    if (place < 0) continue
    const character = oneOf(pick, GOOD_SEQUENCES)
    for (let i = 0; i < character.length; i++)
      target[at + place + size - 1 - i] = character[character.length - 1 - i]
    if (pick(1) === 0) return
  }
}
