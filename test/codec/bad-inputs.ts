// Streams that break the protocol, one for each way to break it, and what each of them must be answered with.
// RFC 6455 §5 to §8; the ids are those of docs/bad-input.md.

import { frameBytes, join } from '../fuzz/frames.ts'
import type { ReferenceOptions } from '../reference/events.ts'
import { parseBytes } from '../vectors/parse-vectors.ts'

export type Role = 'server' | 'client'

/** Bytes that a peer of `role` sends, and the reaction: one fault, one Close frame. */
export interface BadInput {
  readonly name: string
  readonly bytes: (role: Role) => Uint8Array
  readonly error: string
  readonly closeCode: number
  /** Where only one end can receive it. */
  readonly role?: Role
  readonly options?: Omit<ReferenceOptions, 'role'>
}

const key = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d)

/** A frame to `role`; `first` is its first byte, the payload in the notation of test/vectors. */
export function frameTo(role: Role, first: number, payload: string | Uint8Array = ''): Uint8Array {
  const bytes = typeof payload === 'string' ? parseBytes(payload) : payload
  return frameBytes({ fin: false, opcode: first, payload: bytes, key: role === 'server' ? key : undefined })
}

/** The header of a frame to `role`: first byte, 7-bit length, extended length in hex, and a key where one belongs. */
export function headerTo(role: Role, first: number, length: number, extended = ''): Uint8Array {
  const masked = role === 'server'
  const start = Uint8Array.of(first, masked ? 0x80 | length : length)
  return join([start, parseBytes(extended), masked ? key : new Uint8Array(0)])
}

type Frame = readonly [first: number, payload?: string]

const frames =
  (...all: readonly Frame[]) =>
  (role: Role) =>
    join(all.map(([first, payload]) => frameTo(role, first, payload)))
const header = (first: number, length: number, extended?: string) => (role: Role) =>
  headerTo(role, first, length, extended)

const RESERVED_BIT = { error: 'ERR_WS_RESERVED_BIT', closeCode: 1002 }
const OPCODE = { error: 'ERR_WS_OPCODE', closeCode: 1002 }
const CONTROL = { error: 'ERR_WS_CONTROL_FRAME', closeCode: 1002 }
const ORDER = { error: 'ERR_WS_FRAGMENTATION', closeCode: 1002 }
const MASK = { error: 'ERR_WS_MASK', closeCode: 1002 }
const LENGTH = { error: 'ERR_WS_LENGTH', closeCode: 1002 }
const CLOSE_CODE = { error: 'ERR_WS_CLOSE_CODE', closeCode: 1002 }
const UTF8 = { error: 'ERR_WS_INVALID_UTF8', closeCode: 1007 }
const TOO_BIG = { error: 'ERR_WS_MESSAGE_TOO_BIG', closeCode: 1009 }
const TOO_MANY = { error: 'ERR_WS_TOO_MANY_FRAGMENTS', closeCode: 1008 }

