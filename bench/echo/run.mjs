// npm run bench:echo: what an echoed message costs a server, in CPU time of its process, beside its peers.
// --servers a,b --cases 100x1x20,… (connections x in flight x bytes) --rounds N --seconds S --json FILE --check

import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import {
  describe,
  environment,
  formatNumber,
  formatSize,
  progress,
  progressDone,
  saveJson,
  table,
} from '../report.mjs'
import { median, ratioOfMedians } from '../statistics.mjs'
import { generateLoad, generatorName } from './load-generator.mjs'
import { canPin } from './pinning.mjs'
import { serverNames, startServer } from './servers.mjs'
import { judge } from './targets.mjs'

/** Long enough for the hot path of every server to be optimised: a fresh process serves each round. */
const WARM_UP_SECONDS = 0.7
/** A ratio whose interval reaches in here may be noise: it is judged on so many rounds at least, and shown with it. */
const CLOSE = { low: 0.8, high: 1.25, rounds: 15 }
const PEERS = ['ws', 'ws-', 'net']

const { values: options } = parseArgs({
  options: {
    servers: { type: 'string', default: serverNames.join(',') },
    cases: { type: 'string', default: '100x1x20,10x64x20,10x64x1024,100x1x65536' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
    json: { type: 'string', default: fileURLToPath(new URL('../results/echo.json', import.meta.url)) },
    check: { type: 'boolean', default: false },
  },
})
const servers = options.servers.split(',')
const [subject, ...others] = servers
for (const name of servers) {
  if (!serverNames.includes(name)) throw new Error(`--servers takes names of ${serverNames.join(', ')}`)
}
const rounds = positive('rounds')
const seconds = positive('seconds')
for (const name of options.cases.split(',')) {
  if (!/^[1-9]\d*x[1-9]\d*x[1-9]\d*$/.test(name)) throw new Error(`--cases: ${name} is not like 100x1x20`)
}
if (options.check && subject !== 'gibbon')
  throw new Error('--check judges gibbon: name it first in --servers')

const env = environment(['ws', 'bufferutil'])
const setting = {
  pinning: canPin
    ? 'server on core 0, load generator on core 1'
    : 'none (no taskset, or one core): figures are rough',
  generator: generatorName,
  warmUp: WARM_UP_SECONDS,
  seconds,
}
/** case → server → one figure per round */
const measured = {}

console.log(`${describe(env)}
Pinning: ${setting.pinning}. Load generator: ${setting.generator}.
Medians of alternating rounds of ${seconds} s, a fresh server process each. x ws: CPU time per message of ws divided by
this server's; 2 is twice as good. In brackets the bootstrap 95 % interval, where a ratio is near 1.
Where neither side is near 100 % busy, something else held the cores: rates are then worth nothing, CPU times less.
`)
for (const name of options.cases.split(',')) {
  measured[name] = await measureCase(name)
  progressDone()
  console.log(`${titleOf(name)}, ${measured[name][subject].length} rounds\n${tableOf(name)}\n`)
}
saveJson(options.json, { environment: env, setting, measured })
console.log(`Written to ${options.json}`)
if (options.check) check()

function positive(option) {
  const value = Number(options[option])
  if (!(value > 0 && value < Infinity)) throw new Error(`--${option} takes a positive number`)
  return value
}

async function measureCase(name) {
  const figures = Object.fromEntries(servers.map((server) => [server, []]))
  const order = [...servers]
  const isClose = (peer) => isNearOne(ratioOf(figures, subject, peer))
  for (let round = 1; round <= rounds || (round <= CLOSE.rounds && others.some(isClose)); round++) {
    for (const server of order) {
      progress(`${titleOf(name)}: round ${round}, ${server}`)
      figures[server].push(await measureOnce(server, name))
    }
    order.push(order.shift())
  }
  return figures
}

async function measureOnce(name, caseName) {
  const [connections, inFlight, size] = caseName.split('x').map(Number)
  const server = await startServer(name)
  try {
    const load = { connections, inFlight, size }
    const result = await generateLoad(server, load, WARM_UP_SECONDS, seconds)
    return {
      rate: result.messages / result.seconds,
      cpu: (result.serverCpu / result.messages) * 1e6,
      serverBusy: result.serverCpu / result.seconds,
      generatorBusy: result.loadCpu / result.seconds,
    }
  } finally {
    await server.stop()
  }
}

/** How many times as good as `peer`: by CPU time per message, or by message rate. */
function ratioOf(figures, server, peer, by = 'cpu') {
  const [above, below] = by === 'cpu' ? [peer, server] : [server, peer]
  const series = (name) => figures[name].map((figure) => figure[by])
  return ratioOfMedians(series(above), series(below))
}

function titleOf(name) {
  const [connections, inFlight, size] = name.split('x').map(Number)
  return `${connections} connections x ${inFlight} in flight x ${formatSize(size)}`
}

function tableOf(name) {
  const figures = measured[name]
  const middle = (server, key) => median(figures[server].map((figure) => figure[key]))
  const peers = PEERS.filter((peer) => servers.includes(peer))
  const header = [
    '',
    'messages/s',
    'CPU µs',
    ...peers.map((peer) => `x ${peer}`),
    'server busy',
    'generator busy',
  ]
  const rows = servers.map((server) => [
    server,
    Math.round(middle(server, 'rate')).toLocaleString('en'),
    formatNumber(middle(server, 'cpu')),
    ...peers.map((peer) => (peer === server ? '1' : formatRatio(ratioOf(figures, server, peer)))),
    percent(middle(server, 'serverBusy')),
    percent(middle(server, 'generatorBusy')),
  ])
  return table(header, rows)
}

function percent(share) {
  return `${Math.round(share * 100)} %`
}

function isNearOne({ low, high }) {
  return high > CLOSE.low && low < CLOSE.high
}

function formatRatio(ratio) {
  const { value, low, high } = ratio
  if (!isNearOne(ratio)) return formatNumber(value)
  return `${formatNumber(value)} [${formatNumber(low)}–${formatNumber(high)}]`
}

function check() {
  const isMeasured = (name, peer) => measured[name]?.[peer] !== undefined
  const verdicts = judge(isMeasured, (name, peer, by) => ratioOf(measured[name], subject, peer, by))
  if (verdicts.length === 0)
    throw new Error('--check has nothing to judge: no target has these cases and servers')
  const rows = verdicts.map(({ case: name, peer, by, least, ratio, met, failed }) => [
    titleOf(name),
    `x ${peer} by ${by === 'cpu' ? 'CPU' : 'rate'}`,
    `>= ${formatNumber(least)}`,
    `${formatNumber(ratio.value)} [${formatNumber(ratio.low)}–${formatNumber(ratio.high)}]`,
    met ? 'met' : failed ? 'FAILED' : 'missed, but within its interval',
  ])
  console.log(`\n${table(['Targets', '', '', '', ''], rows)}`)
  if (verdicts.some((verdict) => verdict.failed)) process.exitCode = 1
}
