// The batch scan: its rows and its state record, by hand for a few streams and kernel against kernel for random ones.
// RFC 6455 §5.2; the records are drawn in src/kernel/layout.ts.

import { describe, expect, test } from 'vitest'
import { jsKernel } from '../../src/kernel/js.ts'
import type { Kernel } from '../../src/kernel/kernel.ts'
import * as layout from '../../src/kernel/layout.ts'
import { type Pick, seeded } from '../fuzz/random.ts'
import { parseBytes } from '../vectors/parse-vectors.ts'
import { kernelWays } from './kernels.ts'
import { randomState, randomStream, scanState } from './scan-streams.ts'

const { CONFIG_MASKED, CONFIG_RSV1, CONFIG_SKIP_UTF8, SCAN_FAULT, SCAN_NEED_MORE, SCAN_ROWS_FULL } = layout
const { ROW_ASCII, ROW_COMPRESSED, ROW_FIN, ROW_FIRST, ROW_PARTIAL, ROW_WORDS, SCAN_CLOSE_SEEN } = layout

function rowsOf(kernel: Kernel, state: Uint32Array): number[][] {
  return Array.from({ length: state[layout.STATE_ROW_COUNT] }, (_, i) => {
    const [flags, start, length, header] = kernel.rows.subarray(i * ROW_WORDS, (i + 1) * ROW_WORDS)
    return [flags, start, length, header | 0]
  })
}

