// Builds everything: the WASM kernel and its embedded bytes, then the library as ES modules and as CommonJS.
// `--if-stale` does nothing when the output is newer than every source.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const require = createRequire(import.meta.url)
const stamp = join(root, 'build', 'stamp')
const generated = join(root, 'src', 'kernel', 'wasm-bytes.ts')
const outputs = [stamp, generated, 'dist.esm/node-entry.mjs', 'dist.cjs/index.js'].map((path) =>
  join(root, path).replace(join(root, root), root),
)

/** Newest change, in milliseconds, of any file below the paths. */
function newest(paths) {
  let time = 0
  for (const path of paths) {
    const stat = statSync(path)
    if (stat.isDirectory()) time = Math.max(time, newest(readdirSync(path).map((name) => join(path, name))))
    else if (path !== generated) time = Math.max(time, stat.mtimeMs)
  }
  return time
}

/** Runs a package's command with this Node, without npx's start-up. */
function run(title, packageName, bin, args) {
  const { bin: bins } = require(`${packageName}/package.json`)
  const path = typeof bins === 'string' ? bins : bins[bin]
  console.log(title)
  const script = join(dirname(require.resolve(`${packageName}/package.json`)), path)
  const { status } = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' })
  if (status !== 0) {
    console.error(`build: ${packageName} failed`)
    process.exit(1)
  }
}

const sources = ['assembly', 'src', 'asconfig.json', 'tsconfig.json', 'package.json', 'scripts/build.mjs']
if (process.argv.includes('--if-stale') && outputs.every((path) => existsSync(path))) {
  if (statSync(stamp).mtimeMs > newest(sources.map((path) => join(root, path)))) process.exit(0)
}

mkdirSync(join(root, 'build'), { recursive: true })
rmSync(stamp, { force: true })
run('asc    assembly/ -> src/kernel/wasm-bytes.ts', 'assemblyscript', 'asc', [
  '--config',
  'asconfig.json',
  '--target',
  'release',
])
await import('../assembly/embed.mjs')

for (const dist of ['dist.esm', 'dist.cjs']) rmSync(join(root, dist), { recursive: true, force: true })
run('tsc    src/ -> dist.esm/', 'typescript', 'tsc', ['-p', 'tsconfig.json'])
const cjs = '--module commonjs --moduleResolution bundler --verbatimModuleSyntax false --outDir dist.cjs'
run('tsc    src/ -> dist.cjs/', 'typescript', 'tsc', ['-p', 'tsconfig.json', ...cjs.split(' ')])
writeFileSync(join(root, 'dist.cjs', 'package.json'), '{ "type": "commonjs" }\n')

// One implementation on Node: the ES module entry re-exports the CommonJS one, so that both see the same classes.
const names = Object.keys(require(join(root, 'dist.cjs', 'index.js'))).sort()
writeFileSync(
  join(root, 'dist.esm', 'node-entry.mjs'),
  `import library from '../dist.cjs/index.js'\n\nexport const {\n${names.map((name) => `  ${name},\n`).join('')}} = library\n`,
)
writeFileSync(join(root, 'dist.esm', 'node-entry.d.mts'), "export * from '../dist.cjs/index.js'\n")
writeFileSync(stamp, '')
