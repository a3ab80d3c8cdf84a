// npm run bench: what each kernel is worth on this machine, beside the loops and the addon that ws uses.
// --only mask|utf8|text|scan, --quick (fewer sizes, shorter rounds), --json FILE, --check (see targets.mjs).

import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { jsKernel } from '../../dist.esm/kernel/js.js'
import { createWasmKernel } from '../../dist.esm/kernel/wasm.js'
import { describe, environment, formatNumber, progress, progressDone, saveJson, table } from '../report.mjs'
import * as mask from './mask.mjs'
import * as scan from './scan.mjs'
import { judge } from './targets.mjs'
import * as text from './text.mjs'
import * as utf8 from './utf8.mjs'

const TABLES = { mask, utf8, text, scan }

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    json: { type: 'string', default: fileURLToPath(new URL('../results/kernels.json', import.meta.url)) },
  },
})
if (options.only !== undefined && !Object.hasOwn(TABLES, options.only)) {
  throw new Error(`--only takes one of ${Object.keys(TABLES).join(', ')}`)
}

const effort = options.quick ? { quick: true, rounds: 3, time: 10 } : { quick: false, rounds: 7, time: 30 }
const kernels = { js: jsKernel, wasm: createWasmKernel() }
const env = environment(['ws', 'bufferutil', 'tinybench'])
const results = {}

console.log(`${describe(env)}
Medians of ${effort.rounds} alternating rounds. In brackets: how many times as fast as the column without brackets.
Scan: each iteration gets a fresh copy of its input, and the cost of that copy is subtracted from every column.
`)
for (const name of options.only ? [options.only] : Object.keys(TABLES)) {
  const { title, unit, baseline, names, rows } = TABLES[name]
  results[name] = { title, unit, baseline, rows: [] }
  for await (const { label, figures } of rows(kernels, effort)) {
    progress(`${title}: ${label}`)
    // Rounds change the order of the competitors; whoever reads the file wants the table's.
    const inOrder = names.filter((each) => each in figures).map((each) => [each, figures[each]])
    results[name].rows.push({ label, figures: Object.fromEntries(inOrder) })
  }
  progressDone()
  console.log(`${title}: ${unit}\n${tableOf(TABLES[name], results[name].rows)}\n`)
}
saveJson(options.json, { environment: env, effort, tables: results })
console.log(`Written to ${options.json}`)
if (options.check) {
  const verdicts = judge((name, label) => results[name]?.rows.find((row) => row.label === label)?.figures)
  console.log()
  for (const { what, ratio, least } of verdicts)
    console.log(`${ratio >= least ? 'met   ' : 'MISSED'}  ${what}: ${formatNumber(ratio)}, at least ${least}`)
  if (verdicts.some(({ ratio, least }) => ratio < least)) process.exitCode = 1
}

function tableOf({ unit, baseline, names }, rows) {
  const faster = (figures, name) =>
    unit.startsWith('ns') ? figures[baseline] / figures[name] : figures[name] / figures[baseline]
  const cell = (figures, name) => {
    if (figures[name] === undefined) return '–'
    const figure = formatNumber(figures[name])
    return name === baseline ? figure : `${figure} (${formatNumber(faster(figures, name))})`
  }
  return table(
    ['', ...names],
    rows.map(({ label, figures }) => [label, ...names.map((name) => cell(figures, name))]),
  )
}
