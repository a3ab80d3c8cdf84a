// What every benchmark shows and keeps: a progress line, an aligned table, a JSON file, the machine it ran on.
// Figures are only worth comparing inside one run; the environment is there to tell runs apart.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, cpus, platform, release } from 'node:os'
import { dirname } from 'node:path'

const require = createRequire(import.meta.url)

/** Machine, runtime and packages. `packages` names the installed ones whose version matters. */
export function environment(packages) {
  const version = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).version
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    system: `${platform()} ${release()}`,
    node: process.versions.node,
    v8: process.versions.v8,
    packages: {
      'gibbon-ws': version('../package.json'),
      ...Object.fromEntries(packages.map((name) => [name, version(`../node_modules/${name}/package.json`)])),
    },
    bufferutil: bufferutilIsNative() ? 'native' : 'its JavaScript fallback: the addon did not load',
  }
}

function bufferutilIsNative() {
  return Function.prototype.toString.call(require('bufferutil').mask).includes('[native code]')
}

/** The environment as two lines of text. */
export function describe(env) {
  const packages = Object.entries(env.packages).map(([name, version]) => `${name} ${version}`)
  return (
    `${env.cpu}, ${env.cores} cores, ${env.system}; Node ${env.node} (V8 ${env.v8})\n` +
    `${packages.join(', ')}; bufferutil is ${env.bufferutil}`
  )
}

/** Rows of strings under a header; the first column is left-aligned, the others right-aligned. */
export function table(header, rows) {
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)))
  const line = (cells) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ')
  return [line(header), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n')
}

/** Shows what is running now: one line that overwrites itself on a terminal, a plain line elsewhere. */
export function progress(text) {
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`)
}

/** Takes the progress line away again. */
export function progressDone() {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
}

export function saveJson(file, data) {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(data, null, 2)}\n`)
}

/** 20 → "20 B", 65536 → "64 KiB"; what is no whole number of a unit stays in the smaller one. */
export function formatSize(bytes) {
  if (bytes % (1 << 20) === 0) return `${bytes / (1 << 20)} MiB`
  return bytes % 1024 === 0 ? `${bytes / 1024} KiB` : `${bytes} B`
}

/** Three significant digits, and no exponent. */
export function formatNumber(value) {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}
