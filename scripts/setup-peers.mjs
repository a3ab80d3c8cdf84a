// Installs what the tests use and the root's `npm ci` does not bring: programs from Debian's packages, and packages from npm.
// It never asks and never fails: what is missing afterwards is named here, and its tests say that they were skipped.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { findChromium } from './find-chromium.mjs'
import { findConsumerTools } from './find-consumer-tools.mjs'
import { findGorilla } from './find-gorilla.mjs'
import { findNode22 } from './find-node-22.mjs'

/** Each peer: what it is for, the Debian packages that bring it, and how to see whether it is there. */
const peers = [
  { name: 'chromium', purpose: 'test/browser', packages: ['chromium'], find: findChromium },
  {
    name: 'gorilla/websocket',
    purpose: 'test/interop-go',
    packages: ['golang-go', 'golang-github-gorilla-websocket-dev'],
    find: findGorilla,
  },
]

const TIME_LIMIT = 10 * 60 * 1000

/** Runs apt-get without questions; gives its last complaint, or nothing when all went well. */
function apt(...args) {
  const run = spawnSync('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=120', ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: TIME_LIMIT,
  })
  if (run.status === 0) return undefined
  if (run.error) return run.error.message
  const complaints = run.stderr.split('\n').filter((line) => line.startsWith('E: '))
  return complaints.at(-1)?.slice(3) ?? `apt-get ended with ${run.status ?? run.signal}`
}

/** Why nothing can be installed here, or nothing when it can. */
function obstacle() {
  if (!existsSync('/etc/debian_version')) return 'this is no Debian-like system'
  if (spawnSync('apt-get', ['--version']).status !== 0) return 'there is no apt-get'
  if (process.getuid() !== 0) return 'that takes root'
  return undefined
}

/** Installs the peer; gives the reason where it could not. */
function install({ name, packages, find }) {
  const reason = obstacle()
  if (reason !== undefined) return reason
  console.log(`${name}: missing, installing ${packages.join(' ')}`)
  const complaint = apt('update') ?? apt('install', '-y', '--no-install-recommends', ...packages)
  return (
    complaint ?? (find() === undefined ? 'its packages are there, yet none is found that starts' : undefined)
  )
}

for (const peer of peers) {
  const { name, purpose, packages } = peer
  if (peer.find() !== undefined) continue
  const reason = install(peer)
  if (reason === undefined) console.log(`${name}: installed, for ${purpose}`)
  else console.log(`${name}: not installed (${reason}); ${purpose} needs it: ${packages.join(' ')}`)
}

/** What has a package.json of its own: its folder, the tests that need it, and how to see whether it is there. */
const folders = [
  { name: 'Node 22', folder: 'test/runtimes', purpose: 'test/integration', find: findNode22 },
  {
    name: 'compilers and bundlers',
    folder: 'test/consumers',
    purpose: 'test/consumers',
    find: findConsumerTools,
  },
]

/** Installs the folder's packages by npm; gives the reason where it could not. */
function npmInstall({ name, folder, find }) {
  console.log(`${name}: missing, installing ${folder}`)
  const run = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: fileURLToPath(new URL(`../${folder}/`, import.meta.url)),
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: TIME_LIMIT,
    shell: process.platform === 'win32',
  })
  if (run.error) return run.error.message
  const complaint = run.stderr.split('\n').find((line) => /^npm (error|ERR!) /.test(line))
  if (run.status !== 0) return complaint ?? `npm ended with ${run.status ?? run.signal}`
  // Optional packages, of which there is one for each platform: npm is content without any, be it for a lack of network.
  return find() === undefined ? 'npm got no package for this platform that starts' : undefined
}

for (const entry of folders) {
  const { name, folder, purpose, find } = entry
  if (find() !== undefined) continue
  const reason = npmInstall(entry)
  if (reason === undefined) console.log(`${name}: installed, for ${purpose}`)
  else console.log(`${name}: not installed (${reason}); ${purpose} needs it: npm ci --prefix ${folder}`)
}
