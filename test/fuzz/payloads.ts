// Random payloads: bytes of any kind, and texts of an exact length that are valid UTF-8.
// Characters of one to four bytes, the first and last of each length among them (RFC 3629 §4).

import { oneOf, type Pick, seeded } from './random.ts'

const ALPHABETS = [
  [...'abcdefghijklmnopqrstuvwxyz 0123456789'],
  [...'naïve façade Grüße größer \u0080\u07ff'],
  [...'日本語のテキスト\u0800\ud7ff\ue000\uffff'],
  [...'😀🎉𝄞\u{10000}\u{10ffff}'],
  [...'a1 ä\u07ff€日\uffff😀\u{10ffff}\u0000'],
].map((alphabet) => alphabet.map((character) => new TextEncoder().encode(character)))

/** So many bytes are drawn, longer payloads repeat them. */
const DRAWN = 2048

/** A text of exactly `length` bytes; what a character does not fill is filled with ASCII. */
export function randomText(pick: Pick, length: number): Uint8Array {
  const alphabet = oneOf(pick, ALPHABETS)
  const draw = seeded(pick(0x7fffffff))
  const text = new Uint8Array(length).fill(0x2e)
  let at = 0
  while (at < length && at < DRAWN) {
    const character = oneOf(draw, alphabet)
    if (at + character.length > length) break
    text.set(character, at)
    at += character.length
  }
  if (at >= DRAWN) for (let copy = at; copy + at <= length; copy += at) text.copyWithin(copy, 0, at)
  return text
}

export function randomBytes(pick: Pick, length: number): Uint8Array {
  const draw = seeded(pick(0x7fffffff))
  const bytes = new Uint8Array(length)
  const drawn = Math.min(length, DRAWN)
  for (let i = 0; i < drawn; i++) bytes[i] = draw(255)
  for (let copy = drawn; copy < length; copy += drawn)
    bytes.copyWithin(copy, 0, Math.min(drawn, length - copy))
  return bytes
}
