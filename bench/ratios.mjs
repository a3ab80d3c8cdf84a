// When a ratio is too near 1 to be judged by its medians alone, and how one is written.
// Near 1 the noise of a shared machine is as large as what is measured: there the bootstrap interval speaks.

import { formatNumber } from './report.mjs'

/** A ratio whose interval reaches in here may be noise: it is judged on so many rounds at least, and shown with it. */
export const CLOSE = { low: 0.8, high: 1.25, rounds: 15 }

export function isNearOne({ low, high }) {
  return high > CLOSE.low && low < CLOSE.high
}

/** "8.12"; "1.03 [0.98–1.07]" where the ratio is near 1. */
export function formatRatio(ratio) {
  return isNearOne(ratio) ? formatInterval(ratio) : formatNumber(ratio.value)
}

/** "1.03 [0.98–1.07]" */
export function formatInterval({ value, low, high }) {
  return `${formatNumber(value)} [${formatNumber(low)}–${formatNumber(high)}]`
}
