// A wait that is given up at its limits, while what is waited for goes on.
// For closing many connections, which nothing should undo.

import { type Op, timeLimit, Waiter } from '../conn/index.ts'
import { nodeClock } from '../node/clock.ts'

/** As `promise`, which does not reject; rejects with ERR_WS_TIMEOUT or the signal's reason at the limits of `op`. */
export function waitWithin(promise: Promise<void>, op: Op | undefined): Promise<void> {
  if (op?.signal === undefined && op?.timeout === undefined && op?.deadline === undefined) return promise
  const waiter = new Waiter<void>()
  if (op.signal?.aborted) waiter.reject(op.signal.reason)
  else waiter.arm(nodeClock, timeLimit(op), op.signal, (error) => waiter.reject(error))
  promise.then(() => waiter.resolve())
  return waiter.promise
}
