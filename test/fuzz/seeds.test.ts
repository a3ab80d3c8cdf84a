// The committed seeds of the random run: those that once failed, and enough others to meet every event and every fault.
// The list of what they must meet is that of RFC 6455's failures and of the decoder's limits (src/codec/errors.ts).

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { runSeed } from './run-seed.ts'

const seeds: number[] = JSON.parse(readFileSync(new URL('seeds.json', import.meta.url), 'utf8'))

test('the committed seeds give the same events everywhere, and meet every event and every fault', () => {
  const met = new Set<string | number>()
  for (const seed of seeds) for (const { error, type } of runSeed(seed)) met.add(error ?? type)
  expect([...met].sort()).toEqual([
    1,
    10,
    2,
    8,
    9,
    'ERR_WS_CLOSE_CODE',
    'ERR_WS_CLOSE_PAYLOAD',
    'ERR_WS_CONTROL_FRAME',
    'ERR_WS_FRAGMENTATION',
    'ERR_WS_INVALID_UTF8',
    'ERR_WS_LENGTH',
    'ERR_WS_MASK',
    'ERR_WS_MESSAGE_TOO_BIG',
    'ERR_WS_OPCODE',
    'ERR_WS_RESERVED_BIT',
    'ERR_WS_TOO_MANY_FRAGMENTS',
  ])
})
