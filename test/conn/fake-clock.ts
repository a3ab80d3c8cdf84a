// A Clock whose time and whose ends of turns are the test's to give.
// Its timers are counted, so that a test can ask that none is left.

import type { Clock, EndOfTurn } from '../../src/codec/ports.ts'

interface Timer {
  readonly task: () => void
  readonly at: number
}

const MAX_TIMER = 2 ** 31 - 1

/** Runs every microtask that is due, and those that they cause. */
export function microtasks(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

export class FakeClock implements Clock {
  private time = 1_000_000
  private timers: Timer[] = []
  private turns: EndOfTurn[] = []

  now(): number {
    return this.time
  }

  setTimer(task: () => void, ms: number): unknown {
    if (!(ms >= 0 && ms <= MAX_TIMER)) throw new Error(`a timer of ${ms} ms`)
    const timer = { task, at: this.time + ms }
    this.timers.push(timer)
    return timer
  }

  clearTimer(timer: unknown): void {
    this.timers = this.timers.filter((other) => other !== timer)
  }

  atEndOfTurn(turn: EndOfTurn): void {
    this.turns.push(turn)
  }

  get timerCount(): number {
    return this.timers.length
  }

  /** Ends the turn, and those that this causes; whether anybody had asked for it. */
  endTurn(): boolean {
    if (this.turns.length === 0) return false
    while (this.turns.length > 0) for (const turn of this.turns.splice(0)) turn.endOfTurn()
    return true
  }

  /** Lets `ms` milliseconds pass: the timers run in their order, each in a turn of its own. */
  async advance(ms: number): Promise<void> {
    const until = this.time + ms
    for (;;) {
      const due = this.timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.clearTimer(due)
      this.time = Math.max(this.time, due.at)
      due.task()
      await this.settle()
    }
    this.time = until
    await this.settle()
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    do await microtasks()
    while (this.endTurn())
  }
}
