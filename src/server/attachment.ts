// One path of an http server and the connections that came by it.
// RFC 6455 §4.2: answers the path's requests and runs the handler.

import type { IncomingMessage, Server } from 'node:http'
import type { Server as TlsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { formatCloseMessage } from '../codec/close-payload.ts'
import { CloseGoingAway } from '../codec/constants.ts'
import { WebSocketError } from '../codec/errors.ts'
import { type Conn, type Op, runHandler, timeLimit } from '../conn/index.ts'
import type { Refusal } from '../handshake/index.ts'
import { ConnectionGroup, type ConnectionGroups } from './connection-group.ts'
import { type Registry, registryOf } from './registry.ts'
import { waitWithin } from './wait-within.ts'
import { warn } from './warn.ts'

/** What an attachment has of its Upgrader. */
export interface AttachmentHost<Data> {
  readonly groups: ConnectionGroups
  /** The connection, or why there is none; throws what the application failed with. */
  answer(
    request: IncomingMessage,
    socket: Duplex,
    head: Uint8Array,
    place: Place<Data>,
  ): Promise<Conn<Data> | WebSocketError>
  /** What is sent instead of a refusal. */
  amend(request: IncomingMessage, refusal: Refusal, report: (error: unknown) => void): Refusal
}

/** Where a connection goes. */
export interface Place<Data> {
  readonly group: ConnectionGroup<Data>
  /** It has ended. */
  readonly onGone: (conn: Conn) => void
  /** A failure of the application's that nobody else hears of. */
  readonly report: (error: unknown) => void
}

/** What an attachment wants of {@link AttachOptions}. */
interface AttachmentOptions<Data> {
  readonly path?: string
  readonly maxConnections?: number
  readonly onError?: (error: unknown, conn: Conn<Data> | undefined) => void
}

/** One path of an http server and the connections that came by it; what `Upgrader.attach` returns. */
export class Attachment<Data = unknown> {
  /** The path it answers; undefined for every path that no other attachment has. */
  readonly path: string | undefined
  /** @internal */
  readonly group: ConnectionGroup<Data>
  private readonly host: AttachmentHost<Data>
  private readonly handler: (conn: Conn<Data>) => unknown
  private readonly onError: ((error: unknown, conn: Conn<Data> | undefined) => void) | undefined
  private readonly registry: Registry

  /** @internal Attaches itself, once the options are known to be good. */
  constructor(
    server: Server | TlsServer,
    { path, maxConnections, onError }: AttachmentOptions<Data>,
    handler: (conn: Conn<Data>) => unknown,
    host: AttachmentHost<Data>,
  ) {
    this.path = path
    this.handler = handler
    this.host = host
    this.onError = onError
    this.group = new ConnectionGroup<Data>(host.groups, maxConnections)
    this.registry = registryOf(server)
    this.registry.add(this)
  }

  /** The connections that are not gone, as they are at the moment: the set changes as they come and go. */
  get connections(): ReadonlySet<Conn<Data>> {
    return this.group.open
  }

  /** Whether {@link close} was called, or the Upgrader's `shutdown`. */
  get isClosing(): boolean {
    return this.group.isClosing
  }

  /** @internal */
  get isIdle(): boolean {
    return this.group.isClosing && this.group.size === 0
  }

  /**
   * Closes every connection in order. New requests are refused with 503 until all are gone, then the path is free
   * again.
   *
   * @param code 1000..1003, 1007..1014 or 3000..4999; 1005 for a Close frame without a code; default 1001, going away
   * @param reason at most 123 bytes in UTF-8; default ''
   * @param op gives up the wait and nothing else: the promise rejects with ERR_WS_TIMEOUT or the signal's reason
   * @returns resolves once all are gone, within their `closeTimeout`, those included whose handshake is under way
   * @throws TypeError, RangeError ERR_WS_ARGUMENT for what no Close frame can carry; then none is closed
   */
  close(code: number = CloseGoingAway, reason = '', op?: Op): Promise<void> {
    // Throws for what no Close frame can carry, before anything is closed.
    formatCloseMessage(code, reason)
    timeLimit(op)
    return waitWithin(
      this.group.close(code, reason).then(() => this.registry.remove(this)),
      op,
    )
  }

  /** @internal Answers a request; never rejects. */
  async handle(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    let conn: Conn<Data> | WebSocketError
    try {
      conn = await this.host.answer(request, socket, head, this)
    } catch (error) {
      this.report(error)
      return
    }
    if (conn instanceof WebSocketError || conn.state === 'closed') return
    runHandler(conn, this.handler, this.report)
    this.group.closeLate(conn)
  }

  /** @internal */
  amend(request: IncomingMessage, refusal: Refusal): Refusal {
    return this.host.amend(request, refusal, this.report)
  }

  /** @internal A connection has ended, by whatever. */
  readonly onGone = (conn: Conn): void => {
    this.group.forget(conn)
    // A handler for messages, pings, pongs or Close failed; that of the connection itself is told of by runHandler.
    const { handlerError } = conn
    if (handlerError !== undefined) this.report(handlerError.cause, conn as Conn<Data>)
  }

  /** @internal A failure of the application's, told to it; one in the telling becomes a warning. */
  readonly report = (error: unknown, conn?: Conn<Data>): void => {
    try {
      if (this.onError === undefined) warn(error)
      else this.onError(error, conn)
    } catch (second) {
      warn(second)
    }
  }
}
