// A small seeded generator of numbers, so that a failing case is one number.
// It is mulberry32: 32 bits of state, every seed is good.

/** Returns a whole number of 0..max, both included. */
export type Pick = (max: number) => number

export function seeded(seed: number): Pick {
  let state = seed >>> 0
  return (max) => {
    state = (state + 0x6d2b79f5) >>> 0
    let z = state
    z = Math.imul(z ^ (z >>> 15), z | 1)
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61)
    return Math.floor((((z ^ (z >>> 14)) >>> 0) / 0x1_0000_0000) * (max + 1))
  }
}

/** One of `items`. */
export function oneOf<T>(pick: Pick, items: readonly T[]): T {
  return items[pick(items.length - 1)]
}
