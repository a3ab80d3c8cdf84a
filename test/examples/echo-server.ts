// Starts a script of the echo example as a process of its own and follows what it prints.
// The server takes any free port and says in its first line where to look.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const folder = new URL('../../examples/echo/', import.meta.url)

export interface Script {
  readonly process: ChildProcess
  /** Everything printed so far, both streams. */
  output(): string
  /** The first match of `pattern` in the output, as soon as it is there; rejects when the process ends without it. */
  match(pattern: RegExp): Promise<RegExpExecArray>
  /** Exit code or signal. */
  readonly ended: Promise<number | string>
}

export function startScript(name: string, args: readonly string[], env: Record<string, string> = {}): Script {
  const child = spawn(process.execPath, [fileURLToPath(new URL(name, folder)), ...args], {
    env: { ...process.env, PORT: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const watchers = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      for (const watcher of watchers) watcher()
    })
  }
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string)
  const match = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(output)
        if (found === null) return
        watchers.delete(look)
        resolve(found)
      }
      watchers.add(look)
      look()
      ended.then((end) => reject(new Error(`${name} ended with ${end} and without ${pattern}:\n${output}`)))
    })
  return { process: child, output: () => output, match, ended }
}

export interface EchoServer {
  /** http://localhost:<port>/ */
  readonly url: string
  exitCode(): number | null
  stop(): Promise<void>
}

export async function startEchoServer(): Promise<EchoServer> {
  const script = startScript('server.mjs', ['--port', '0'])
  const [url] = await script.match(/http:\/\/localhost:\d+\//)
  return {
    url,
    exitCode: () => script.process.exitCode,
    async stop() {
      script.process.kill('SIGTERM')
      await script.ended
    },
  }
}
