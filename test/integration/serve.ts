// A server of ours for one test: an http or https server with an attached handler, gone when the test is.
// Connections that a test leaves open are terminated.

import { createServer as createHttp, type Server } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { onTestFinished } from 'vitest'
import {
  type Attachment,
  type AttachOptions,
  type Conn,
  type ConnOptions,
  type DialOptions,
  dial,
  type Granted,
  Upgrader,
  type UpgraderOptions,
} from '../../src/index.ts'
import { cert, key } from './certificate.ts'
import { portOf, RawPeer } from './raw-peer.ts'

export interface ServeOptions<Data> extends UpgraderOptions {
  readonly attach?: AttachOptions<Data>
  /** `true`: with the self-signed certificate. */
  readonly tls?: boolean | { readonly key: Buffer; readonly cert: Buffer }
}

export interface Served<Data = unknown> {
  readonly server: Server
  readonly attachment: Attachment<Data>
  readonly port: number
  /** ws or wss, path / */
  readonly url: string
}

/** Sends back what comes. */
export async function echo(conn: Conn): Promise<void> {
  for await (const message of conn) await conn.writeMessage(message)
}

/** Listens on a free port of 127.0.0.1. */
export async function listen<S extends Server>(server: S): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return portOf(server)
}

export async function serve<Data = unknown>(
  handler: (conn: Conn<Granted<Data>>) => unknown,
  { attach = {}, tls = false, ...options }: ServeOptions<Data> = {},
): Promise<Served<Granted<Data>>> {
  const server = tls ? createHttps(tls === true ? { key, cert } : tls) : createHttp()
  const attachment = new Upgrader(options).attach<Data>(server, attach, handler)
  const port = await listen(server)
  onTestFinished(() => {
    for (const conn of attachment.connections) conn.terminate()
  })
  return { server, attachment, port, url: `${tls ? 'wss' : 'ws'}://127.0.0.1:${port}/` }
}

/** A connection on our server to a bare socket; nobody reads it but the test. */
export async function acceptRaw(
  options: ServeOptions<unknown> = {},
): Promise<{ conn: Conn; peer: RawPeer; served: Served }> {
  let opened!: (conn: Conn) => void
  const conn = new Promise<Conn>((resolve) => {
    opened = resolve
  })
  const served = await serve(opened, { attach: { keepAlive: options.keepAlive ?? false }, ...options })
  const peer = await RawPeer.open(served.port, '/', Boolean(options.tls))
  return { conn: await conn, peer, served }
}

/** A connection of our Dialer, gone when the test is. */
export async function open(url: string, options?: DialOptions): Promise<Conn> {
  const conn = await dial(url, options)
  onTestFinished(() => conn.terminate())
  return conn
}

/** Both ends of a connection, both ours; nobody reads them but the test. */
export async function openBoth(options: ConnOptions = {}): Promise<{ server: Conn; client: Conn }> {
  let opened!: (conn: Conn) => void
  const server = new Promise<Conn>((resolve) => {
    opened = resolve
  })
  const { url } = await serve(opened, { attach: { keepAlive: false }, ...options })
  return { client: await open(url, options), server: await server }
}
