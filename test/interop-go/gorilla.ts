// A `describe` for the tests against gorilla/websocket, and connections between it and ours.
// Where Go or gorilla's sources are missing the tests say that they were skipped; with CI set they fail.

import { afterAll, beforeAll, describe, onTestFinished, test } from 'vitest'
import { findGorilla } from '../../scripts/find-gorilla.mjs'
import type { Conn, DialOptions } from '../../src/index.ts'
import { open, type ServeOptions, serve } from '../integration/serve.ts'
import { GoConn, type GoHandshake, GoListener, type GoOptions } from './go-conn.ts'
import { COMPILE_TIME, compile, GoProgram } from './go-program.ts'

const found = findGorilla()
const missing = 'no Go with gorilla/websocket: `npm run setup` installs both as root on Debian'

/** Which end is ours; the other is gorilla's. */
export type Role = 'client' | 'server'

export interface PairOptions {
  readonly ours?: DialOptions & ServeOptions<unknown>
  readonly go?: GoOptions
}

/** gorilla/websocket in a process of its own. */
export class GorillaPeer {
  private program: GoProgram | undefined
  private path = ''

  /** Starts the compiled program. */
  start(path: string): void {
    this.path = path
    this.program = new GoProgram(path)
  }

  /** A process more, for a test that kills it. */
  another(): GorillaPeer {
    const peer = new GorillaPeer()
    peer.start(this.path)
    onTestFinished(() => peer.kill())
    return peer
  }

  async stop(): Promise<void> {
    await this.program?.stop()
  }

  async kill(): Promise<void> {
    await this.program?.kill()
  }

  async listen(options: GoOptions = {}): Promise<GoListener> {
    const program = this.program!
    const listener = new GoListener(program, await program.request('listen', { options }))
    onTestFinished(() => listener.close().catch(() => undefined))
    return listener
  }

  async dial(url: string, options: GoOptions = {}): Promise<GoConn> {
    const program = this.program!
    return new GoConn(program, await program.request<GoHandshake>('dial', { url, options }))
  }

  /** Sends one PreparedMessage of gorilla's `count` times to each. */
  async prepared(conns: readonly GoConn[], type: number, data: string | Uint8Array, count: number) {
    await this.program!.request('prepared', {
      also: conns.map(({ handshake }) => handshake.connection),
      type,
      data: Buffer.from(data).toString('base64'),
      count,
    })
  }

  /** Both ends of one connection; `role` is ours. */
  async pair(role: Role, { ours = {}, go: options }: PairOptions = {}): Promise<{ conn: Conn; go: GoConn }> {
    if (role === 'client') {
      const listener = await this.listen(options)
      const conn = await open(listener.url, ours)
      return { conn, go: await listener.accept() }
    }
    let opened!: (conn: Conn) => void
    const conn = new Promise<Conn>((resolve) => {
      opened = resolve
    })
    // What a handler fails with is looked at where the connection ends.
    const attach = { keepAlive: false, onError() {} }
    const { url } = await serve(opened, { attach, ...ours })
    const go = await this.dial(url, options)
    return { conn: await conn, go }
  }
}

/** A `describe` whose tests run only where gorilla/websocket can be compiled. */
export function describeWithGorilla(name: string, body: (gorilla: GorillaPeer) => void): void {
  if (found === undefined) {
    if (process.env.CI) {
      test(name, () => {
        throw new Error(missing)
      })
    } else {
      console.warn(`SKIPPED: ${name} (${missing})`)
      describe.skip(name, () => body(new GorillaPeer()))
    }
    return
  }
  describe(name, () => {
    const peer = new GorillaPeer()
    let remove: (() => Promise<void>) | undefined
    beforeAll(async () => {
      const program = await compile(found)
      remove = program.remove
      peer.start(program.path)
    }, COMPILE_TIME)
    afterAll(async () => {
      await peer.stop().finally(remove)
    })
    body(peer)
  })
}

/** The same tests with our end in each role. */
export const roles: readonly [name: string, role: Role][] = [
  ['our client and its server', 'client'],
  ['our server and its client', 'server'],
]
