// Turns HTTP requests into WebSocket connections (RFC 6455 §4.2): gorilla/websocket's Upgrader on Node's http server.
// Node's parser is lax on this path (missing Host, HTTP/1.0, bodies), so the whole request is judged again.

import type { IncomingMessage, Server } from 'node:http'
import type { Server as TlsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { formatCloseMessage } from '../codec/close-payload.ts'
import { CloseGoingAway } from '../codec/constants.ts'
import { rangeError, typeError, WebSocketError } from '../codec/errors.ts'
import {
  type Conn,
  type ConnSettings,
  checkConnOptions,
  checkMilliseconds,
  type Op,
  rejected,
  timeLimit,
} from '../conn/index.ts'
import {
  type Acceptance,
  acceptResponse,
  applicationFields,
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
import { amendRefusal } from './amend-refusal.ts'
import { Attachment, type Place } from './attachment.ts'
import { ConnectionGroup, ConnectionGroups, type Opening } from './connection-group.ts'
import { Deciding } from './deciding.ts'
import { EarlyBytes } from './early-bytes.ts'
import { headOf, isAnswering, judgeIncoming } from './incoming.ts'
import type { AttachOptions, Granted, ShutdownOptions, UpgradeOptions, UpgraderOptions } from './options.ts'
import { refuseOn } from './refuse-on.ts'
import { waitWithin } from './wait-within.ts'
import { warn } from './warn.ts'

/** Milliseconds for the handshake when nothing is said. */
const DEFAULT_HANDSHAKE_TIMEOUT = 10_000

/** Sockets that were answered: 101 or a refusal. */
const answered = new WeakSet<Duplex>()

/** What one request is answered with beyond the Upgrader's own options. */
interface Terms<Data> extends UpgradeOptions<Data> {
  readonly settings: ConnSettings
  readonly place: Place<Granted<Data>>
}

/** What a connection begins with. */
interface Decision<Data> {
  readonly data: Data | undefined
  readonly headers: readonly Field[]
  readonly acceptance: Acceptance
}

function ignore(): void {}

/** @throws TypeError ERR_WS_ARGUMENT for options that are no object, and for one of these that is no function */
function checkFunctions<O>(options: O, names: readonly (keyof O & string)[]): void {
  if (typeof options !== 'object' || options === null) throw typeError('the options must be an object')
  for (const name of names)
    if (options[name] !== undefined && typeof options[name] !== 'function')
      throw typeError(`${name} must be a function`)
}

/** Turns HTTP requests into connections (RFC 6455 §4.2). gorilla's Upgrader. */
export class Upgrader {
  private readonly subprotocols: readonly string[]
  private readonly isAllowedOrigin: OriginCheck
  private readonly checkOrigin: UpgraderOptions['checkOrigin']
  private readonly handshakeTimeout: number
  private readonly options: UpgraderOptions
  private readonly settings: ConnSettings
  private readonly groups: ConnectionGroups
  /** Connections that {@link upgrade} made. */
  private readonly place: Place<unknown>

  /** @throws TypeError, RangeError ERR_WS_ARGUMENT for options that are none */
  constructor(options: UpgraderOptions = {}) {
    checkFunctions(options, ['checkOrigin', 'selectSubprotocol', 'onError'])
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
    this.groups = new ConnectionGroups(options.maxConnections)
    const group = new ConnectionGroup(this.groups)
    this.place = { group, onGone: group.forget, report: warn }
  }

  /**
   * Answers the server's upgrade requests and runs `handler` for every connection.
   *
   * A handler that rejects closes its connection with 1011, unless the connection's own end made it reject. Requests
   * for no attached path are left to the server's other upgrade listeners, and get 404 when there are none; those that
   * ask for no upgrade are the application's, and are refused (404, 426) while the server has no listener for them.
   *
   * A server of ws beside it must be one with `noServer`, behind a listener of the application's: with `{ server }` it
   * answers every request, those for other paths than its own with 400.
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
    checkFunctions(options, ['authorize', 'onError'])
    if (options.path !== undefined && !String(options.path).startsWith('/'))
      throw typeError("path must begin with '/'")
    const headers = applicationFields(options.headers ?? [])
    const settings = checkConnOptions({
      ...this.options,
      keepAlive: options.keepAlive ?? this.options.keepAlive ?? true,
    })
    return new Attachment<Granted<Data>>(server, options, handler, {
      groups: this.groups,
      answer: (request, socket, head, place) =>
        this.answer<Data>(request, socket, head, { ...options, headers, settings, place }),
      amend: (request, refusal, report) => amendRefusal(this.options.onError, request, refusal, report),
    })
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
    checkFunctions(options, ['authorize'])
    timeLimit(options)
    if (options.signal?.aborted) {
      refuseOn(socket, refuse(503))
      return rejected(options.signal.reason)
    }
    const place = this.place as Place<Granted<Data>>
    const promise = this.answer<Data>(request, socket, head, {
      ...options,
      settings: this.settings,
      place,
    }).then((outcome) => {
      if (outcome instanceof WebSocketError) throw outcome
      place.group.closeLate(outcome)
      return outcome
    })
    promise.catch(ignore)
    return promise
  }

  /**
   * Closes every connection of this Upgrader in order, those of attachments and of {@link upgrade}, and refuses every
   * request from now on with 503. Calling it again waits too, and may shorten the wait.
   *
   * @returns resolves once all connections are gone, those included whose handshake is under way; rejects only with the
   *   reason of `signal`
   * @throws TypeError, RangeError ERR_WS_ARGUMENT for options that are none; then none is closed
   */
  shutdown({ code = CloseGoingAway, reason = '', timeout, signal }: ShutdownOptions = {}): Promise<void> {
    formatCloseMessage(code, reason)
    if (timeout !== undefined) checkMilliseconds('timeout', timeout)
    const wait: Op = signal === undefined ? {} : { signal }
    timeLimit(wait)
    return waitWithin(this.groups.close(code, reason, timeout), wait)
  }

  /** The connection, or why the peer got none; throws what the application failed with. */
  private async answer<Data>(
    request: IncomingMessage,
    socket: Duplex,
    head: Uint8Array,
    terms: Terms<Data>,
  ): Promise<Conn<Granted<Data>> | WebSocketError> {
    if (answered.has(socket) || socket.writableEnded)
      return new WebSocketError('ERR_WS_UPGRADED', { message: 'this request was answered already' })
    answered.add(socket)
    // The peer may reset the connection while the application decides.
    socket.on('error', ignore)
    const { group, report, onGone } = terms.place
    const refused = (refusal: Refusal) =>
      refuseOn(socket, amendRefusal(this.options.onError, request, refusal, report))
    const requestHead = headOf(request)
    const verdict = isAnswering(socket)
      ? refuse(400, 'an earlier request is still being answered')
      : (group.refusal() ?? judgeIncoming(request, { subprotocols: this.subprotocols }))
    if ('status' in verdict) return refused(verdict)
    const opening = group.opening()
    try {
      const early = new EarlyBytes(socket, head)
      let decision: Refusal | Decision<Data>
      let response: Uint8Array
      try {
        decision = await this.decide(request, requestHead, verdict, terms, opening)
        if ('status' in decision) return refused(decision)
        response = acceptResponse(decision.acceptance, decision.headers)
      } catch (error) {
        // The wait was given up, or the application failed.
        refused(refuse(terms.signal?.aborted && error === terms.signal.reason ? 503 : 500))
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
      const conn = openOnSocket<Granted<Data>>({
        role: 'server',
        socket,
        early: early.take(),
        settings: terms.settings,
        handshake: Object.freeze({
          method,
          path: target,
          headers: headersOf(fields),
          subprotocol: decision.acceptance.subprotocol,
          extensions: [],
        }),
        data: decision.data as Granted<Data>,
        onGone,
      })
      group.add(conn)
      return conn
    } finally {
      opening.end()
    }
  }

  /** What the application says: its refusal, or what the connection begins with. */
  private async decide<Data>(
    request: IncomingMessage,
    requestHead: RequestHead,
    acceptance: Acceptance,
    { authorize, headers, signal }: UpgradeOptions<Data>,
    opening: Opening,
  ): Promise<Refusal | Decision<Data>> {
    let timer: NodeJS.Timeout | undefined
    let onAbort: (() => void) | undefined
    const deciding = new Deciding(request.socket)
    const late = new Promise<Refusal>((resolve, reject) => {
      opening.cut = (refusal) => {
        deciding.lose()
        resolve(refusal)
      }
      onAbort = () => {
        deciding.lose()
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      timer = setTimeout(
        () => opening.cut?.(refuse(503, 'the handshake took too long')),
        this.handshakeTimeout,
      )
    })
    const decision = async (): Promise<Refusal | Decision<Data>> => {
      const allowed =
        this.checkOrigin === undefined
          ? this.isAllowedOrigin(requestHead.fields)
          : await this.checkOrigin(request, deciding)
      if (allowed !== true) return refuse(403, 'origin not allowed')
      const said = await authorize?.(request, deciding)
      if (said?.status !== undefined) return refuse(said.status, said.body, said.headers)
      return {
        data: said ? said.data : undefined,
        headers: [...fieldsOf(headers ?? []), ...fieldsOf((said ? said.headers : undefined) ?? [])],
        acceptance: { ...acceptance, subprotocol: this.subprotocolFor(request, acceptance) },
      }
    }
    try {
      return await Promise.race([decision(), late])
    } finally {
      deciding.end()
      clearTimeout(timer)
      if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort)
    }
  }

  /** @throws RangeError ERR_WS_ARGUMENT when the application chooses one that was not offered */
  private subprotocolFor(request: IncomingMessage, { offeredSubprotocols, subprotocol }: Acceptance): string {
    const { selectSubprotocol } = this.options
    if (selectSubprotocol === undefined || offeredSubprotocols.length === 0) return subprotocol
    const chosen = selectSubprotocol(offeredSubprotocols, request) ?? ''
    if (chosen !== '' && !offeredSubprotocols.includes(chosen))
      throw rangeError('selectSubprotocol chose one that the client does not offer')
    return chosen
  }
}
