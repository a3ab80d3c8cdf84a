// Opens WebSocket connections (RFC 6455 §4.1): gorilla/websocket's Dialer, by our own handshake over net and tls.
// Not over http.request: the bytes behind the 101 stay in our hands, and nothing of the request outlives it.

import type { Duplex } from 'node:stream'
import { typeError } from '../codec/errors.ts'
import { portableRandom } from '../codec/masking-keys.ts'
import { type Conn, type Op, timeLimit } from '../conn/index.ts'
import {
  buildRequest,
  type ClientOffer,
  headersOf,
  judgeResponse,
  makeKey,
  parseUrl,
  setCookiesOf,
} from '../handshake/index.ts'
import { openOnSocket } from '../node/socket-conn.ts'
import { Attempt } from './attempt.ts'
import { cookiesFor, storeCookies, withCookies } from './cookies.ts'
import { exchange } from './exchange.ts'
import { isDuplex } from './hop.ts'
import type { DialerOptions, DialOptions, HandshakeOptions } from './options.ts'
import { chooseProxy } from './proxy-source.ts'
import { openRoute } from './route.ts'
import { checkDialerOptions, type DialSettings } from './settings.ts'
import { Trace } from './trace.ts'

/** Opens connections with options that stay the same. gorilla's Dialer. */
export class Dialer {
  private readonly options: DialerOptions

  /**
   * @param options of every dial
   * @throws TypeError, RangeError ERR_WS_ARGUMENT for options that are none; TypeError ERR_WS_HEADER for headers
   */
  constructor(options: DialerOptions = {}) {
    if (typeof options !== 'object' || options === null) throw typeError('the options must be an object')
    const { headers, proxyHeaders } = checkDialerOptions(options)
    // Headers may come from an iterator, which gives them once.
    this.options = { ...options, headers, proxyHeaders }
  }

  /**
   * Connects, and resolves with the open connection. Redirects are not followed. gorilla's DialContext.
   *
   * Rejects with BadHandshakeError (status, headers, first 1,024 bytes of the body) when the server answers anything
   * but a good 101; ERR_WS_CONNECT when there is no answer, its cause the error of the socket or of `connect`;
   * ERR_WS_PROXY when the proxy does not make the connection; ERR_WS_HEAD when the answer is no HTTP; ERR_WS_TIMEOUT;
   * the signal's reason; or what `proxy` and `jar` fail with. Every socket is destroyed in each case.
   *
   * @param url ws or wss (RFC 6455 §3), without fragment and user information
   * @param options go before those of the Dialer
   * @throws TypeError ERR_WS_URL, ERR_WS_HEADER, ERR_WS_ARGUMENT, RangeError ERR_WS_ARGUMENT, WebSocketError
   *   ERR_WS_RANDOM_SOURCE at once, nothing dialled
   */
  dial(url: string | URL, options: DialOptions = {}): Promise<Conn> {
    const settings = checkDialerOptions({ ...this.options, ...given(options) })
    const attempt = new Attempt(within(settings, options), options.signal)
    const client = new Client(url, settings)
    return attempt.run(() => client.open(attempt))
  }

  /**
   * The opening handshake on a stream to the server that is there already, any Duplex of bytes: for wss, one that TLS is
   * on. Resolves with the open connection, whose stream it is; rejects as {@link dial} does, the stream destroyed.
   * gorilla's NewClient.
   *
   * @param url what is asked for: Host, path and query
   * @param options go before those of the Dialer, of which those about connecting mean nothing here
   * @throws as {@link dial} does, at once, the stream untouched
   */
  handshake(stream: Duplex, url: string | URL, options: HandshakeOptions = {}): Promise<Conn> {
    if (!isDuplex(stream)) throw typeError('the stream must be a Duplex')
    const settings = checkDialerOptions({ ...this.options, ...given(options) })
    const attempt = new Attempt(within(settings, options), options.signal)
    const client = new Client(url, settings)
    attempt.hold(stream)
    return attempt.run(() => client.openOn(stream, attempt))
  }
}

