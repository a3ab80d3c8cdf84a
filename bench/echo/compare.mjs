// Measures echo servers beside each other: alternating rounds, a fresh process each, CPU time of the server's process.
// Shared by the comparison with other libraries (bench/echo) and that of the ways to read (bench/api).

import { formatNumber, formatSize, progress, table } from '../report.mjs'
import { median, ratioOfMedians } from '../statistics.mjs'
import { generateLoad, generatorName } from './load-generator.mjs'
import { canPin } from './pinning.mjs'

/** Long enough for the hot path of every server to be optimised: a fresh process serves each round. */
const WARM_UP_SECONDS = 0.7
/** A ratio whose interval reaches in here may be noise: it is judged on so many rounds at least, and shown with it. */
const CLOSE = { low: 0.8, high: 1.25, rounds: 15 }

/** What a run is made with, for its results. */
export function settingOf(seconds) {
  return {
    pinning: canPin
      ? 'server on core 0, load generator on core 1'
      : 'none (no taskset, or one core): figures are rough',
    generator: generatorName,
    warmUp: WARM_UP_SECONDS,
    seconds,
  }
}

/** The option as a number above 0. */
export function positive(options, name) {
  const value = Number(options[name])
  if (!(value > 0 && value < Infinity)) throw new Error(`--${name} takes a positive number`)
  return value
}

/** The option as cases: '100x1x20' is connections x in flight x bytes. */
export function casesOf(options) {
  const cases = options.cases.split(',')
  for (const name of cases)
    if (!/^[1-9]\d*x[1-9]\d*x[1-9]\d*$/.test(name)) throw new Error(`--cases: ${name} is not like 100x1x20`)
  return cases
}

/**
 * One case for all servers, in turns: the first of them is the subject that the others are compared with.
 *
 * @param start starts a server by its name: `{ pid, port, masked, stop() }`
 * @returns server → one figure per round
 */
export async function measureCase(name, servers, start, { rounds, seconds }) {
  const [subject, ...others] = servers
  const figures = Object.fromEntries(servers.map((server) => [server, []]))
  const order = [...servers]
  const isClose = (peer) => isNearOne(ratioOf(figures, subject, peer))
  for (let round = 1; round <= rounds || (round <= CLOSE.rounds && others.some(isClose)); round++) {
    for (const server of order) {
      progress(`${titleOf(name)}: round ${round}, ${server}`)
      figures[server].push(await measureOnce(await start(server), name, seconds))
    }
    order.push(order.shift())
  }
  return figures
}

async function measureOnce(server, caseName, seconds) {
  const [connections, inFlight, size] = caseName.split('x').map(Number)
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
export function ratioOf(figures, server, peer, by = 'cpu') {
  const [above, below] = by === 'cpu' ? [peer, server] : [server, peer]
  const series = (name) => figures[name].map((figure) => figure[by])
  return ratioOfMedians(series(above), series(below))
}

export function titleOf(name) {
  const [connections, inFlight, size] = name.split('x').map(Number)
  return `${connections} connections x ${inFlight} in flight x ${formatSize(size)}`
}

/** @param peers servers that each line is compared with */
export function tableOf(figures, peers) {
  const servers = Object.keys(figures)
  const middle = (server, key) => median(figures[server].map((figure) => figure[key]))
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

/** Verdicts of a targets file as a table; the process fails where one did. */
export function reportVerdicts(verdicts) {
  if (verdicts.length === 0)
    throw new Error('--check has nothing to judge: no target has these cases and servers')
  const rows = verdicts.map(({ title, against, wanted, ratio, met, failed }) => [
    title,
    against,
    wanted,
    `${formatNumber(ratio.value)} [${formatNumber(ratio.low)}–${formatNumber(ratio.high)}]`,
    met ? 'met' : failed ? 'FAILED' : 'missed, but within its interval',
  ])
  console.log(`\n${table(['Targets', '', '', '', ''], rows)}`)
  if (verdicts.some((verdict) => verdict.failed)) process.exitCode = 1
}
