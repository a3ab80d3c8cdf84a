// The servers of the echo benchmark by the names they have in its tables, and how to run one.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { pinned } from './pinning.mjs'

/** `masked`: the server sends back the client's own frames, so each reply carries a masking key. */
const SERVERS = {
  gibbon: { file: 'gibbon.mjs', masked: false },
  ws: { file: 'ws.mjs', masked: false },
  'ws-': { file: 'ws-without-bufferutil.mjs', masked: false },
  'ws-corked': { file: 'ws-corked.mjs', masked: false },
  net: { file: 'net.mjs', masked: true },
}

export const serverNames = Object.keys(SERVERS)

/** Starts a server on the first core. */
export function startServer(name) {
  const { file, masked } = SERVERS[name]
  return startProgram(new URL(`servers/${file}`, import.meta.url), masked)
}

/** Starts a server's program on the first core; it prints its port. */
export async function startProgram(url, masked = false, parameters = []) {
  const name = url.pathname.split('/').at(-1)
  const [command, ...args] = pinned(0, [process.execPath, fileURLToPath(url), ...parameters])
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  for await (const line of createInterface({ input: child.stdout })) {
    return {
      pid: child.pid,
      port: Number(line),
      masked,
      stop() {
        child.kill()
        return exited
      },
    }
  }
  throw new Error(`the server ${name} ended with ${await exited} before it listened`)
}
