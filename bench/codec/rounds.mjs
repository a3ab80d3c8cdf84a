// Alternating rounds: in each of them every side measures one batch, in a process of its own that serves a few rounds.
// Alternation makes ratios hold on a machine that somebody else uses too; processes differ in what V8 makes of them.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const WORKER = fileURLToPath(new URL('worker.mjs', import.meta.url))
/** V8 may compile the same code to something a third faster or slower in the next process. */
const ROUNDS_A_PROCESS = 3
/** A case that has taken this long is done, with so many rounds at least. */
const LONG = { ms: 20_000, rounds: ROUNDS_A_PROCESS }

/**
 * @param table name of the module that has the case
 * @param effort `{ rounds, batchMs }`; the rounds are a multiple of 3
 * @returns side → one figure per round
 */
export async function alternate(table, sides, testCase, { rounds, batchMs }) {
  const figures = Object.fromEntries(sides.map((side) => [side, []]))
  const order = [...sides]
  const end = performance.now() + LONG.ms
  for (let round = 0; round < rounds; round += ROUNDS_A_PROCESS) {
    if (round >= LONG.rounds && performance.now() > end) break
    const workers = order.map((side) => startWorker(table, side, testCase, batchMs))
    try {
      await Promise.all(workers.map(({ ready }) => ready))
      for (let i = 0; i < ROUNDS_A_PROCESS; i++) {
        for (const { side, measure } of workers) figures[side].push(await measure())
        workers.push(workers.shift())
      }
    } finally {
      for (const { stop } of workers) stop()
    }
    order.push(order.shift())
  }
  return figures
}

function startWorker(table, side, testCase, batchMs) {
  const child = fork(WORKER, [table, side, JSON.stringify(testCase), String(batchMs)], { execArgv: [] })
  const exited = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`${table}, ${testCase.label}, ${side}: the process ended (${code ?? signal})`)
  })
  exited.catch(() => {})
  const answer = async () => (await Promise.race([once(child, 'message'), exited]))[0]
  return {
    side,
    ready: answer(),
    measure() {
      child.send('measure')
      return answer()
    },
    stop: () => child.kill(),
  }
}
