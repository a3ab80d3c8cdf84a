// The echo example's scripts, each as a process of its own.
// The server takes any free port and says in its first line where to look.

import { type Script, startScript as startAny, startServer } from './script.ts'

export type { Script }

export function startScript(name: string, args: readonly string[], env: Record<string, string> = {}): Script {
  return startAny(`echo/${name}`, args, env)
}

export interface EchoServer {
  /** http://localhost:<port>/ */
  readonly url: string
  exitCode(): number | null
  stop(): Promise<void>
}

export async function startEchoServer(): Promise<EchoServer> {
  const { script, url, stop } = await startServer('echo')
  return {
    url,
    exitCode: () => script.process.exitCode,
    async stop() {
      await stop()
    },
  }
}
