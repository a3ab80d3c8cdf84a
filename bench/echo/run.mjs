// npm run bench:echo: what an echoed message costs a server, in CPU time of its process, beside its peers.
// --servers a,b --cases 100x1x20,… (connections x in flight x bytes) --rounds N --seconds S --json FILE --check

import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describe, environment, formatNumber, progressDone, saveJson } from '../report.mjs'
import {
  casesOf,
  measureCase,
  positive,
  ratioOf,
  reportVerdicts,
  settingOf,
  tableOf,
  titleOf,
} from './compare.mjs'
import { serverNames, startServer } from './servers.mjs'
import { judge } from './targets.mjs'

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
const [subject] = servers
for (const name of servers) {
  if (!serverNames.includes(name)) throw new Error(`--servers takes names of ${serverNames.join(', ')}`)
}
const effort = { rounds: positive(options, 'rounds'), seconds: positive(options, 'seconds') }
const cases = casesOf(options)
if (options.check && subject !== 'gibbon')
  throw new Error('--check judges gibbon: name it first in --servers')

const env = environment(['ws', 'bufferutil'])
const setting = settingOf(effort.seconds)
/** case → server → one figure per round */
const measured = {}

console.log(`${describe(env)}
Pinning: ${setting.pinning}. Load generator: ${setting.generator}.
Medians of alternating rounds of ${setting.seconds} s, a fresh server process each. x ws: CPU time per message of ws divided by
this server's; 2 is twice as good. In brackets the bootstrap 95 % interval, where a ratio is near 1.
Where neither side is near 100 % busy, something else held the cores: rates are then worth nothing, CPU times less.
`)
for (const name of cases) {
  measured[name] = await measureCase(name, servers, startServer, effort)
  progressDone()
  const peers = PEERS.filter((peer) => servers.includes(peer))
  const { length } = measured[name][subject]
  console.log(`${titleOf(name)}, ${length} rounds\n${tableOf(measured[name], peers)}\n`)
}
saveJson(options.json, { environment: env, setting, measured })
console.log(`Written to ${options.json}`)
if (options.check) {
  const isMeasured = (name, peer) => measured[name]?.[peer] !== undefined
  const verdicts = judge(isMeasured, (name, peer, by) => ratioOf(measured[name], subject, peer, by))
  reportVerdicts(
    verdicts.map(({ case: name, peer, by, least, ...verdict }) => ({
      title: titleOf(name),
      against: `x ${peer} by ${by === 'cpu' ? 'CPU' : 'rate'}`,
      wanted: `>= ${formatNumber(least)}`,
      ...verdict,
    })),
  )
}
