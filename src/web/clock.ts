// Time by what every runtime has: timers, and the end of the turn by microtasks (RFC 6455 asks for none of it).
// Node's own is in node/: it knows when a turn is over, here that has to be guessed.

import type { Clock, EndOfTurn } from '../codec/ports.ts'

/** Microtasks between two looks: those that a loop of read and write takes for a message, and one more. */
const TICKS = 4
/** Looks at the most: then what is there leaves, whether or not more is coming. */
const LOOKS = 8

let turns: EndOfTurn[] = []
let ticks = 0
let seen = 0
const resolved = Promise.resolve()

function pendingBytes(): number {
  let sum = 0
  for (const turn of turns) sum += turn.pendingBytes
  return sum
}

/** The turn counts as over once nothing new was written between two looks. */
function tick(): void {
  if (++ticks % TICKS === 0) {
    const now = pendingBytes()
    if (now === seen || ticks >= TICKS * LOOKS) {
      const due = turns
      turns = []
      let i = 0
      try {
        for (; i < due.length; i++) due[i].endOfTurn()
      } finally {
        // One of them threw, by a transport of the application's: the turns of the others end all the same.
        for (const turn of due.slice(i + 1)) webClock.atEndOfTurn(turn)
      }
      return
    }
    seen = now
  }
  resolved.then(tick)
}

/** The {@link Clock} of every runtime. */
export const webClock: Clock = {
  now: () => performance.now(),
  setTimer(task, ms, isAwaited) {
    const timer: unknown = setTimeout(task, ms)
    // Node's timers keep the process alive unless told not to.
    if (!isAwaited && typeof timer === 'object') (timer as { unref?(): void } | null)?.unref?.()
    return timer
  },
  clearTimer: (timer) => clearTimeout(timer as number | undefined),
  atEndOfTurn(turn) {
    turns.push(turn)
    if (turns.length > 1) return
    ticks = 0
    seen = 0
    resolved.then(tick)
  },
}
