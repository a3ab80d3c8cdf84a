// Builds everything: the WASM kernel and its embedded bytes, then the library as ES modules and as CommonJS.
// `--if-stale` does nothing when the output was built from the sources as they are.

import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const require = createRequire(import.meta.url)

const sources = ['assembly', 'src', 'asconfig.json', 'tsconfig.json', 'package.json', 'scripts/build.mjs']
/** Made by the build among the sources. */
const generated = ['src/kernel/wasm-bytes.ts', 'src/node/wasm-bytes.ts']
/** Holds the fingerprint of the sources that the last whole build was made from. */
const stamp = 'build/stamp'
const outputs = [
  ...generated,
  'build/kernel.wasm',
  'dist.esm/node-entry.mjs',
  'dist.esm/kernel.wasm',
  'dist.cjs/index.js',
]

const at = (path) => join(root, path)

/** Every source file with the time of its last change. */
function fingerprint(paths) {
  return paths
    .filter((path) => !generated.includes(path))
    .map((path) => {
      const stat = statSync(at(path))
      if (!stat.isDirectory()) return `${path} ${stat.mtimeMs}\n`
      return fingerprint(readdirSync(at(path)).map((name) => `${path}/${name}`))
    })
    .join('')
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

// Taken before the build: what changes while it runs makes it stale.
const current = fingerprint(sources)
if (process.argv.includes('--if-stale') && [stamp, ...outputs].every((path) => existsSync(at(path)))) {
  if (readFileSync(at(stamp), 'utf8') === current) process.exit(0)
}

mkdirSync(at('build'), { recursive: true })
rmSync(at(stamp), { force: true })
for (const [entry, target] of [
  ['assembly/index.ts', 'kernel'],
  ['assembly/transcode.ts', 'transcoder'],
]) {
  const args = [entry, '--config', 'asconfig.json', '--target', target]
  run(`asc    ${entry} -> build/${target}.wasm`, 'assemblyscript', 'asc', args)
}
await import('../assembly/embed.mjs')

for (const dist of ['dist.esm', 'dist.cjs']) rmSync(at(dist), { recursive: true, force: true })
// On Node the ES modules are those of CommonJS (below); emitted as ES modules are the rooms that run anywhere.
const esm = [
  '-p',
  'src/tsconfig.portable.json',
  '--noEmit',
  'false',
  '--declaration',
  'false',
  '--outDir',
  'dist.esm',
]
run('tsc    src/ -> dist.esm/, the portable rooms', 'typescript', 'tsc', esm)
const cjs = '--module commonjs --moduleResolution bundler --verbatimModuleSyntax false --outDir dist.cjs'
run('tsc    src/ -> dist.cjs/', 'typescript', 'tsc', ['-p', 'tsconfig.json', ...cjs.split(' ')])
writeFileSync(at('dist.cjs/package.json'), '{ "type": "commonjs" }\n')

copyFileSync(at('build/kernel.wasm'), at('dist.esm/kernel.wasm'))
writeFileSync(
  at('dist.esm/kernel.wasm.d.cts'),
  '/** The compiled kernel, as runtimes and bundlers give it that import `.wasm` files as modules. */\n' +
    'declare const kernel: WebAssembly.Module\nexport = kernel\n',
)

// One implementation on Node: the ES module entry re-exports the CommonJS one, so that both see the same classes.
const names = Object.keys(require(at('dist.cjs/index.js'))).sort()
writeFileSync(
  at('dist.esm/node-entry.mjs'),
  `import library from '../dist.cjs/index.js'\n\nexport const {\n${names.map((name) => `  ${name},\n`).join('')}} = library\n`,
)
// And one set of declarations, so that types of one entry go with the other in both module systems.
writeFileSync(at('dist.esm/node-entry.d.mts'), "export * from '../dist.cjs/index.js'\n")
writeFileSync(at('dist.esm/codec.d.mts'), "export * from '../dist.cjs/codec.js'\n")
writeFileSync(at(stamp), current)
