// npm run docs: writes what is generated in docs/, the table of errors and the benchmarks; --check only compares.

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

for (const script of ['render-errors.mjs', 'render-benchmarks.mjs']) {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const { status } = spawnSync(process.execPath, [path, ...process.argv.slice(2)], { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
