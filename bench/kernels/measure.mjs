// Times competitors with tinybench: in alternating rounds, in batches that dwarf the clock's grain, by medians.
// Alternation is what makes ratios hold on a machine that somebody else uses too.

import { Bench } from 'tinybench'
import { median } from '../statistics.mjs'

/** Shortest sample; the clock and tinybench's own call cost less than 1 % of it. */
const BATCH_MS = 0.02
/** V8 starts WebAssembly in its baseline compiler and JavaScript in its interpreter. */
const WARM_UP_MS = 40

/**
 * @param competitors by name, each a function that does its work `times` times in a loop of its own: a loop shared by
 *   all would see many call targets and inline none
 * @param effort `{ rounds, time }`, time in ms per round and competitor
 * @returns nanoseconds per call, by name
 */
export async function measure(competitors, effort) {
  const tasks = Object.entries(competitors).map(([name, run]) => ({
    name,
    run,
    times: warmUp(run),
    p50s: [],
  }))
  for (let round = 0; round < effort.rounds; round++) {
    const bench = new Bench({ time: effort.time, iterations: 8, warmup: false, throws: true })
    for (const { name, run, times } of tasks) bench.add(name, () => run(times), { async: false })
    await bench.run()
    for (const task of tasks) {
      task.p50s.push((bench.getTask(task.name).result.latency.p50 * 1e6) / task.times)
    }
    tasks.push(tasks.shift())
  }
  return Object.fromEntries(tasks.map((task) => [task.name, median(task.p50s)]))
}

/** Runs until optimised code must be in use; returns how many calls make one batch. */
function warmUp(run) {
  const end = performance.now() + WARM_UP_MS
  let times = 1
  for (let now = performance.now(); now < end; ) {
    run(times)
    const then = performance.now()
    if (then - now < BATCH_MS) times *= 2
    now = then
  }
  return times
}
