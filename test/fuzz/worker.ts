// One worker of the random run: takes blocks of seeds until there are none, and tells what it did and what went wrong.
// Bundled and started by run.mjs, which shares the counter of blocks with all workers.

import { parentPort, workerData } from 'node:worker_threads'
import { decodeAll } from '../reference/decode.ts'
import type { PlainEvent } from '../reference/events.ts'
import { describeProgram } from './describe-program.ts'
import { programOf, runProgram } from './run-program.ts'
import { shrinkProgram } from './shrink-program.ts'
import { programLine } from './stored-programs.ts'
import { framesOf } from './walk.ts'

export interface WorkerData {
  readonly first: number
  readonly count: number
  /** Seeds that are taken at a time. */
  readonly block: number
  /** Whether to describe every program. */
  readonly describes: boolean
  /** One number: blocks taken by all workers. */
  readonly taken: Int32Array
  /** The seed that each worker runs, -1 for none, so that one that never returns can be named. */
  readonly running: Float64Array
  readonly index: number
}

/** What a worker tells. */
export type Told =
  | { readonly programs: number; readonly frames: number }
  | { readonly description: string }
  | {
      readonly seed: number
      readonly difference: string
      readonly line: string
    }

/** Frames up to the event that ends the stream. */
function framesRead(bytes: Uint8Array, events: readonly PlainEvent[]): number {
  const end = events.at(-1)
  let count = 0
  for (const { start } of framesOf(bytes)) {
    if (end?.type === 0 && start > (end.offset ?? 0)) break
    count++
    if (end?.type === 8 && (bytes[start] & 15) === 8) break
  }
  return count
}

function failure(seed: number): Told {
  Error.stackTraceLimit = 10
  const smallest = shrinkProgram(programOf(seed), (program) => runProgram(program) !== undefined)
  const difference = `${runProgram(smallest)}\nThe smallest program like it: ${describeProgram(smallest)}`
  Error.stackTraceLimit = 0
  return { seed, difference, line: programLine(smallest) }
}

const { first, count, block, describes, taken, running, index }: WorkerData = workerData
const tell = (told: Told) => parentPort?.postMessage(told)

// Every fault is an Error: its stack, which nobody reads, costs more than the rest of it.
Error.stackTraceLimit = 0
for (;;) {
  const from = Atomics.add(taken, 0, 1) * block
  if (from >= count) break
  const to = Math.min(count, from + block)
  let frames = 0
  for (let seed = first + from; seed < first + to; seed++) {
    running[index] = seed
    const program = programOf(seed)
    if (describes) tell({ description: describeProgram(program) })
    const expected = decodeAll(program.bytes, program.options)
    frames += framesRead(program.bytes, expected)
    if (runProgram(program, expected) !== undefined) tell(failure(seed))
  }
  running[index] = -1
  tell({ programs: to - from, frames })
}
