// Random programs and kept ones: in every way of running the decoder they have the events of the reference.
// The kept ones once found a bug, real or planted; they meet RFC 6455's events and failures, and the decoder's limits.

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { decodeAll } from '../reference/decode.ts'
import { describeProgram } from './describe-program.ts'
import type { Program } from './programs.ts'
import { programOf, runProgram } from './run-program.ts'
import { shrinkProgram } from './shrink-program.ts'
import { parseProgram, programLine } from './stored-programs.ts'

const RANDOM_PROGRAMS = 20_000
const FIRST_SEED = 1

const lines = readFileSync(new URL('programs.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')

function check(program: Program, name: string): void {
  const found = runProgram(program)
  if (found !== undefined) throw new Error(`${name}: ${found}\n${describeProgram(program)}`)
}

test('the programs kept since they failed give the same events in every way', () => {
  for (const [i, line] of lines.entries()) check(parseProgram(line), `line ${i + 1} of programs.jsonl`)
})

test('the kept programs meet every event and every fault', () => {
  const met = new Set<string | number>()
  for (const line of lines) {
    const { bytes, options } = parseProgram(line)
    for (const { error, type } of decodeAll(bytes, options)) met.add(error ?? type)
  }
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

test('random programs give the same events in every way', { timeout: 120_000 }, () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RANDOM_PROGRAMS; seed++)
    check(programOf(seed), `seed ${seed}, again with npm run fuzz -- --seed ${seed}`)
})

test('a program that fails is made smaller while it fails, and described', () => {
  const fails = ({ bytes, options }: Program) =>
    decodeAll(bytes, options).some(({ error }) => error === 'ERR_WS_OPCODE')
  let seed = 0
  while (!fails(programOf(seed)) || programOf(seed).cuts.length === 0) seed++
  const smallest = shrinkProgram(programOf(seed), fails)
  expect(fails(smallest)).toBe(true)
  expect(smallest.bytes.length).toBe(2)
  expect(smallest.cuts).toEqual([])
  expect(describeProgram(smallest)).toMatch(/^(server|client); .*\n2 bytes, cut at: nothing\n {2}at 0: /)
})

test('a program is kept without loss', () => {
  for (let seed = 0; seed < 200; seed++)
    expect(parseProgram(programLine(programOf(seed)))).toEqual(programOf(seed))
})
