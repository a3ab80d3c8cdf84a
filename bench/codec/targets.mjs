// What the codec must reach beside ws; `run.mjs --check` holds figures to it.
// A ratio near 1 fails only when its whole interval is on the wrong side; any other when it is below.

import { isNearOne } from '../ratios.mjs'

/** `least`: the peer's time divided by that of our side, at least. */
export const TARGETS = [
  { table: 'decode', row: '20 B binary', peer: 'ws', least: { js: 8, wasm: 9, 'wasm, borrowed': 18 } },
  { table: 'decode', row: '125 B binary', peer: 'ws', least: { js: 6, wasm: 9, 'wasm, borrowed': 14 } },
  { table: 'decode', row: '1 KiB binary', peer: 'ws', least: { js: 2, wasm: 3.5, 'wasm, borrowed': 6 } },
  { table: 'decode', row: '16 KiB binary', peer: 'ws-', least: { js: 6, wasm: 7 } },
  { table: 'decode', row: '16 KiB binary', peer: 'ws', least: { wasm: 0.6 } },
  { table: 'decode', row: '20 B ASCII text', peer: 'ws', least: { js: 5, wasm: 10 } },
  { table: 'decode', row: '1 KiB ASCII text', peer: 'ws', least: { js: 1.6, wasm: 2.5 } },
  { table: 'decode', row: '1 KiB mixed text', peer: 'ws', least: { js: 1, wasm: 1.3 } },
  // A turn that writes several messages is what encoding has to be fast in; ws makes a write of each.
  { table: 'encode', row: '20 B unmasked', peer: 'ws', least: { 'wasm, 16 a write': 3 } },
  { table: 'encode', row: '125 B unmasked', peer: 'ws', least: { 'wasm, 16 a write': 3 } },
  { table: 'encode', row: '20 B masked', peer: 'ws', least: { 'wasm, 16 a write': 2.5 } },
  { table: 'encode', row: '125 B masked', peer: 'ws', least: { 'wasm, 16 a write': 2.5 } },
  { table: 'encode', row: '1 KiB masked', peer: 'ws', least: { 'wasm, 16 a write': 2.5 } },
  { table: 'encode', row: '16 KiB masked', peer: 'ws', least: { 'wasm, 16 a write': 1.3 } },
]

/** Whether a table has targets. */
export function isJudged(table) {
  return TARGETS.some((target) => target.table === table)
}

/** Judges every target that `ratioOf(table, row, side, peer)` has a ratio for. */
export function judge(ratioOf) {
  return TARGETS.flatMap(({ table, row, peer, least }) =>
    Object.entries(least).map(([side, floor]) => {
      const ratio = ratioOf(table, row, side, peer)
      return { table, row, peer, side, least: floor, ratio }
    }),
  )
    .filter(({ ratio }) => ratio !== undefined)
    .map((verdict) => {
      const { ratio, least } = verdict
      return {
        ...verdict,
        met: ratio.value >= least,
        failed: (isNearOne(ratio) ? ratio.high : ratio.value) < least,
      }
    })
}