/**
 * Milliseconds for all of it: the shortest of the limits.
 * @throws TypeError, RangeError ERR_WS_ARGUMENT for limits, or a signal, that are none
 */
function within({ timeout }: DialSettings, options: Op): number {
  return Math.min(timeout, timeLimit(options) ?? timeout)
}

/** An option that is undefined does not hide the Dialer's. */
function given(options: DialOptions): DialOptions {
  if (typeof options !== 'object' || options === null) throw typeError('the options must be an object')
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

/** One handshake: what is asked for, and the stages in their order. */
class Client {
  private readonly url
  private readonly settings: DialSettings
  private readonly offer: ClientOffer
  private readonly plainRequest: Uint8Array
  private readonly trace: Trace

  constructor(url: string | URL, settings: DialSettings) {
    this.url = parseUrl(url)
    this.settings = settings
    this.offer = { key: makeKey(portableRandom), subprotocols: settings.subprotocols }
    this.plainRequest = this.request('')
    this.trace = new Trace(this.href('ws'))
  }

  async open(attempt: Attempt): Promise<Conn> {
    const { url, settings, trace } = this
    const request = await this.requestWithCookies()
    attempt.check()
    const proxy = await chooseProxy(settings.proxy, url, this.href('ws'))
    attempt.check()
    const stream = await openRoute({ attempt, trace, settings }, url, proxy)
    return this.complete(stream, request, attempt)
  }

  async openOn(stream: Duplex, attempt: Attempt): Promise<Conn> {
    const request = await this.requestWithCookies()
    attempt.check()
    return this.complete(stream, request, attempt)
  }

  private href(scheme: 'ws' | 'http'): string {
    const { secure, host, target } = this.url
    return `${scheme}${secure ? 's' : ''}://${host}${target}`
  }

  private request(cookies: string): Uint8Array {
    const { headers, origin } = this.settings
    return buildRequest(this.url, {
      ...this.offer,
      headers: withCookies(headers, cookies),
      ...(origin === undefined ? {} : { origin }),
    })
  }

  private async requestWithCookies(): Promise<Uint8Array> {
    const { jar } = this.settings
    const cookies = jar === undefined ? '' : await cookiesFor(jar, this.href('http'))
    return cookies === '' ? this.plainRequest : this.request(cookies)
  }

  private async complete(stream: Duplex, request: Uint8Array, attempt: Attempt): Promise<Conn> {
    const { offer, settings, trace } = this
    const { jar } = settings
    const { head, body, rest } = await exchange(stream, request, trace, (head) =>
      // Before the response is judged: refusals set cookies too.
      jar === undefined ? undefined : storeCookies(jar, this.href('http'), head),
    )
    attempt.check()
    const { subprotocol, extensions } = judgeResponse(head, offer, body)
    // The Conn may pause it again, so this comes first; nothing is read before the turn is over.
    stream.resume()
    const conn = openOnSocket<unknown>({
      role: 'client',
      socket: stream,
      early: rest,
      settings: settings.conn,
      handshake: Object.freeze({
        status: head.status,
        headers: headersOf(head.fields),
        setCookies: setCookiesOf(head.fields),
        subprotocol,
        extensions: extensions.map(({ name }) => name),
      }),
      data: undefined,
      onGone: undefined,
    })
    attempt.release(stream)
    return conn
  }
}

/** The Dialer behind {@link dial}: the environment says which proxy, the rest is default. gorilla's DefaultDialer. */
export const defaultDialer: Dialer = new Dialer({ proxy: 'env' })

/** Connects by the {@link defaultDialer}; see {@link Dialer.dial}. */
export function dial(url: string | URL, options?: DialOptions): Promise<Conn> {
  return defaultDialer.dial(url, options)
}
