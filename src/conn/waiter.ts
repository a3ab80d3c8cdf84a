// One pending operation: a promise that settles once, and whatever may end it early.
// A rejection is marked as handled, since the outcome is always in `conn.closed` too.

import { rangeError, typeError, WebSocketError } from '../codec/errors.ts'
import type { Clock } from '../codec/ports.ts'

/** How long an operation may take. All three may be given; the first to come ends it. */
export interface Op {
  /** Aborts the operation, which then rejects with the signal's reason, as it is. */
  readonly signal?: AbortSignal
  /** Milliseconds from the call, 0 to 2^31-1. Beyond them: ERR_WS_TIMEOUT. */
  readonly timeout?: number
  /**
   * A point of wall-clock time, at most 2^31-1 ms away; turned into a monotonic one at the call. Beyond:
   * ERR_WS_TIMEOUT.
   */
  readonly deadline?: Date
}

const MAX_TIMER = 2 ** 31 - 1

/** `name`, if it is a number of milliseconds that a timer can take. */
export function checkMilliseconds(name: string, value: unknown): number {
  if (typeof value !== 'number') throw typeError(`${name} must be a number of milliseconds`)
  if (!(value >= 0 && value <= MAX_TIMER)) {
    throw rangeError(`${name} must be from 0 to ${MAX_TIMER} milliseconds, not ${value}`)
  }
  return value
}

/** Milliseconds from now until `deadline`; 0 when it has passed. */
export function millisecondsUntil(deadline: unknown): number {
  if (!(deadline instanceof Date) || Number.isNaN(deadline.getTime())) {
    throw typeError('deadline must be a valid Date')
  }
  return checkMilliseconds('deadline', Math.max(0, deadline.getTime() - Date.now()))
}

/**
 * The shortest of the operation's limits, in milliseconds; undefined when it has none.
 * @throws TypeError, RangeError ERR_WS_ARGUMENT
 */
export function timeLimit(op: Op | undefined): number | undefined {
  if (op === undefined) return undefined
  if (typeof op.signal?.addEventListener !== 'function' && op.signal !== undefined)
    throw typeError('signal must be an AbortSignal')
  const timeout = op.timeout === undefined ? undefined : checkMilliseconds('timeout', op.timeout)
  const left = op.deadline === undefined ? undefined : millisecondsUntil(op.deadline)
  if (timeout === undefined || left === undefined) return timeout ?? left
  return Math.min(timeout, left)
}

/** ERR_WS_TIMEOUT */
export function timedOut(): WebSocketError {
  return new WebSocketError('ERR_WS_TIMEOUT', { message: 'timed out' })
}

function ignore(): void {}

/** The promise of an operation that is done at once: one for all of them, so that it can be told. */
export const accepted: Promise<void> = Promise.resolve()

/** Whether a function of the application's returned a promise, of whatever kind. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined | null)?.then === 'function'
}

/** Nobody need handle the promise's rejection. */
export function markHandled(promise: Promise<unknown>): void {
  promise.catch(ignore)
}

/** A rejected promise that nobody need handle. */
export function rejected<T>(error: unknown): Promise<T> {
  const promise = Promise.reject(error)
  markHandled(promise)
  return promise
}

export class Waiter<T> {
  readonly promise: Promise<T>
  #settle!: (value: T | PromiseLike<T>) => void
  #refuse!: (error: unknown) => void
  #disarm: (() => void) | undefined

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#settle = resolve
      this.#refuse = reject
    })
  }

  resolve(value: T | PromiseLike<T>): void {
    this.#disarm?.()
    this.#settle(value)
  }

  reject(error: unknown): void {
    this.#disarm?.()
    markHandled(this.promise)
    this.#refuse(error)
  }

  /**
   * Calls `expire` with the error once the operation's time is up or its signal aborts, unless it settles before.
   *
   * @param limit milliseconds, or undefined for none
   */
  arm(
    clock: Clock,
    limit: number | undefined,
    signal: AbortSignal | undefined,
    expire: (error: unknown) => void,
  ): void {
    if (limit === undefined && signal === undefined) return
    const timer = limit === undefined ? undefined : clock.setTimer(() => expire(timedOut()), limit, true)
    const onAbort = signal === undefined ? undefined : () => expire(signal.reason)
    if (onAbort !== undefined) signal?.addEventListener('abort', onAbort, { once: true })
    this.#disarm = () => {
      this.#disarm = undefined
      if (timer !== undefined) clock.clearTimer(timer)
      if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort)
    }
  }
}
