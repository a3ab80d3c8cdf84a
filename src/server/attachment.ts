// One path of an http server and the connections that came by it.
// Knows them all, so that it can count them and close them; Node's server forgets a socket once it is upgraded.

import type { IncomingMessage, Server } from 'node:http'
import type { Server as TlsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { formatCloseMessage } from '../codec/close-payload.ts'
import { CloseGoingAway } from '../codec/constants.ts'
import { WebSocketError } from '../codec/errors.ts'
import { checkLimit } from '../codec/limits.ts'
import { type Conn, runHandler } from '../conn/index.ts'
import { refuse } from '../handshake/index.ts'
import { refuseOn } from './refuse-on.ts'
import { type Registry, registryOf } from './registry.ts'

/** The connection, or why there is none; throws what the application failed with. */
type Answer<Data> = (
  request: IncomingMessage,
  socket: Duplex,
  head: Uint8Array,
  onGone: (conn: Conn) => void,
) => Promise<Conn<Data> | WebSocketError>

/** What an attachment wants of {@link AttachOptions}. */
interface AttachmentOptions<Data> {
  readonly path?: string
  readonly maxConnections?: number
  readonly onError?: (error: unknown, conn: Conn<Data> | undefined) => void
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : new Error(String(error)))
}

/** One path of an http server and the connections that came by it; what `Upgrader.attach` returns. */
export class Attachment<Data = unknown> {
  /** The path it answers; undefined for every path that no other attachment has. */
  readonly path: string | undefined
  private readonly open = new Set<Conn<Data>>()
  /** Requests that are being answered. */
  private readonly answering = new Set<Promise<void>>()
  private readonly answer: Answer<Data>
  private readonly handler: (conn: Conn<Data>) => unknown
  private readonly onError: ((error: unknown, conn: Conn<Data> | undefined) => void) | undefined
  private readonly maxConnections: number
  private readonly registry: Registry
  private closing: { readonly code: number; readonly reason: string } | undefined

  /** @internal Attaches itself, once the options are known to be good. */
  constructor(
    server: Server | TlsServer,
    { path, maxConnections, onError }: AttachmentOptions<Data>,
    handler: (conn: Conn<Data>) => unknown,
    answer: Answer<Data>,
  ) {
    this.path = path
    this.handler = handler
    this.answer = answer
    this.onError = onError
    this.maxConnections = checkLimit('maxConnections', maxConnections, Number.POSITIVE_INFINITY)
    this.registry = registryOf(server)
    this.registry.add(this)
  }

  /** The connections that are not gone, as they are at the moment: the set changes as they come and go. */
  get connections(): ReadonlySet<Conn<Data>> {
    return this.open
  }

  /** Whether {@link close} was called. */
  get isClosing(): boolean {
    return this.closing !== undefined
  }

  /**
   * Closes every connection in order. New requests are refused with 503 until all are gone, then the path is free
   * again.
   *
   * @param code 1000..1003, 1007..1014 or 3000..4999; 1005 for a Close frame without a code; default 1001, going away
   * @param reason at most 123 bytes in UTF-8; default ''
   * @returns resolves once all are gone, within their `closeTimeout`, those included whose handshake is under way
   * @throws TypeError, RangeError ERR_WS_ARGUMENT for what no Close frame can carry; then none is closed
   */
  close(code: number = CloseGoingAway, reason = ''): Promise<void> {
    // Throws for what no Close frame can carry, before anything is closed.
    formatCloseMessage(code, reason)
    this.closing ??= { code, reason }
    return this.closeAll(code, reason)
  }

  /** Never rejects. */
  private async closeAll(code: number, reason: string): Promise<void> {
    await Promise.all([...this.open].map((conn) => conn.close(code, reason)))
    await Promise.all(this.answering)
    this.registry.remove(this)
  }

  /** @internal */
  handle(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.isClosing || this.open.size + this.answering.size >= this.maxConnections) {
      const message = this.isClosing ? 'the server is shutting down' : 'too many connections'
      refuseOn(socket, refuse(503, message))
      return
    }
    const answered = this.accept(request, socket, head)
    this.answering.add(answered)
    answered.finally(() => this.answering.delete(answered))
  }

  /** Answers a request; never rejects. */
  private async accept(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    let conn: Conn<Data> | WebSocketError
    try {
      conn = await this.answer(request, socket, head, this.forget)
    } catch (error) {
      this.report(error, undefined)
      return
    }
    if (conn instanceof WebSocketError || conn.state === 'closed') return
    this.open.add(conn)
    runHandler(conn, this.handler, this.report)
    if (this.closing !== undefined) await conn.close(this.closing.code, this.closing.reason)
  }

  private readonly forget = (conn: Conn): void => {
    this.open.delete(conn as Conn<Data>)
  }

  /** A failure of the application's, told to it; one in the telling becomes a warning. */
  private readonly report = (error: unknown, conn: Conn<Data> | undefined): void => {
    try {
      if (this.onError === undefined) warn(error)
      else this.onError(error, conn)
    } catch (second) {
      warn(second)
    }
  }
}