const headers: BadInput[] = [
  { name: 'C1: RSV2 on a text', bytes: frames([0xa1, '"x"']), ...RESERVED_BIT },
  { name: 'C1: RSV3 on a binary message', bytes: frames([0x92, '00']), ...RESERVED_BIT },
  { name: 'C2: RSV1 on a text', bytes: frames([0xc1, '"x"']), ...RESERVED_BIT },
  { name: 'C2: RSV1 on a fragment of a binary message', bytes: frames([0x42]), ...RESERVED_BIT },
  { name: 'C3: RSV1 on a middle continuation', bytes: frames([1, '"a"'], [0x40, '"b"']), ...RESERVED_BIT },
  { name: 'C3: RSV1 on the last continuation', bytes: frames([1, '"a"'], [0xc0, '"b"']), ...RESERVED_BIT },
  { name: 'C4: RSV1 on a Close', bytes: frames([0xc8]), ...RESERVED_BIT },
  { name: 'C4: RSV1 on a Ping', bytes: frames([0xc9, '"x"']), ...RESERVED_BIT },
  { name: 'C4: RSV1 on a Pong', bytes: frames([0xca]), ...RESERVED_BIT },
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => ({
    name: `C5: opcode ${opcode}`,
    bytes: frames([0x80 | opcode, '"x"']),
    ...OPCODE,
  })),
  { name: 'C6: a length of 0 in 16 bits', bytes: header(0x82, 126, '0000'), ...LENGTH },
  { name: 'C6: a length of 125 in 16 bits', bytes: header(0x82, 126, '007d'), ...LENGTH },
  { name: 'C7: a length of 5 in 64 bits', bytes: header(0x82, 127, '00*7 05'), ...LENGTH },
  { name: 'C7: a length of 65535 in 64 bits', bytes: header(0x82, 127, '00*6 ffff'), ...LENGTH },
  ...['80 00*7', '80 00*6 05', 'ff*8'].map((length) => ({
    name: `C8: the length ${length}, whose top bit is set`,
    bytes: header(0x82, 127, length),
    ...LENGTH,
    options: { readLimit: Number.MAX_SAFE_INTEGER, lenientLength: true },
  })),
  ...['00 20 00*6', '00 20 00*5 05', '10 00*6 05', '7f ff*7'].map((length) => ({
    name: `C9: the length ${length}, beyond every limit`,
    bytes: header(0x82, 127, length),
    ...TOO_BIG,
    options: { readLimit: Number.MAX_SAFE_INTEGER },
  })),
  ...['00*4 7fffffff', '00*4 80 00*3', '00*4 ffffffff', '00*3 01 00*3 05'].map((length) => ({
    name: `C10: the length ${length} under the default limit`,
    bytes: header(0x82, 127, length),
    ...TOO_BIG,
  })),
  {
    name: 'C11: a frame announced one byte beyond the limit',
    bytes: header(0x81, 126, '0080'),
    ...TOO_BIG,
    options: { readLimit: 127 },
  },
  {
    name: 'C15: an HTTP request',
    bytes: () => parseBytes('"GET / HTTP/1.1\\r\\nHost: a.example\\r\\n\\r\\n"'),
    ...RESERVED_BIT,
  },
  {
    name: 'C15: the ClientHello of TLS',
    bytes: () => parseBytes('16 03 01 02 00 01 00 01 fc 03 03'),
    ...RESERVED_BIT,
  },
  { name: 'J1: an unmasked text', bytes: () => frameTo('client', 0x81, '"x"'), ...MASK, role: 'server' },
  { name: 'J1: an unmasked Close', bytes: () => frameTo('client', 0x88), ...MASK, role: 'server' },
  { name: 'J2: a masked text', bytes: () => frameTo('server', 0x81, '"x"'), ...MASK, role: 'client' },
  { name: 'J2: a masked Ping', bytes: () => frameTo('server', 0x89), ...MASK, role: 'client' },
]

const controlFrames: BadInput[] = ([8, 9, 10] as const).flatMap((opcode) => [
  { name: `D1: opcode ${opcode} without FIN`, bytes: frames([opcode]), ...CONTROL },
  {
    name: `D2: opcode ${opcode} with a 16-bit length`,
    bytes: header(0x80 | opcode, 126, '007e'),
    ...CONTROL,
    options: { lenientLength: true },
  },
  {
    name: `D2: opcode ${opcode} with a 64-bit length`,
    bytes: header(0x80 | opcode, 127, '00*7 01'),
    ...CONTROL,
    options: { lenientLength: true },
  },
])

const fragments: BadInput[] = [
  { name: 'E1: a continuation of nothing', bytes: frames([0x80, '"x"']), ...ORDER },
  { name: 'E1: a continuation of nothing, without FIN', bytes: frames([0]), ...ORDER },
  { name: 'E1: a continuation of a finished message', bytes: frames([1], [0x80], [0x80]), ...ORDER },
  { name: 'E2: a text inside a text', bytes: frames([1, '"a"'], [0x81, '"b"']), ...ORDER },
  { name: 'E2: a binary fragment inside a text', bytes: frames([1, '"a"'], [2, '00']), ...ORDER },
  { name: 'E2: a text inside a binary message', bytes: frames([2, '00'], [0x89], [0x81]), ...ORDER },
  {
    name: 'E3: empty fragments beyond maxFragments',
    bytes: frames([2], [0], [0], [0x89, '"x"'], [0]),
    ...TOO_MANY,
    options: { maxFragments: 3 },
  },
  {
    name: 'E5: fragments that together are beyond the limit',
    bytes: frames([2, '00*60'], [0, '00*40'], [0, '00']),
    ...TOO_BIG,
    options: { readLimit: 100 },
  },
]

