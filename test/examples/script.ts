// Starts a script of an example as a process of its own and follows what it prints.
// A server takes any free port and says in its first line where to look.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const folder = new URL('../../examples/', import.meta.url)

export interface Script {
  readonly process: ChildProcess
  /** Everything printed so far, both streams. */
  output(): string
  /** The first match of `pattern` in the output, as soon as it is there; rejects when the process ends without it. */
  match(pattern: RegExp): Promise<RegExpExecArray>
  /** Exit code or signal. */
  readonly ended: Promise<number | string>
}

/** @param name its path in examples/ */
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

export interface ExampleServer {
  readonly script: Script
  readonly port: number
  /** http://localhost:<port>/ */
  readonly url: string
  stop(): Promise<number | string>
}

/** Starts an example's server on a free port. */
export async function startServer(
  example: string,
  args: readonly string[] = [],
  port = 0,
): Promise<ExampleServer> {
  const script = startScript(`${example}/server.mjs`, ['--port', String(port), ...args])
  const [url, found] = await script.match(/http:\/\/localhost:(\d+)\//)
  return {
    script,
    port: Number(found),
    url,
    stop() {
      script.process.kill('SIGTERM')
      return script.ended
    },
  }
}

/** As {@link startServer}, for one test, which it ends with, in order so that its own processes end too. */
export async function serveExample(example: string, args: readonly string[] = []): Promise<ExampleServer> {
  const server = await startServer(example, args)
  onTestFinished(async () => {
    const impatience = setTimeout(() => server.script.process.kill('SIGKILL'), 10_000)
    await server.stop()
    clearTimeout(impatience)
  })
  return server
}
