// The packed package, installed as its users do: from the tarball, with no network and no compiler.
// In a folder of its own, so that nothing of this repository is found by accident.

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A folder with the package in its node_modules. */
export interface Consumer {
  readonly folder: string
  /** Paths of the files in the tarball. */
  readonly files: readonly string[]
  /** What `npm install` wrote, errors included. */
  readonly output: string
  remove(): void
}

function which(program: string): string {
  return execFileSync('which', [program], { encoding: 'utf8' }).trim()
}

export function installPackage(): Consumer {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'gibbon-ws-')))
  // What npm needs to run, and nothing that could compile: no cc, make or python.
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  symlinkSync(process.execPath, join(bin, 'node'))
  for (const program of ['npm', 'sh']) symlinkSync(which(program), join(bin, program))

  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
  const packed = execFileSync('npm', pack, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'ignore'],
    encoding: 'utf8',
  })
  const [{ filename, files }]: [{ filename: string; files: { path: string }[] }] = JSON.parse(packed)

  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  const install = ['install', '--offline', '--no-audit', '--no-update-notifier', `./${filename}`]
  const { stdout, stderr } = spawnSync('npm', install, {
    cwd: folder,
    // An empty cache, no configuration.
    env: {
      PATH: bin,
      npm_config_userconfig: join(folder, 'npmrc'),
      npm_config_cache: join(folder, 'cache'),
    },
    encoding: 'utf8',
  })
  return {
    folder,
    files: files.map(({ path }) => path),
    output: stdout + stderr,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
