// Compiles the Go program of peer/ and runs it: requests go to it as lines of JSON, and each comes back as one answer.
// What it said on standard error makes the tests fail, since a panic of gorilla's would be there.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Gorilla } from '../../scripts/find-gorilla.mjs'

const run = promisify(execFile)
const sources = fileURLToPath(new URL('peer/', import.meta.url))
/** Kept between runs: the first takes seconds, each later one half of one. */
const cache = fileURLToPath(new URL('../../build/go-cache/', import.meta.url))

/** Milliseconds; the first compilation takes four seconds on two idle cores. */
export const COMPILE_TIME = 300_000

/** What Go said of a failure. */
export interface GoEnd {
  /** The text of Go's error. */
  readonly error: string
  /** Those of gorilla's CloseError, where it is one. */
  readonly closeCode?: number
  readonly closeText?: string
}

/** An operation of the program's that failed, with everything that its answer said. */
export class GoError extends Error implements GoEnd {
  readonly error: string
  readonly closeCode?: number
  readonly closeText?: string
  /** The response, where a dial failed that got one. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, readonly string[]>>
  readonly body?: string

  constructor(answer: GoEnd) {
    super(answer.error)
    this.error = answer.error
    Object.assign(this, answer)
  }
}

interface Waiting {
  readonly resolve: (answer: never) => void
  readonly reject: (error: Error) => void
}

function ignore(): void {}

/** Compiles the program into a folder of its own, so that tests which run at the same time do not meet. */
export async function compile({ go, env }: Gorilla): Promise<{ path: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'interop-go-'))
  const path = join(folder, 'peer')
  await run(go, ['build', '-o', path, '.'], { cwd: sources, env: { ...env, GOCACHE: cache } })
  return { path, remove: () => rm(folder, { recursive: true }) }
}

/** The program, running. */
export class GoProgram {
  private readonly child: ChildProcess
  private readonly waiting = new Map<number, Waiting>()
  private readonly ended: Promise<unknown>
  private isEnded = false
  private complaints = ''
  private requests = 0

  constructor(path: string) {
    const child = spawn(path, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.child = child
    this.ended = once(child, 'close').then(() => {
      this.isEnded = true
      for (const { reject } of this.waiting.values()) reject(this.endError)
      this.waiting.clear()
    })
    // It may be killed while a request is on its way.
    child.stdin.on('error', ignore)
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.complaints += text
    })
    createInterface(child.stdout).on('line', (line) => {
      const answer = JSON.parse(line)
      const waiting = this.waiting.get(answer.id)
      this.waiting.delete(answer.id)
      if (answer.error === undefined) waiting?.resolve(answer as never)
      else waiting?.reject(new GoError(answer))
    })
  }

  /** Rejects with a GoError when the operation failed; that may be left unhandled. */
  request<Answer>(op: string, fields: object = {}): Promise<Answer> {
    const promise = new Promise<Answer>((resolve, reject) => {
      if (this.isEnded) throw this.endError
      const id = ++this.requests
      this.waiting.set(id, { resolve, reject })
      this.child.stdin!.write(`${JSON.stringify({ id, op, ...fields })}\n`)
    })
    promise.catch(ignore)
    return promise
  }

  private get endError(): Error {
    return new Error(`the Go program ended: ${this.complaints}`)
  }

  /** Ends it as a crash of its machine would. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.ended
  }

  /** Ends it in order; throws when it complained about anything but clients that do not trust its certificate. */
  async stop(): Promise<void> {
    this.child.stdin!.end()
    await this.ended
    const rest = this.complaints.replace(/^.*TLS handshake error.*\n/gm, '')
    if (rest !== '') throw new Error(rest)
  }
}