const NOT_UTF8 = [
  ...['80', 'bf', 'c0 80', 'c1 bf', 'e0 80 80', 'e0 9f bf', 'f0 80 80 80', 'f0 8f bf bf'],
  ...[
    'ed a0 80',
    'ed bf bf',
    'f4 90 80 80',
    'f5 80 80 80',
    'f8 88 80 80 80',
    'fc 84 80 80 80 80',
    'fe',
    'ff',
  ],
  ...['c3 "a"', 'e2 82 "a"', 'f0 9f 98 "a"', 'e2 c3 a4'],
]

const texts: BadInput[] = [
  ...NOT_UTF8.flatMap((bytes) =>
    ['', '"€"*40'].map((good) => ({
      name: `F1: the bytes ${bytes}${good === '' ? '' : ' behind 40 characters'}`,
      bytes: frames([0x81, `${good} ${bytes}`]),
      ...UTF8,
    })),
  ),
  ...['c3', 'e2', 'e2 82', 'f0', 'f0 9f', 'f0 9f 98'].map((bytes) => ({
    name: `F3: a text that ends behind ${bytes}`,
    bytes: frames([0x81, `"a" ${bytes}`]),
    ...UTF8,
  })),
  {
    name: 'F3: a text that ends inside a character in its last fragment',
    bytes: frames([1, 'e2'], [0x80, '82']),
    ...UTF8,
  },
  {
    name: 'F3: a text that ends inside a character, with an empty fragment',
    bytes: frames([1, 'e2 82'], [0x80]),
    ...UTF8,
  },
  { name: 'F4: a bad byte in the first fragment', bytes: frames([1, '"a" ff "b"']), ...UTF8 },
  { name: 'F4: a bad byte in a middle fragment', bytes: frames([1, '"a" e2'], [0, '28']), ...UTF8 },
  {
    name: 'F4: a bad byte in a frame that has only begun',
    bytes: (role) => frameTo(role, 0x81, '"abc" ff "d"*60').subarray(0, -40),
    ...UTF8,
  },
]

const longTexts: BadInput[] = [
  {
    name: 'F7: a text announced with one byte more than a string may hold',
    bytes: header(0x81, 127, '00*4 1fffffe9'),
    ...TOO_BIG,
    options: { readLimit: Number.MAX_SAFE_INTEGER },
  },
  {
    name: 'F7: a text whose fragments announce one byte more than a string may hold',
    bytes: (role) => join([frameTo(role, 1, '"a"'), headerTo(role, 0, 127, '00*4 1fffffe8')]),
    ...TOO_BIG,
    options: { readLimit: Number.MAX_SAFE_INTEGER },
  },
]

const closes: BadInput[] = [
  {
    name: 'G1: a Close of one byte',
    bytes: frames([0x88, '03']),
    error: 'ERR_WS_CLOSE_PAYLOAD',
    closeCode: 1002,
  },
  ...[0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 9999, 65_535].map((code) => ({
    name: `G2: a Close with the code ${code}`,
    bytes: (role: Role) => frameTo(role, 0x88, Uint8Array.of(code >> 8, code)),
    ...CLOSE_CODE,
  })),
  { name: 'G4: a reason with the byte FF', bytes: frames([0x88, '03 e8 "a" ff']), ...UTF8 },
  { name: 'G4: a reason with a surrogate', bytes: frames([0x88, '03 e8 ed a0 80']), ...UTF8 },
  { name: 'G4: a reason cut inside a character', bytes: frames([0x88, '0f a0 "ab" e2 82']), ...UTF8 },
]

export const badInputs: readonly BadInput[] = [
  ...headers,
  ...controlFrames,
  ...fragments,
  ...texts,
  ...longTexts,
  ...closes,
]
