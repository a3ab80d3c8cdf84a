// npm run bench:codec: what a message costs in the codec, without sockets, beside ws and websocket-driver.
// --only decode|reads|encode|straddle, --quick (fewer cases, shorter rounds), --json FILE, --check (see targets.mjs).

import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { CLOSE, formatInterval, formatRatio } from '../ratios.mjs'
import { describe, environment, formatNumber, progress, progressDone, saveJson, table } from '../report.mjs'
import { median, ratioOfMedians } from '../statistics.mjs'
import * as decode from './decode.mjs'
import * as encode from './encode.mjs'
import * as reads from './reads.mjs'
import { alternate } from './rounds.mjs'
import * as straddle from './straddle.mjs'
import { isJudged, judge } from './targets.mjs'

const TABLES = { decode, reads, encode, straddle }

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    json: { type: 'string', default: fileURLToPath(new URL('../results/codec.json', import.meta.url)) },
  },
})
if (options.only !== undefined && !Object.hasOwn(TABLES, options.only)) {
  throw new Error(`--only takes one of ${Object.keys(TABLES).join(', ')}`)
}

/** Tables with targets take enough rounds for ratios near 1. */
const rounds = {
  judged: options.quick && !options.check ? 3 : CLOSE.rounds,
  others: options.quick ? 3 : 6,
}
const effort = { quick: options.quick, rounds, batchMs: options.quick ? 8 : 20 }
const env = environment(['ws', 'bufferutil', 'websocket-driver'])
/** table → { title, unit, baseline, rounds, rows: [{ label, figures: side → one figure per round }] } */
const results = {}

console.log(`${describe(env)}
CPU time, medians of alternating rounds, fresh processes for every side each third round; ws-: without bufferutil.
In brackets: how many times as fast as ws, with a bootstrap 95 % interval where that is near 1. Every read that is
decoded is a fresh copy, and the cost of that copy is subtracted from every column.
`)
for (const name of options.only ? [options.only] : Object.keys(TABLES)) {
  const { title, unit, baseline, sides, cases } = TABLES[name]
  const rounds = isJudged(name) ? effort.rounds.judged : effort.rounds.others
  const rows = []
  for (const testCase of cases(effort.quick)) {
    progress(`${title}: ${testCase.label}`)
    rows.push({
      label: testCase.label,
      figures: await alternate(name, sides, testCase, { ...effort, rounds }),
    })
  }
  progressDone()
  results[name] = { title, unit, baseline, rounds, rows }
  console.log(`${title}: ${unit}, ${rounds} rounds\n${tableOf(results[name], sides)}\n`)
}
saveJson(options.json, { environment: env, effort, tables: results })
console.log(`Written to ${options.json}`)
if (options.check) check()

function tableOf({ baseline, rows }, sides) {
  const cell = (figures, side) => {
    const time = formatNumber(median(figures[side]))
    return side === baseline
      ? time
      : `${time} (${formatRatio(ratioOfMedians(figures[baseline], figures[side]))})`
  }
  return table(
    ['', ...sides],
    rows.map(({ label, figures }) => [label, ...sides.map((side) => cell(figures, side))]),
  )
}

function check() {
  const verdicts = judge((name, label, side, peer) => {
    const figures = results[name]?.rows.find((row) => row.label === label)?.figures
    return figures?.[side] && ratioOfMedians(figures[peer], figures[side])
  })
  if (verdicts.length === 0) throw new Error('--check has nothing to judge: no target is in these tables')
  const rows = verdicts.map(({ table: name, row, side, peer, least, ratio, met, failed }) => [
    `${name}: ${row}`,
    `${side} x ${peer}`,
    `>= ${formatNumber(least)}`,
    formatInterval(ratio),
    met ? 'met' : failed ? 'MISSED' : 'missed, but within its interval',
  ])
  console.log(`\n${table(['Targets', '', '', '', ''], rows)}`)
  if (verdicts.some(({ failed }) => failed)) process.exitCode = 1
}
