// Makes docs/benchmarks.md of the latest runs in bench/results/*.json: machine, versions, tables, how to repeat them.
// `--check` writes nothing and fails when the page is not what those files give.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { formatRatio } from '../bench/ratios.mjs'
import { describe, formatNumber, formatSize } from '../bench/report.mjs'
import { median, ratioOfMedians } from '../bench/statistics.mjs'

const page = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url))

const INTRO = `# Benchmarks

The figures of one table come from one run, in which all sides took turns: compare them with each other, not with those
of another run or machine. They are medians. **×** says how many times as fast: × 2 is half the time. Where a ratio is
near 1, its bootstrap 95 % interval follows in square brackets; when that holds 1, neither side is faster.

*ws* is [ws](https://github.com/websockets/ws) with [bufferutil](https://github.com/websockets/bufferutil), *ws-* is ws
without it.

This page is made of [bench/results](../bench/results) by \`node scripts/render-benchmarks.mjs\`. To repeat a run, clone
the repository, \`npm ci\`, and run the command above its tables; close what else uses the machine.
`

const SECTIONS = [
  { file: 'echo', title: 'Echo over TCP', command: 'npm run bench:echo', render: renderEcho },
  { file: 'api', title: 'Ways to read and write', command: 'npm run bench:api', render: renderApi },
  { file: 'codec', title: 'Codec', command: 'npm run bench:codec', render: renderCodec },
  { file: 'kernels', title: 'Kernels', command: 'npm run bench', render: renderKernels },
]

/** What the names in the echo's figures stand for; a name that is not here stands for itself. */
const SERVERS = {
  gibbon: 'gibbon-ws, `for await`',
  'ws-corked': 'ws, corked by hand once a turn',
  net: 'raw `net`: bytes back as they came',
}

function echoSetting({ pinning, generator, seconds }) {
  return [
    `An echo server in a process of its own. Pinning: ${pinning}.`,
    `Load generator: ${generator}. Rounds of ${seconds} s, a fresh server each.`,
  ]
}

/** Echo: CPU time of the server's process a message, and messages a second. */
function renderEcho({ setting, measured }) {
  const text = [
    ...echoSetting(setting),
    "The ratio is that of CPU times a message: of that server's process to gibbon-ws's.",
  ]
  return [text.join('\n'), ...echoTables(measured, 'gibbon-ws')]
}

/** The same for gibbon-ws alone, by each way to read and write. */
function renderApi({ setting, measured }) {
  const text = [
    ...echoSetting(setting),
    '*push* is `onMessage`, *borrowed* with messages that are lent, *streams* `nextReader` and `nextWriter`; the ratio is',
    'that of CPU times a message: of that way to *push*.',
  ]
  return [text.join('\n'), ...echoTables(measured, 'push')]
}

/** A table for each case; the first server of its figures is the one that the others are compared with. */
function echoTables(measured, subjectName) {
  return Object.entries(measured).map(([name, figures]) => {
    const [connections, inFlight, size] = name.split('x').map(Number)
    const [subject] = Object.keys(figures)
    const series = (server, key) => figures[server].map((figure) => figure[key])
    const rows = Object.keys(figures).map((server) => [
      SERVERS[server] ?? server,
      Math.round(median(series(server, 'rate'))).toLocaleString('en'),
      formatNumber(median(series(server, 'cpu'))),
      server === subject
        ? ''
        : `× ${formatRatio(ratioOfMedians(series(server, 'cpu'), series(subject, 'cpu')))}`,
    ])
    const of = `${connections} connections, ${inFlight} in flight each, ${formatSize(size)}`
    return `${of}; ${figures[subject].length} rounds:\n\n${table(['', 'messages/s', 'CPU µs', subjectName], rows)}`
  })
}

/** Codec: CPU time in the process of one side. */
function renderCodec({ tables }) {
  const text = [
    'Bytes to messages and messages to bytes in memory, without sockets: CPU time, each side in processes of its own.',
    'Each read that is decoded is a fresh copy, whose cost is subtracted on all sides; every message is looked into. In',
    'brackets: × ws. *js* and *wasm* are kernels of gibbon-ws; *borrowed* is its `pushEach`, whose messages are good until',
    'the sink returns.',
  ]
  return [
    text.join('\n'),
    ...Object.values(tables).map(({ title, unit, baseline, rounds, rows }) => {
      const cell = (figures, side) => {
        const time = formatNumber(median(figures[side]))
        const ratio = () => formatRatio(ratioOfMedians(figures[baseline], figures[side]))
        return side === baseline ? time : `${time} (× ${ratio()})`
      }
      return sidesTable(title, `${unit}; ${rounds} rounds`, rows, cell)
    }),
  ]
}

/** Kernels: what one call is worth. */
function renderKernels({ effort, tables }) {
  const text = `What is below the codec; ${effort.rounds} alternating rounds. In brackets: × the column without.`
  return [
    text,
    ...Object.values(tables).map(({ title, unit, baseline, rows }) => {
      const cell = (figures, name) => {
        if (figures[name] === undefined) return '–'
        const [above, below] = unit.startsWith('ns') ? [baseline, name] : [name, baseline]
        const figure = formatNumber(figures[name])
        return name === baseline ? figure : `${figure} (× ${formatNumber(figures[above] / figures[below])})`
      }
      return sidesTable(title, unit, rows, cell)
    }),
  ]
}

/** One line a row, one column a side. */
function sidesTable(title, unit, rows, cell) {
  const names = [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))]
  const lines = rows.map(({ label, figures }) => [label, ...names.map((name) => cell(figures, name))])
  return `${title}, ${unit}:\n\n${table(['', ...names], lines)}`
}

function table(header, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(header), line(header.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n')
}

function renderSection({ file, title, command, render }) {
  const path = new URL(`../bench/results/${file}.json`, import.meta.url)
  if (!existsSync(path)) return []
  const results = JSON.parse(readFileSync(path, 'utf8'))
  const { environment } = results
  const machine = `\`${command}\`, ${environment.date.slice(0, 10)}:\n${describe(environment)}.`
  return [`## ${title}`, machine, ...render(results)]
}

const text = `${[INTRO.trimEnd(), ...SECTIONS.flatMap(renderSection)].join('\n\n')}\n`
if (!process.argv.includes('--check')) {
  writeFileSync(page, text)
} else if (!existsSync(page) || readFileSync(page, 'utf8') !== text) {
  console.error('docs/benchmarks.md is stale: node scripts/render-benchmarks.mjs')
  process.exit(1)
}
console.log(`benchmarks: ${text.match(/^\| --- /gm).length} tables`)