describe.each(kernelWays)('%s', (_, kernel) => {
  test('whole frames are unmasked in place, one row for each', () => {
    const bytes = parseBytes(
      '81 85 37fa213d "Hello"^37fa213d  89 80 01020304  01 82 01020304 "ä"^01020304  80 81 09090909 00',
    )
    const state = scanState(CONFIG_MASKED)
    expect(kernel.scan(bytes, 0, bytes.length, state)).toBe(SCAN_NEED_MORE)
    expect(state[layout.STATE_CONSUMED]).toBe(bytes.length)
    expect(rowsOf(kernel, state)).toEqual([
      [1 | ROW_FIRST | ROW_FIN | ROW_ASCII, 6, 5, 0],
      [9 | ROW_FIRST | ROW_FIN, 17, 0, 11],
      [1 | ROW_FIRST, 23, 2, 17],
      [1 | ROW_FIN, 31, 1, 25],
    ])
    const unmasked = parseBytes(
      '81 85 37fa213d "Hello"  89 80 01020304  01 82 01020304 "ä"  80 81 09090909 09',
    )
    expect([...bytes]).toEqual([...unmasked])
  })

  test('a cut frame stays masked and is left to the decoder', () => {
    const bytes = parseBytes('82 fe 01 00  a1b2c3d4  10 11 12')
    const before = [...bytes]
    const state = scanState(CONFIG_MASKED)
    expect(kernel.scan(bytes, 0, bytes.length, state)).toBe(SCAN_NEED_MORE)
    expect(rowsOf(kernel, state)).toEqual([[2 | ROW_FIRST | ROW_FIN | ROW_PARTIAL, 8, 3, 0]])
    expect([...bytes]).toEqual(before)
    expect(state[layout.STATE_FRAME] & ~ROW_PARTIAL).toBe(2 | ROW_FIRST | ROW_FIN)
    expect([state[layout.STATE_LEFT_LO], state[layout.STATE_LEFT_HI]]).toEqual([256, 0])
    expect([state[layout.STATE_KEY], state[layout.STATE_PHASE]]).toEqual([0xd4c3b2a1, 0])
  })

  test('a length of more than 32 bits is kept whole', () => {
    const bytes = parseBytes('82 7f 00000003 80000001')
    const state = scanState(0, 2 ** 40)
    expect(kernel.scan(bytes, 0, bytes.length, state)).toBe(SCAN_NEED_MORE)
    expect(rowsOf(kernel, state)).toEqual([[2 | ROW_FIRST | ROW_FIN | ROW_PARTIAL, 10, 0, 0]])
    expect([state[layout.STATE_LEFT_HI], state[layout.STATE_LEFT_LO]]).toEqual([3, 0x80000001])
    expect([state[layout.STATE_LENGTH_HI], state[layout.STATE_LENGTH_LO]]).toEqual([3, 0x80000001])
  })

  test('a header cut anywhere goes on, and its row points before the bytes', () => {
    const whole = parseBytes('82 ff 00000000 00010000 11223344')
    for (let cut = 1; cut < whole.length; cut++) {
      const state = scanState(CONFIG_MASKED)
      kernel.scan(whole.slice(), 0, cut, state)
      expect([state[layout.STATE_ROW_COUNT], state[layout.STATE_HEAD_COUNT]]).toEqual([0, cut])
      const rest = new Uint8Array([9, 9, 9, ...whole.subarray(cut), 0xaa])
      kernel.scan(rest, 3, rest.length, state)
      expect(rowsOf(kernel, state)).toEqual([
        [2 | ROW_FIRST | ROW_FIN | ROW_PARTIAL, whole.length - cut, 1, -cut],
      ])
      expect(state[layout.STATE_HEAD_COUNT]).toBe(0)
    }
  })

  test('a fault in a header cut before is at a negative place', () => {
    const state = scanState(0)
    kernel.scan(parseBytes('82 7e 00'), 0, 3, state)
    expect(kernel.scan(parseBytes('7d'), 0, 1, state)).toBe(SCAN_FAULT)
    expect(state[layout.STATE_FAULT]).toBe(layout.FAULT_LENGTH_FORM)
    expect(state[layout.STATE_FAULT_AT] | 0).toBe(-3)
    expect(state[layout.STATE_ROW_COUNT]).toBe(0)
  })

  test('every fault of one header is in the bits', () => {
    const cases: [string, number, number][] = [
      [
        'f3 80',
        0,
        layout.FAULT_RSV1 | layout.FAULT_RSV2 | layout.FAULT_RSV3 | layout.FAULT_OPCODE | layout.FAULT_MASK,
      ],
      ['09 7f', CONFIG_MASKED, layout.FAULT_CONTROL_FIN | layout.FAULT_CONTROL_LENGTH | layout.FAULT_MASK],
      ['80 00', CONFIG_MASKED, layout.FAULT_CONTINUATION | layout.FAULT_MASK],
      ['0f 7e', 0, layout.FAULT_OPCODE],
      ['c9 00', CONFIG_RSV1, layout.FAULT_RSV1],
      ['c0 00', CONFIG_RSV1, layout.FAULT_RSV1 | layout.FAULT_CONTINUATION],
      ['c3 00', CONFIG_RSV1, layout.FAULT_RSV1 | layout.FAULT_OPCODE],
      ['81 7f 80000000 00000000', 0, layout.FAULT_LENGTH_MSB],
    ]
    for (const [source, config, faults] of cases) {
      const state = scanState(config)
      const bytes = parseBytes(source)
      expect(kernel.scan(bytes, 0, bytes.length, state), source).toBe(SCAN_FAULT)
      expect(state[layout.STATE_FAULT], source).toBe(faults)
    }
  })

  test('a compressed text is not checked, has its own limit, and marks all of its frames', () => {
    const bytes = parseBytes('41 03 ff fe fd  89 00  80 02 80 c0  81 01 "a"')
    const state = scanState(CONFIG_RSV1, 1, 5)
    expect(kernel.scan(bytes, 0, bytes.length, state)).toBe(SCAN_NEED_MORE)
    expect(rowsOf(kernel, state)).toEqual([
      [1 | ROW_FIRST | ROW_COMPRESSED, 2, 3, 0],
      [9 | ROW_FIRST | ROW_FIN, 7, 0, 5],
      [1 | ROW_FIN | ROW_COMPRESSED, 9, 2, 7],
      [1 | ROW_FIRST | ROW_FIN | ROW_ASCII, 13, 1, 11],
    ])
    const tooBig = parseBytes('41 03 000000 80 03')
    expect(kernel.scan(tooBig, 0, tooBig.length, state)).toBe(SCAN_FAULT)
    expect([state[layout.STATE_FAULT], state[layout.STATE_FAULT_AT]]).toEqual([layout.FAULT_TOO_BIG, 5])
  })

  test('ASCII is told of all that the message had so far', () => {
    const bytes = parseBytes('01 01 "a"  00 02 "ä"  80 01 "b"  81 00')
    const state = scanState(0)
    kernel.scan(bytes, 0, bytes.length, state)
    expect(rowsOf(kernel, state).map(([flags]) => flags & ROW_ASCII)).toEqual([ROW_ASCII, 0, 0, ROW_ASCII])
  })

  test('the rows end where their buffer ends, and the scan goes on behind them', () => {
    const count = layout.MAX_ROWS + 10
    const bytes = parseBytes(`(82 00)*${count}`)
    const state = scanState(0)
    expect(kernel.scan(bytes, 0, bytes.length, state)).toBe(SCAN_ROWS_FULL)
    expect([state[layout.STATE_ROW_COUNT], state[layout.STATE_CONSUMED]]).toEqual([
      layout.MAX_ROWS,
      2 * layout.MAX_ROWS,
    ])
    expect(kernel.scan(bytes, 2 * layout.MAX_ROWS, bytes.length, state)).toBe(SCAN_NEED_MORE)
    expect(rowsOf(kernel, state)).toEqual(
      Array.from({ length: 10 }, (_, i) => [2 | ROW_FIRST | ROW_FIN, 2 * i + 2, 0, 2 * i]),
    )
  })

  test('a Close ends the scan behind it', () => {
    const bytes = parseBytes('89 00  88 02 03 e8  ff ff')
    const state = scanState(0)
    expect(kernel.scan(bytes, 0, bytes.length, state)).toBe(SCAN_CLOSE_SEEN)
    expect(state[layout.STATE_CONSUMED]).toBe(6)
    expect(rowsOf(kernel, state)[1]).toEqual([8 | ROW_FIRST | ROW_FIN, 4, 2, 2])
  })

  test('texts are not checked where the decoder says so', () => {
    const bytes = parseBytes('81 02 ff ff')
    const state = scanState(CONFIG_SKIP_UTF8)
    expect(kernel.scan(bytes, 0, bytes.length, state)).toBe(SCAN_NEED_MORE)
    expect(rowsOf(kernel, state)).toEqual([[1 | ROW_FIRST | ROW_FIN, 2, 2, 0]])
  })
})

