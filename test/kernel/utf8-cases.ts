// What a kernel's utf8 must return, computed the naive way, and the sequences and paddings of its tests.
// RFC 3629 §4; the states are those of src/kernel/layout.ts.

import {
  UTF8_ACCEPT,
  UTF8_E0,
  UTF8_ED,
  UTF8_F0,
  UTF8_F4,
  UTF8_TAIL1,
  UTF8_TAIL2,
  UTF8_TAIL3,
  UTF8_WIDE,
} from '../../src/kernel/layout.ts'
import { utf8 } from '../reference/utf8.ts'

const TAILS = [UTF8_ACCEPT, UTF8_TAIL1, UTF8_TAIL2, UTF8_TAIL3]
const SPECIAL: Record<number, number> = { 224: UTF8_E0, 237: UTF8_ED, 240: UTF8_F0, 244: UTF8_F4 }

/** The state behind `text`, or the complement of the index of its first bad byte. */
export function utf8Result(text: Uint8Array): number {
  const wide = text.some((octet) => octet > 0x7f) ? UTF8_WIDE : 0
  const bad = utf8(text)
  if (bad < 0) return UTF8_ACCEPT | wide
  if (bad < text.length) return ~bad
  let first = text.length - 1
  while ((text[first] & 0xc0) === 0x80) first--
  const lead = text[first]
  const held = text.length - first
  const size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
  return ((held === 1 ? SPECIAL[lead] : undefined) ?? TAILS[size - held]) | wide
}

const hex = (source: string) => source.split(' ').map((octet) => Number.parseInt(octet, 16))

/** Good ones, unfinished ones, and every kind of bad one. */
export const sequences: readonly number[][] = [
  ...[
    '00',
    '7f',
    'c2 80',
    'df bf',
    'e0 a0 80',
    'e0 bf bf',
    'e1 80 80',
    'ec bf bf',
    'ed 80 80',
    'ed 9f bf',
    'ee 80 80',
  ],
  ...['ef bf bf', 'f0 90 80 80', 'f0 bf bf bf', 'f1 80 80 80', 'f3 bf bf bf', 'f4 80 80 80', 'f4 8f bf bf'],
  ...[
    'c2',
    'df',
    'e0',
    'e0 a0',
    'e1',
    'e1 80',
    'ed',
    'ed 9f',
    'ef',
    'ef bf',
    'f0',
    'f0 90',
    'f0 90 80',
    'f1',
  ],
  ...[
    'f1 80',
    'f1 80 80',
    'f4',
    'f4 8f',
    'f4 8f bf',
    '80',
    'bf',
    'c0',
    'c0 80',
    'c1 bf',
    'c2 7f',
    'c2 c0',
    'df ff',
  ],
  ...[
    'e0 80 80',
    'e0 9f bf',
    'e0 a0 7f',
    'e0 a0 c0',
    'e1 7f 80',
    'e1 80 c0',
    'ed a0 80',
    'ed bf bf',
    'ed 9f c0',
  ],
  ...['ef bf 41', 'f0 80 80 80', 'f0 8f bf bf', 'f0 90 7f 80', 'f0 90 80 c0', 'f1 c0 80 80', 'f1 80 80 41'],
  ...[
    'f4 90 80 80',
    'f4 bf bf bf',
    'f5 80 80 80',
    'f7 bf bf bf',
    'f8 88 80 80 80',
    'fe',
    'ff',
    'c2 80 80',
    'f4 8f bf bf bf',
  ],
].map(hex)

function tile(pattern: string): (length: number) => number[] {
  const bytes = new TextEncoder().encode(pattern)
  return (length) => {
    const whole = Math.floor(length / bytes.length) * bytes.length
    return Array.from({ length }, (_, i) => (i < whole ? bytes[i % bytes.length] : 0x2e))
  }
}

/** Valid texts of any length, whole characters of one kind and dots for the rest. */
export const PADDINGS = {
  ASCII: tile('x'),
  'characters of two bytes': tile('é'),
  'characters of three bytes': tile('語'),
  'characters of four bytes': tile('😀'),
}
