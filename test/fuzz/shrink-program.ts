// Makes a failing program smaller while it fails: fewer cuts, fewer frames, an earlier end, no options.
// Greedy: what can be left out is left out, until nothing more can.

import type { Program } from './programs.ts'
import { framesOf } from './walk.ts'

/** Most milliseconds that are spent on it. */
const MAX_TIME = 5000

/** The program without bytes[start..end); cuts behind move along. */
function without({ bytes, cuts, ...rest }: Program, start: number, end: number): Program {
  const left = new Uint8Array(bytes.length - (end - start))
  left.set(bytes.subarray(0, start))
  left.set(bytes.subarray(end), start)
  const moved = cuts.map((at) => (at <= start ? at : Math.max(start, at - (end - start))))
  const inside = moved.filter((at, i) => at > 0 && at < left.length && at !== moved[i - 1])
  return { ...rest, bytes: left, cuts: inside }
}

/** Smaller programs, the boldest first. */
function* smaller(program: Program): Generator<Program> {
  const { bytes, cuts, options } = program
  for (let count = cuts.length; count >= 1; count >>= 1)
    for (let at = 0; at < cuts.length; at += count)
      yield { ...program, cuts: [...cuts.slice(0, at), ...cuts.slice(at + count)] }
  const starts = [...framesOf(bytes).map(({ start }) => start), bytes.length]
  for (let count = starts.length - 1; count >= 1; count >>= 1)
    for (let i = 0; i < starts.length - 1; i += count)
      yield without(program, starts[i], starts[Math.min(i + count, starts.length - 1)])
  for (let count = bytes.length >> 1; count >= 1; count >>= 1)
    yield without(program, bytes.length - count, bytes.length)
  for (const name of Object.keys(options) as (keyof typeof options)[]) {
    const { [name]: _, ...others } = options
    if (name !== 'role') yield { ...program, options: { role: options.role, ...others } }
  }
  if (program.keep !== 'none') yield { ...program, keep: 'none' }
  if (program.memory !== undefined && program.memory !== 'packed') yield { ...program, memory: 'packed' }
  if (program.borrow) yield { ...program, borrow: false }
  if (program.margin) yield { ...program, margin: 0 }
}

/** A smaller program for which `fails` holds too. */
export function shrinkProgram(program: Program, fails: (program: Program) => boolean): Program {
  const until = performance.now() + MAX_TIME
  for (let smallest = program; ; ) {
    let found: Program | undefined
    for (const candidate of smaller(smallest)) {
      if (performance.now() > until) return smallest
      if (!fails(candidate)) continue
      found = candidate
      break
    }
    if (found === undefined) return smallest
    smallest = found
  }
}
