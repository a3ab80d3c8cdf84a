// Medians, and how sure a ratio of two medians is: a bootstrap over paired rounds.
// Both sides of a round ran one after the other, so a resample draws whole rounds, not single figures.

const RESAMPLES = 2000

export function median(values) {
  const sorted = Float64Array.from(values).sort()
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * Ratio of two medians with its bootstrap 95 % interval.
 *
 * @param above figures of one side, one per round
 * @param below figures of the other side, of the same rounds
 * @returns {{ value: number, low: number, high: number }}
 */
export function ratioOfMedians(above, below) {
  const next = mulberry32(above.length)
  const ratios = Float64Array.from({ length: RESAMPLES }, () => {
    const rounds = above.map(() => Math.floor(next() * above.length))
    return median(rounds.map((round) => above[round])) / median(rounds.map((round) => below[round]))
  }).sort()
  return {
    value: median(above) / median(below),
    low: ratios[Math.floor(RESAMPLES * 0.025)],
    high: ratios[Math.ceil(RESAMPLES * 0.975) - 1],
  }
}

/** Tommy Ettinger's mulberry32: uniform in [0, 1), seeded, so that one set of figures always gets one interval. */
function mulberry32(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
