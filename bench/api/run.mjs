// npm run bench:api: what each way to read and write costs a server that echoes short messages, many of them in one read.
// --ways a,b --cases 10x64x20 (connections x in flight x bytes) --rounds N --seconds S --json FILE --check

import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import {
  casesOf,
  measureCase,
  positive,
  ratioOf,
  reportVerdicts,
  settingOf,
  tableOf,
  titleOf,
} from '../echo/compare.mjs'
import { startProgram, startServer } from '../echo/servers.mjs'
import { describe, environment, formatNumber, progressDone, saveJson } from '../report.mjs'
import { TARGETS } from './targets.mjs'

const NAMES = TARGETS.map(({ way }) => way)

const { values: options } = parseArgs({
  options: {
    ways: { type: 'string', default: [...NAMES, 'ws'].join(';') },
    cases: { type: 'string', default: '10x64x20' },
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '1' },
    json: { type: 'string', default: fileURLToPath(new URL('../results/api.json', import.meta.url)) },
    check: { type: 'boolean', default: false },
  },
})
const ways = options.ways.split(';')
for (const way of ways)
  if (way !== 'ws' && !NAMES.includes(way)) throw new Error(`--ways takes names of ${NAMES.join(';')};ws`)
const effort = { rounds: positive(options, 'rounds'), seconds: positive(options, 'seconds') }
const cases = casesOf(options)

const start = (way) =>
  way === 'ws' ? startServer(way) : startProgram(new URL('server.mjs', import.meta.url), false, [way])

const env = environment(['ws', 'bufferutil'])
const setting = settingOf(effort.seconds)
/** case → way → one figure per round */
const measured = {}

console.log(`${describe(env)}
Pinning: ${setting.pinning}. Load generator: ${setting.generator}.
Medians of alternating rounds of ${setting.seconds} s, a fresh server process each. x push: CPU time per message of push mode
divided by this way's. In brackets the bootstrap 95 % interval, where a ratio is near 1.
`)
for (const name of cases) {
  measured[name] = await measureCase(name, ways, start, effort)
  progressDone()
  const peers = ['push', 'ws'].filter((peer) => ways.includes(peer))
  const { length } = measured[name][ways[0]]
  console.log(`${titleOf(name)}, ${length} rounds\n${tableOf(measured[name], peers)}\n`)
}
saveJson(options.json, { environment: env, setting, measured })
console.log(`Written to ${options.json}`)
if (options.check) reportVerdicts(cases.flatMap(verdictsOf))

function verdictsOf(name) {
  const figures = measured[name]
  const title = (way) => `${titleOf(name)}: ${way}`
  return TARGETS.filter(({ way }) => figures[way] !== undefined).flatMap(({ way, most, least }) => {
    const verdicts = []
    if (most !== undefined && figures.push !== undefined) {
      const ratio = ratioOf(figures, 'push', way)
      const met = ratio.value <= most
      verdicts.push({
        title: title(way),
        against: 'of push',
        wanted: `<= ${most}`,
        ratio,
        met,
        failed: ratio.low > most,
      })
    }
    if (figures.ws !== undefined) {
      const ratio = ratioOf(figures, way, 'ws')
      const met = ratio.value >= least
      const wanted = `>= ${formatNumber(least)}`
      verdicts.push({ title: title(way), against: 'x ws', wanted, ratio, met, failed: ratio.high < least })
    }
    return verdicts
  })
}
