// The long random run of the decoder, on all cores: `node test/fuzz/run.mjs [count] [first seed]`; `--seed N` for one.
// Every program goes through each kernel and the reference (test/reference); the status is 1 when any two differ.

import { appendFileSync, mkdirSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { build } from 'esbuild'

const USAGE = 'usage: node test/fuzz/run.mjs [count] [first seed] [--workers N] | --seed N'
/** Seeds that a worker takes at a time. */
const BLOCK = 500
/** Failures after which the run ends. */
const MAX_FAILURES = 10
/** A program that takes so long, in milliseconds, never ends. */
const STUCK = 20_000
/** Between two lines of progress, in milliseconds: on a terminal the line is written anew. */
const TELL = process.stdout.isTTY ? 1000 : 15_000

function number(text, fallback) {
  const value = text === undefined ? fallback : Number(text)
  if (Number.isSafeInteger(value) && value >= 0) return value
  console.error(USAGE)
  process.exit(2)
}

const { values, positionals } = parseArgs({
  options: { seed: { type: 'string' }, workers: { type: 'string' } },
  allowPositionals: true,
})
const one = values.seed === undefined ? undefined : number(values.seed)
const count = one === undefined ? number(positionals[0], 100_000) : 1
const first = one ?? number(positionals[1], Date.now() % 2 ** 31)
const workers = Math.min(number(values.workers, availableParallelism()), Math.ceil(count / BLOCK))

const folder = fileURLToPath(new URL('../../build/', import.meta.url))
const failuresFile = `${folder}fuzz-failures.jsonl`
mkdirSync(folder, { recursive: true })
rmSync(failuresFile, { force: true })
await build({
  entryPoints: [fileURLToPath(new URL('worker.ts', import.meta.url))],
  outfile: `${folder}fuzz-worker.mjs`,
  bundle: true,
  format: 'esm',
  platform: 'node',
  logLevel: 'error',
})

console.log(`${count} programs from seed ${first} on, ${workers} workers`)
const taken = new Int32Array(new SharedArrayBuffer(4))
const running = new Float64Array(new SharedArrayBuffer(8 * workers)).fill(-1)
const began = performance.now()
const failed = []
let programs = 0
let frames = 0

function progress() {
  const seconds = (performance.now() - began) / 1000
  const rate = programs / seconds
  const left = programs === 0 ? '?' : Math.ceil((count - programs) / rate)
  const line = `${programs} of ${count} programs, ${Math.round(rate)} a second, ${left} s left, ${failed.length} differences`
  process.stdout.write(process.stdout.isTTY ? `\r${line}\x1b[K` : `${line}\n`)
}

function fail({ seed, difference, line }) {
  failed.push(seed)
  if (process.stdout.isTTY) process.stdout.write('\n')
  console.error(`DIFFERENCE, seed ${seed}: ${difference}\n`)
  if (line !== undefined) appendFileSync(failuresFile, `${line}\n`)
  if (failed.length >= MAX_FAILURES) end()
}

function end() {
  const seconds = (performance.now() - began) / 1000
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[K')
  console.log(
    `${programs} programs, ${frames} frames, ${failed.length} differences ` +
      `(${seconds.toFixed(1)} s, ${Math.round(programs / seconds)} a second)`,
  )
  if (programs < count) console.log(`The run ended early: ${count} programs were asked for.`)
  if (failed.length > 0) {
    console.log(`Seeds that fail: ${failed.join(' ')}`)
    console.log(`Again: npm run fuzz -- --seed ${failed[0]}`)
    console.log('Once mended, add the lines of build/fuzz-failures.jsonl to test/fuzz/programs.jsonl.')
  }
  process.exit(failed.length === 0 && programs === count ? 0 : 1)
}

let ended = 0
for (let index = 0; index < workers; index++) {
  const worker = new Worker(`${folder}fuzz-worker.mjs`, {
    workerData: { first, count, block: BLOCK, describes: one !== undefined, taken, running, index },
  })
  worker.on('message', (told) => {
    if ('seed' in told) return fail(told)
    if ('description' in told) return console.log(told.description)
    programs += told.programs
    frames += told.frames
  })
  worker.on('error', (error) => {
    fail({ seed: running[index], difference: `the worker ended: ${error.stack}` })
    end()
  })
  worker.on('exit', () => {
    if (++ended === workers) end()
  })
}

const seen = Array.from({ length: workers }, () => ({ seed: -1, since: began }))
setInterval(() => {
  for (const [index, last] of seen.entries()) {
    const now = performance.now()
    if (running[index] < 0 || running[index] !== last.seed) seen[index] = { seed: running[index], since: now }
    else if (now - last.since > STUCK) {
      fail({ seed: last.seed, difference: `the program did not end in ${STUCK / 1000} s` })
      end()
    }
  }
}, 1000).unref()
setInterval(progress, TELL).unref()
