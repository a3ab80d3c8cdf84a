// Every fault of a frame's header by itself, and some together: gorilla/websocket finds them all and tests none.
// RFC 6455 §5.1 (masking), §5.2 (reserved bits, opcodes), §5.4 (fragments), §5.5 (control frames).

import { describe, expect, test } from 'vitest'
import type { ErrorCode } from '../../src/index.ts'
import { failure, Solo } from '../conn/connections.ts'
import { errorOf, type Role, roles } from './wire.ts'

const FIN = 0x80
const reserved = { RSV1: 0x40, RSV2: 0x20, RSV3: 0x10 }

interface Header {
  /** Its first byte. */
  readonly first: number
  /** The seven bits of the length. */
  readonly length?: number
  /** As a right peer's would be, by default. */
  readonly masked?: boolean
  /** In front of it a message has begun. */
  readonly inside?: boolean
}

/** The frame, with a key where it is masked and as many zeros as it announces. */
function frameOf({ first, length = 0, masked }: Header, role: Role): Uint8Array {
  const isMasked = masked ?? role === 'server'
  // 126 in the short form stands for two bytes of length.
  const extended = length === 126 ? [0, 126] : []
  return Uint8Array.from([first, (isMasked ? 0x80 : 0) | length, ...extended, ...Array(4 + length).fill(0)])
}

const types = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 }
type Row = readonly [name: string, header: Header, code: ErrorCode, words: string]
const rows: Row[] = []

for (const [bit, value] of Object.entries(reserved)) {
  for (const [name, opcode] of Object.entries(types)) {
    const header = { first: FIN | value | opcode, inside: opcode === 0 }
    rows.push([`${bit} on ${name}`, header, 'ERR_WS_RESERVED_BIT', `${bit} set`])
  }
}
for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
  rows.push([`opcode ${opcode}`, { first: FIN | opcode }, 'ERR_WS_OPCODE', 'bad opcode'])
for (const name of ['close', 'ping', 'pong'] as const) {
  const opcode = types[name]
  rows.push([`${name} without FIN`, { first: opcode }, 'ERR_WS_CONTROL_FRAME', 'FIN not set on control'])
  rows.push([
    `${name} of 126 bytes`,
    { first: FIN | opcode, length: 126 },
    'ERR_WS_CONTROL_FRAME',
    'len > 125 for control',
  ])
}
for (const name of ['text', 'binary'] as const) {
  const header = { first: FIN | types[name], inside: true }
  rows.push([`${name} inside of a message`, header, 'ERR_WS_FRAGMENTATION', 'data before FIN'])
}
for (const [name, first] of [
  ['the last', FIN],
  ['another', 0],
] as const)
  rows.push([`${name} continuation of nothing`, { first }, 'ERR_WS_FRAGMENTATION', 'continuation after FIN'])

describe.each(roles)('received by a %s', (role) => {
  const wrong = role !== 'server'
  const masks: Row[] = Object.entries(types).map(([name, opcode]) => [
    `${wrong ? 'a masked' : 'an unmasked'} ${name}`,
    { first: FIN | opcode, masked: wrong, inside: opcode === 0 },
    'ERR_WS_MASK',
    'bad MASK',
  ])
  const several: Row[] = [
    ['all reserved bits', { first: FIN | 0x71 }, 'ERR_WS_RESERVED_BIT', 'RSV1 set, RSV2 set, RSV3 set'],
    [
      'a reserved bit and the wrong MASK',
      { first: FIN | 0x42, masked: wrong },
      'ERR_WS_RESERVED_BIT',
      'RSV1 set, bad MASK',
    ],
    [
      'a control frame that is wrong in every way',
      { first: 0x79, length: 126, masked: wrong },
      'ERR_WS_RESERVED_BIT',
      'RSV1 set, RSV2 set, RSV3 set, FIN not set on control, len > 125 for control, bad MASK',
    ],
  ]

  test.each([...rows, ...masks, ...several])('TestHeaderFaults: %s', async (_, header, code, words) => {
    const solo = new Solo({ role })
    const failed = errorOf(solo.conn.readMessage().then(() => solo.conn.readMessage()))
    const before = header.inside ? [solo.frame(1, 'begun', false)] : []
    await solo.receive(solo.frame(2, 'before'), ...before, frameOf(header, role), solo.frame(1, 'behind'))
    const error = await failed
    expect(error).toEqual(failure(code, { closeCode: 1002, remote: true }))
    expect((error as Error).message).toBe(`websocket: ${words}`)
    // The peer is told in the same words, and gets nothing else.
    expect(solo.log).toEqual([`close 1002 ${words}`])
    expect(await errorOf(solo.conn.readMessage())).toBe(error)
    expect(await errorOf(solo.conn.writeMessage('late'))).toBe(error)
  })

  test('TestHeaderFaults: no fault in the first bytes that are good', async () => {
    for (const first of [0x01, 0x02, 0x81, 0x82, 0x88, 0x89, 0x8a]) {
      const solo = new Solo({ role })
      await solo.receive(frameOf({ first }, role).subarray(0, role === 'server' ? 6 : 2))
      expect(solo.log.filter((line) => line.startsWith('close 1002'))).toEqual([])
    }
  })
})