/** State words that mean something now: a held header, a cut frame and a fault have words only while they last. */
function meaningful(state: Uint32Array, status: number): number[] {
  const words = [...state]
  const held = state[layout.STATE_HEAD_COUNT]
  for (let i = 0; i < 16; i++) if (i >= held) words[layout.STATE_HEAD + (i >> 2)] &= ~(255 << ((i & 3) * 8))
  if (state[layout.STATE_LEFT_LO] === 0 && state[layout.STATE_LEFT_HI] === 0)
    words.fill(0, layout.STATE_FRAME, layout.STATE_PHASE + 1)
  if (status !== SCAN_FAULT) words.fill(0, layout.STATE_FAULT, layout.STATE_FAULT_AT + 1)
  // Behind a fault nothing is scanned: what the state says of the message then is nobody's business.
  else words.fill(0, layout.STATE_MESSAGE, layout.STATE_CONSUMED + 1)
  return words
}

/** All that a kernel says of a stream in pieces; a cut frame's rest is thrown away, as if it had been decoded. */
function transcript(kernel: Kernel, start: Uint32Array, stream: Uint8Array, pieces: Uint8Array[]): string[] {
  const state = start.slice()
  const lines: string[] = []
  for (let i = 0, skip = 0; i < pieces.length; i++) {
    const bytes = pieces[i].slice()
    let at = Math.min(skip, bytes.length)
    skip -= at
    while (at < bytes.length) {
      const status = kernel.scan(bytes, at, bytes.length, state)
      const consumed = state[layout.STATE_CONSUMED]
      lines.push(`${i} ${status} ${meaningful(state, status)} ${JSON.stringify(rowsOf(kernel, state))}`)
      if (status !== SCAN_FAULT) lines.push(Buffer.from(bytes.subarray(at, at + consumed)).toString('latin1'))
      if (status === SCAN_FAULT || status === SCAN_CLOSE_SEEN) return lines
      at += consumed
      const left = state[layout.STATE_LEFT_LO] + state[layout.STATE_LEFT_HI] * 2 ** 32
      if (left === 0) continue
      if (at !== bytes.length) throw new Error('a cut frame ends a scan')
      skip = left - (bytes.length - (at - consumed) - rowsOf(kernel, state).at(-1)![1])
      if (skip > stream.length) return lines
      state.fill(0, layout.STATE_LEFT_LO, layout.STATE_LEFT_HI + 1)
      state[layout.STATE_UTF8] = 0
      if ((state[layout.STATE_FRAME] & ROW_FIN) !== 0 && (state[layout.STATE_FRAME] & 0x0f) < 8)
        state.fill(0, layout.STATE_MESSAGE, layout.STATE_UTF8 + 1)
    }
  }
  return lines
}

function inPieces(pick: Pick, stream: Uint8Array): Uint8Array[] {
  const longest = [layout.WINDOW_BYTES, 20_000, 3000, 100, 9][pick(4)]
  const pieces: Uint8Array[] = []
  for (let at = 0; at < stream.length; at += pieces[pieces.length - 1].length)
    pieces.push(stream.subarray(at, at + 1 + pick(longest - 1)))
  return pieces
}

test.each(kernelWays.slice(1))('%s gives the rows and the state of js for random streams', (_, kernel) => {
  let scans = 0
  for (let seed = 0; seed < 1500; seed++) {
    const pick = seeded(seed)
    const state = randomState(pick)
    const stream = randomStream(pick, state[layout.STATE_CONFIG])
    const pieces = inPieces(pick, stream)
    const expected = transcript(jsKernel, state, stream, pieces)
    const actual = transcript(kernel, state, stream, pieces)
    scans += expected.length
    for (let i = 0; i < Math.max(expected.length, actual.length); i++)
      if (expected[i] !== actual[i]) expect(`seed ${seed}: ${actual[i]}`).toBe(`seed ${seed}: ${expected[i]}`)
  }
  expect(scans).toBeGreaterThan(10_000)
})
