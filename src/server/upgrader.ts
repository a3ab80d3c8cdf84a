// Turns HTTP requests into WebSocket connections (RFC 6455 §4.2): gorilla/websocket's Upgrader on Node's http server.
// Node's parser is lax on this path (missing Host, HTTP/1.0, bodies), so the whole request is judged again.

import type { IncomingMessage, Server } from 'node:http'
import type { Server as TlsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { typeError, WebSocketError } from '../codec/errors.ts'
import { type Conn, type ConnSettings, checkConnOptions, checkMilliseconds } from '../conn/index.ts'
import {
  acceptResponse,
  checkSubprotocols,
  type Field,
  fieldsOf,
  headersOf,
  type OriginCheck,
  originCheck,
  type Refusal,
  type RequestHead,
  refuse,
} from '../handshake/index.ts'
import { openOnSocket } from '../node/socket-conn.ts'
import { Attachment } from './attachment.ts'
import { EarlyBytes } from './early-bytes.ts'
import { headOf, isAnswering, judgeIncoming } from './incoming.ts'
import type { AttachOptions, Granted, UpgradeOptions, UpgraderOptions } from './options.ts'
import { refuseOn } from './refuse-on.ts'

/** Milliseconds for the handshake when nothing is said. */
const DEFAULT_HANDSHAKE_TIMEOUT = 10_000

/** Sockets that were answered: 101 or a refusal. */
const answered = new WeakSet<Duplex>()

/** What a connection is made with beyond the Upgrader's own options. */
interface Terms {
  readonly settings: ConnSettings
  readonly onGone?: (conn: Conn) => void
}

function ignore(): void {}

/** Turns HTTP requests into connections (RFC 6455 §4.2). gorilla's Upgrader. */
export class Upgrader {
  private readonly subprotocols: readonly string[]
  private readonly isAllowedOrigin: OriginCheck
  private readonly checkOrigin: UpgraderOptions['checkOrigin']
  private readonly handshakeTimeout: number
  private readonly options: UpgraderOptions
  private readonly settings: ConnSettings

  /** @throws TypeError, RangeError ERR_WS_ARGUMENT for options that are none */
  constructor(options: UpgraderOptions = {}) {
    this.options = options
    this.settings = checkConnOptions(options)
    this.subprotocols = [...(options.subprotocols ?? [])]
    checkSubprotocols(this.subprotocols)
    this.isAllowedOrigin = originCheck(options.origins)
    this.checkOrigin = options.checkOrigin
    this.handshakeTimeout = checkMilliseconds(
      'handshakeTimeout',
      options.handshakeTimeout ?? DEFAULT_HANDSHAKE_TIMEOUT,
    )
  }

  /**
   * Answers the server's upgrade requests and runs `handler` for every connection.
   *
   * A handler that rejects closes its connection with 1011, unless the connection's own end made it reject. Requests
   * for no attached path are left to the server's other upgrade listeners, and get 404 when there are none; those that
   * ask for no upgrade are the application's, and are refused (404, 426) while the server has no listener for them.
   *
   * @param server any number of attachments share it, of any Upgrader
   * @returns the attachment, which knows its connections and closes them
   * @throws TypeError ERR_WS_ARGUMENT without a handler, RangeError ERR_WS_ARGUMENT for a path that is taken and for
   *   options that are none
   */
  attach<Data = unknown>(
    server: Server | TlsServer,
    options: AttachOptions<Data>,
    handler: (conn: Conn<Granted<Data>>) => unknown,
  ): Attachment<Granted<Data>> {
    if (typeof options !== 'object' || options === null || typeof handler !== 'function')
      throw typeError('attach() takes a server, options and a handler')
    const settings = checkConnOptions({
      ...this.options,
      keepAlive: options.keepAlive ?? this.options.keepAlive ?? true,
    })
    return new Attachment<Granted<Data>>(server, options, handler, (request, socket, head, onGone) =>
      this.answer(request, socket, head, options, { settings, onGone }),
    )
  }

  /**
   * Answers one upgrade request, from a server's 'upgrade' event. gorilla's Upgrade.
   *
   * @param socket the event's: net, TLS, or any stream of bytes; ours from now on
   * @param head bytes that came behind the request, the first frames; they are taken: changed in place and kept
   * @returns the open connection; rejects with ERR_WS_BAD_REQUEST once the request was refused, ERR_WS_UPGRADED when
   *   the socket was answered before or by others (nothing is written then), ERR_WS_ABNORMAL_CLOSURE when the peer left
   *   meanwhile; and, the peer got 500, ERR_WS_HEADER for headers that cannot be sent, ERR_WS_ARGUMENT for a refusal
   *   that cannot, or what `authorize` or `checkOrigin` threw
   */
  upgrade<Data = unknown>(
    request: IncomingMessage,
    socket: Duplex,
    head: Uint8Array,
    options: UpgradeOptions<Data> = {},
  ): Promise<Conn<Granted<Data>>> {
    const promise = this.answer(request, socket, head, options, { settings: this.settings }).then(
      (outcome) => {
        if (outcome instanceof WebSocketError) throw outcome
        return outcome
      },
    )
    promise.catch(ignore)
    return promise
  }

  /** The connection, or why the peer got none; throws what the application failed with. */
  private async answer<Data>(
    request: IncomingMessage,
    socket: Duplex,
    head: Uint8Array,
    options: UpgradeOptions<Data>,
    terms: Terms,
  ): Promise<Conn<Granted<Data>> | WebSocketError> {
    if (answered.has(socket) || socket.writableEnded)
      return new WebSocketError('ERR_WS_UPGRADED', { message: 'this request was answered already' })
    answered.add(socket)
    // The peer may reset the connection while the application decides.
    socket.on('error', ignore)
    const requestHead = headOf(request)
    const verdict = isAnswering(socket)
      ? refuse(400, 'an earlier request is still being answered')
      : judgeIncoming(request, { subprotocols: this.subprotocols })
    if ('status' in verdict) return refuseOn(socket, verdict)
    const early = new EarlyBytes(socket, head)
    let response: Uint8Array
    let data: Data | undefined
    try {
      const decision = await this.decide(request, requestHead, options)
      if ('status' in decision) return refuseOn(socket, decision)
      data = decision.data
      response = acceptResponse(verdict, decision.headers)
    } catch (error) {
      refuseOn(socket, refuse(500))
      throw error
    }
    if (early.hasPeerLeft) {
      socket.destroy()
      return new WebSocketError('ERR_WS_ABNORMAL_CLOSURE', {
        message: 'the peer left before the handshake was complete',
        remote: true,
      })
    }
    // The application has answered by itself.
    if (!socket.writable)
      return new WebSocketError('ERR_WS_UPGRADED', { message: 'this request was answered already' })
    socket.write(response)
    socket.removeListener('error', ignore)
    const { method, target, fields } = requestHead
    const { subprotocol } = verdict
    return openOnSocket({
      role: 'server',
      socket,
      early: early.take(),
      settings: terms.settings,
      handshake: Object.freeze({
        method,
        path: target,
        headers: headersOf(fields),
        subprotocol,
        extensions: [],
      }),
      data: data as Granted<Data>,
      onGone: terms.onGone,
    })
  }

  /** What the application says: its refusal, or what the connection begins with. */
  private async decide<Data>(
    request: IncomingMessage,
    requestHead: RequestHead,
    { authorize, headers }: UpgradeOptions<Data>,
  ): Promise<Refusal | { data: Data | undefined; headers: Field[] }> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<Refusal>((resolve) => {
      timer = setTimeout(() => resolve(refuse(503, 'the handshake took too long')), this.handshakeTimeout)
    })
    const decision = async () => {
      const allowed =
        this.checkOrigin === undefined
          ? this.isAllowedOrigin(requestHead.fields)
          : await this.checkOrigin(request)
      if (allowed !== true) return refuse(403, 'origin not allowed')
      const said = await authorize?.(request)
      if (said?.status !== undefined) return refuse(said.status, said.body, said.headers)
      const fields = [...fieldsOf(headers ?? []), ...fieldsOf((said ? said.headers : undefined) ?? [])]
      return { data: said ? said.data : undefined, headers: fields }
    }
    try {
      return await Promise.race([decision(), late])
    } finally {
      clearTimeout(timer)
    }
  }
}
