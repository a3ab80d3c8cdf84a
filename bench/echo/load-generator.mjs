// Runs the load generator: load.c, compiled on demand, or load.mjs where there is no compiler or no epoll.

import { execFile, spawnSync } from 'node:child_process'
import { mkdirSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { pinned } from './pinning.mjs'

const path = (name) => fileURLToPath(new URL(name, import.meta.url))
const SOURCE = path('load.c')
const BINARY = path('../../build/load')

const native = isFresh() || compile()

/** Which generator the figures come from. */
export const generatorName = native ? 'load.c (epoll)' : 'load.mjs (no C compiler or no epoll: slower)'

function isFresh() {
  const changed = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
  return changed(BINARY) > changed(SOURCE)
}

function compile() {
  mkdirSync(path('../../build'), { recursive: true })
  return spawnSync('cc', ['-O2', '-Wall', '-o', BINARY, SOURCE], { stdio: 'ignore' }).status === 0
}

/**
 * Loads a server from the second core.
 *
 * @param server what startServer returned
 * @param load `{ connections, inFlight, size }`, size in bytes of payload
 * @param warmUp seconds before the measured interval
 * @param seconds length of the measured interval
 * @returns `{ messages, seconds, serverCpu, loadCpu }` of that interval, times in seconds
 */
export async function generateLoad(server, load, warmUp, seconds) {
  const { connections, inFlight, size } = load
  const header = size < 126 ? 2 : size < 65536 ? 4 : 10
  const replyBytes = header + (server.masked ? 4 : 0) + size
  const generator = native ? [BINARY] : [process.execPath, path('load.mjs')]
  const numbers = [server.port, server.pid, connections, inFlight, size, replyBytes, warmUp, seconds]
  const [command, ...args] = pinned(1, [...generator, ...numbers.map(String)])
  const { stdout } = await promisify(execFile)(command, args)
  return JSON.parse(stdout)
}
