// One path of an http server and the connections that came by it.
// Knows them all, so that it can count them and close them; Node's server forgets a socket once it is upgraded.

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { CloseGoingAway } from '../codec/constants.ts'
import { WebSocketError } from '../codec/errors.ts'
import { checkLimit } from '../codec/limits.ts'
import { type Conn, runHandler } from '../conn/index.ts'
import { refuse, responseOf } from '../handshake/index.ts'
import type { AttachOptions } from './options.ts'

type Answer<Data> = (
  request: IncomingMessage,
  socket: Duplex,
  head: Uint8Array,
  onGone: (conn: Conn) => void,
) => Promise<Conn<Data>>

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : new Error(String(error)))
}

export class Attachment<Data = unknown> {
  readonly path: string | undefined
  private readonly open = new Set<Conn<Data>>()
  private readonly answer: Answer<Data>
  private readonly handler: (conn: Conn<Data>) => unknown
  private readonly onError: (error: unknown, conn: Conn<Data> | undefined) => void
  private readonly maxConnections: number
  /** Requests that are being answered. */
  private answering = 0
  private isClosing = false

  /** @internal */
  constructor(options: AttachOptions<Data>, handler: (conn: Conn<Data>) => unknown, answer: Answer<Data>) {
    this.path = options.path
    this.handler = handler
    this.answer = answer
    this.onError = options.onError ?? warn
    this.maxConnections = checkLimit('maxConnections', options.maxConnections, Number.POSITIVE_INFINITY)
  }

  /** The open connections. */
  get connections(): ReadonlySet<Conn<Data>> {
    return this.open
  }

  /**
   * Closes every connection in order and refuses new ones with 503.
   *
   * @param code see `formatCloseMessage`; default 1001, going away
   * @returns resolves once all are gone, within their `closeTimeout`
   */
  async close(code: number = CloseGoingAway, reason = ''): Promise<void> {
    this.isClosing = true
    await Promise.all([...this.open].map((conn) => conn.close(code, reason)))
  }

  /** @internal */
  handle(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.isClosing || this.open.size + this.answering >= this.maxConnections) {
      const message = this.isClosing ? 'the server is shutting down' : 'too many connections'
      socket.on('error', () => {})
      socket.end(responseOf(refuse(503, message)), () => socket.destroy())
      return
    }
    this.answering++
    this.answer(request, socket, head, this.forget).then(this.begin, this.dismiss)
  }

  private readonly begin = (conn: Conn<Data>): void => {
    this.answering--
    if (conn.state === 'closed') return
    this.open.add(conn)
    if (this.isClosing) conn.close(CloseGoingAway)
    runHandler(conn, this.handler, this.onError)
  }

  /** The request was refused, or its peer left; or the application failed to decide about it. */
  private readonly dismiss = (error: unknown): void => {
    this.answering--
    if (!(error instanceof WebSocketError)) this.onError(error, undefined)
  }

  private readonly forget = (conn: Conn): void => {
    this.open.delete(conn as Conn<Data>)
  }
}
