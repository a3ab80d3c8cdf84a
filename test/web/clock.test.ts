// The clock of every runtime: when a turn counts as over, and that this is soon, whatever is written meanwhile.
// No timer is in the way of a message, and none keeps the process alive.

import { expect, test } from 'vitest'
import { webClock } from '../../src/web/clock.ts'

/** A turn's member whose pending bytes grow by what `grow` says each time it is looked at. */
function member(grow: () => number = () => 0) {
  const turn = {
    bytes: 1,
    ends: 0,
    get pendingBytes(): number {
      turn.bytes += grow()
      return turn.bytes
    },
    endOfTurn(): void {
      turn.ends++
    },
  }
  return turn
}

async function microtasksUntil(condition: () => boolean): Promise<number> {
  for (let count = 0; ; count++) {
    if (condition()) return count
    if (count > 1000) throw new Error('the turn does not end')
    await undefined
  }
}

test('a turn ends within microtasks once nothing new is written', async () => {
  const turn = member()
  webClock.atEndOfTurn(turn)
  expect(turn.ends).toBe(0)
  expect(await microtasksUntil(() => turn.ends > 0)).toBeLessThan(20)
  expect(turn.ends).toBe(1)
})

test('a turn in which more and more is written ends all the same', async () => {
  const turn = member(() => 1)
  webClock.atEndOfTurn(turn)
  expect(await microtasksUntil(() => turn.ends > 0)).toBeLessThan(50)
})

test('a loop of four microtasks a message is waited for', async () => {
  const turn = member()
  webClock.atEndOfTurn(turn)
  let endedAt = 0
  for (let i = 1; i <= 4; i++) {
    for (let k = 0; k < 4; k++) await undefined
    turn.bytes++
    if (turn.ends > 0 && endedAt === 0) endedAt = i
  }
  await microtasksUntil(() => turn.ends > 0)
  expect([endedAt, turn.bytes]).toEqual([0, 5])
})

test('all members of a turn end with it, once for each call, and may ask for the next one', async () => {
  const [a, b] = [member(), member()]
  const again = {
    pendingBytes: 0,
    ends: 0,
    endOfTurn(): void {
      if (++again.ends < 3) webClock.atEndOfTurn(again)
    },
  }
  webClock.atEndOfTurn(a)
  webClock.atEndOfTurn(b)
  webClock.atEndOfTurn(again)
  await microtasksUntil(() => again.ends === 3)
  for (let i = 0; i < 50; i++) await undefined
  expect([a.ends, b.ends, again.ends]).toEqual([1, 1, 3])
})

test('its timers run once, can be taken back, and hold no process', async () => {
  let ran = 0
  const timer = webClock.setTimer(() => ran++, 1)
  expect((timer as NodeJS.Timeout).hasRef()).toBe(false)
  const never = webClock.setTimer(() => {
    ran += 100
  }, 1)
  webClock.clearTimer(never)
  webClock.clearTimer(undefined)
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(ran).toBe(1)
  webClock.clearTimer(timer)
})

test('its time never goes back', () => {
  let last = webClock.now()
  for (let i = 0; i < 1000; i++) {
    const now = webClock.now()
    expect(now >= last).toBe(true)
    last = now
  }
})
