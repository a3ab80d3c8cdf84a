// The long random run of the decoder: `node test/fuzz/run.mjs [count] [first seed]`, by default 100000 from the clock.
// Bundles the TypeScript of this folder with esbuild; a failure prints its seed, which belongs into seeds.json.

import { mkdirSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const count = Number(process.argv[2] ?? 100_000)
const first = Number(process.argv[3] ?? Date.now() % 2 ** 31)
if (!Number.isSafeInteger(count) || !Number.isSafeInteger(first) || count < 1 || first < 0) {
  console.error('usage: node test/fuzz/run.mjs [count] [first seed]')
  process.exit(2)
}

const folder = fileURLToPath(new URL('../../build/', import.meta.url))
const outfile = `${folder}fuzz.mjs`
mkdirSync(folder, { recursive: true })
await build({
  entryPoints: [fileURLToPath(new URL('run-seed.ts', import.meta.url))],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  logLevel: 'error',
})
const { runSeed } = await import(pathToFileURL(outfile).href)

const began = performance.now()
let failures = 0
let told = began
for (let seed = first; seed < first + count; seed++) {
  try {
    runSeed(seed)
  } catch (error) {
    failures++
    console.error(`FAILED seed ${seed} (again: node test/fuzz/run.mjs 1 ${seed})\n${error.stack}`)
    if (failures === 10) break
  }
  const now = performance.now()
  if (now - told > 5000) {
    told = now
    const done = seed - first + 1
    console.log(
      `${done} of ${count}, ${failures} failed, ${Math.round((done * 1000) / (now - began))} a second`,
    )
  }
}
console.log(`seeds ${first} to ${first + count - 1}: ${failures === 0 ? 'all agree' : `${failures} failed`}`)
process.exitCode = failures === 0 ? 0 : 1
