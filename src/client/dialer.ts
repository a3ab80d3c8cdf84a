// Opens WebSocket connections (RFC 6455 §4.1): gorilla/websocket's Dialer, by our own handshake over net and tls.
// Not over http.request: the bytes behind the 101 stay in our hands, and nothing of the request outlives it.

import { connect as connectTcp, isIP } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { portableRandom } from '../codec/masking-keys.ts'
import { type Conn, type ConnSettings, checkConnOptions, checkMilliseconds } from '../conn/index.ts'
import {
  applicationFields,
  buildRequest,
  type ClientOffer,
  checkSubprotocols,
  headersOf,
  makeKey,
  parseUrl,
  type WebSocketUrl,
} from '../handshake/index.ts'
import { openOnSocket } from '../node/socket-conn.ts'
import { exchange } from './exchange.ts'
import type { DialerOptions, DialOptions } from './options.ts'

/** Milliseconds for the handshake when nothing is said. */
const DEFAULT_HANDSHAKE_TIMEOUT = 30_000

function ignore(): void {}

/** Opens connections with options that stay the same. gorilla's Dialer. */
export class Dialer {
  private readonly options: DialerOptions

  /**
   * @param options of every dial
   * @throws TypeError, RangeError ERR_WS_ARGUMENT for options that are none; TypeError ERR_WS_HEADER for headers
   */
  constructor(options: DialerOptions = {}) {
    checkConnOptions(options)
    checkMilliseconds('handshakeTimeout', options.handshakeTimeout ?? DEFAULT_HANDSHAKE_TIMEOUT)
    checkSubprotocols(options.subprotocols ?? [])
    applicationFields(options.headers ?? {})
    this.options = options
  }

  /**
   * Connects, and resolves with the open connection. Redirects are not followed. gorilla's DialContext.
   *
   * Rejects with BadHandshakeError (status, headers, first 1,024 bytes of the body) when the server answers anything
   * but a good 101; ERR_WS_CONNECT when there is no answer, its cause the socket's error; ERR_WS_HEAD when it is no
   * HTTP; ERR_WS_TIMEOUT; or the signal's reason. The socket is destroyed in each case.
   *
   * @param url ws or wss (RFC 6455 §3), without fragment and user information
   * @param options go before those of the Dialer
   * @throws TypeError ERR_WS_URL, ERR_WS_HEADER, ERR_WS_ARGUMENT, RangeError ERR_WS_ARGUMENT, WebSocketError
   *   ERR_WS_RANDOM_SOURCE at once, nothing dialled
   */
  dial(url: string | URL, options: DialOptions = {}): Promise<Conn> {
    const given = Object.entries(options).filter(([, value]) => value !== undefined)
    const all: DialOptions = { ...this.options, ...Object.fromEntries(given) }
    const settings = checkConnOptions(all)
    const timeout = checkMilliseconds('handshakeTimeout', all.handshakeTimeout ?? DEFAULT_HANDSHAKE_TIMEOUT)
    const parsed = parseUrl(url)
    const { headers, origin, signal } = all
    const offer: ClientOffer = { key: makeKey(portableRandom), subprotocols: all.subprotocols ?? [] }
    const request = buildRequest(parsed, {
      ...offer,
      ...(headers === undefined ? {} : { headers }),
      ...(origin === undefined ? {} : { origin }),
    })
    const promise = signal?.aborted
      ? Promise.reject(signal.reason)
      : open(parsed, request, offer, settings, timeout, signal, all.tls)
    promise.catch(ignore)
    return promise
  }
}

async function open(
  { secure, hostname, port }: WebSocketUrl,
  request: Uint8Array,
  offer: ClientOffer,
  settings: ConnSettings,
  timeout: number,
  signal: AbortSignal | undefined,
  tls: DialerOptions['tls'],
): Promise<Conn> {
  const target = { host: hostname, port, allowHalfOpen: true, noDelay: true }
  const socket = secure
    ? connectTls({
        ...target,
        ...(isIP(hostname) ? {} : { servername: hostname }),
        ALPNProtocols: ['http/1.1'],
        ...tls,
      })
    : connectTcp(target)
  const readyEvent = secure ? 'secureConnect' : 'connect'
  const { head, agreement, rest } = await exchange(socket, { request, offer, readyEvent, timeout, signal })
  return openOnSocket<unknown>({
    role: 'client',
    socket,
    early: rest,
    settings,
    handshake: Object.freeze({
      status: head.status,
      headers: headersOf(head.fields),
      subprotocol: agreement.subprotocol,
      extensions: agreement.extensions.map(({ name }) => name),
    }),
    data: undefined,
    onGone: undefined,
  })
}

/** The Dialer behind {@link dial}, with every option at its default. gorilla's DefaultDialer. */
export const defaultDialer: Dialer = new Dialer()

/** Connects by the {@link defaultDialer}; see {@link Dialer.dial}. */
export function dial(url: string | URL, options?: DialOptions): Promise<Conn> {
  return defaultDialer.dial(url, options)
}
