// Time on Node: timers that keep no process alive, and the end of the turn by process.nextTick.
// Shared by all connections of the process.

import type { Clock, EndOfTurn } from '../codec/ports.ts'

// Most turns belong to one connection, which needs no list.
let first: EndOfTurn | undefined
let others: EndOfTurn[] = []
const resolved = Promise.resolve()

// Armed from inside a microtask, the tick runs after every continuation of the turn; armed from the synchronous part of
// an I/O callback it would run before the async handlers and split the batch.
function tick(): void {
  process.nextTick(run)
}

function run(): void {
  const one = first
  const more = others
  first = undefined
  if (more.length > 0) others = []
  let i = -1
  try {
    one?.endOfTurn()
    for (i = 0; i < more.length; i++) more[i].endOfTurn()
  } finally {
    // One of them threw, by a transport of the application's: the turns of the others end all the same.
    if (i < more.length) for (const turn of more.slice(i + 1)) nodeClock.atEndOfTurn(turn)
  }
}

export const nodeClock: Clock = {
  now: () => performance.now(),
  setTimer(task, ms, isAwaited) {
    const timer = setTimeout(task, ms)
    return isAwaited ? timer : timer.unref()
  },
  clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined),
  atEndOfTurn(turn) {
    if (first === undefined) {
      first = turn
      // A reaction costs a third of queueMicrotask(), which makes an async resource.
      resolved.then(tick)
    } else {
      others.push(turn)
    }
  },
}
