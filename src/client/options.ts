// What a Dialer can be told: how it gets to the server, what it says there, and the connections that come of it.
// RFC 6455 §4.1.

import type { Duplex } from 'node:stream'
import type { ConnectionOptions } from 'node:tls'
import type { ConnOptions, Op } from '../conn/index.ts'
import type { HeaderInput } from '../handshake/index.ts'

/** Where a {@link ConnectHook} is to go. */
export interface ConnectTarget {
  /** Name or address, an IPv6 address without brackets: of the proxy where there is one, else of the server. */
  readonly host: string
  /** 1..65535 */
  readonly port: number
  /** Aborts when the dial fails: by the application's signal, by its time, or by anything else. */
  readonly signal: AbortSignal
}

/**
 * Makes the connection below a dial: any Duplex of bytes that is connected. The stream is the dial's from then on; one
 * that comes after the dial has failed is destroyed. gorilla's NetDialContext and NetDialTLSContext.
 */
export type ConnectHook = (target: ConnectTarget) => Duplex | Promise<Duplex>

/** `http:`, `https:`, `socks5:` or `socks5h:`, a user and a password where it wants them; nothing for none. */
export type ProxyUrl = string | URL | null | undefined

/**
 * A store of cookies (RFC 6265): tough-cookie's CookieJar, or anything alike. Either function may return a promise,
 * which is waited for.
 */
export interface CookieJar {
  /** The Cookie field of a request for `url`, '' for none. The URL is the http or https form of the one dialled. */
  getCookieString(url: string): string | Promise<string>
  /** Takes the value of one Set-Cookie field of the response from `url`; a throw or rejection means it was refused. */
  setCookie(cookie: string, url: string): unknown
}

/** What a Dialer can be told: its handshake, and the connections that come of it. */
export interface DialerOptions extends ConnOptions {
  /** Subprotocols to offer, the one liked best first; different tokens (RFC 6455 §4.1). Default: none. */
  readonly subprotocols?: readonly string[]
  /**
   * Header fields of the request; `Host` replaces that of the URL, and nothing else: neither where to connect nor
   * the name that TLS wants to see. Those that the handshake itself is made of, and those that announce a body, are
   * refused with ERR_WS_HEADER.
   */
  readonly headers?: HeaderInput
  /** The Origin field, for clients that act for a page (RFC 6455 §4.1); sent as it is. Default: none. */
  readonly origin?: string
  /**
   * Cookies for the request, behind those of a Cookie field in `headers`; it gets those of every response, refusals
   * included. What it fails with when asked for cookies rejects the dial; cookies that it refuses are dropped.
   * Default: none. gorilla's Jar.
   */
  readonly jar?: CookieJar | null
  /**
   * Milliseconds for everything together, 0 to 2^31-1; default 30,000: the functions given here, names, connections,
   * TLS, the proxy and the response. Beyond: ERR_WS_TIMEOUT.
   */
  readonly handshakeTimeout?: number
  /**
   * Makes the connection to the server, or to the proxy; TLS comes on top of it where the URL says so. What it fails
   * with is the `cause` of ERR_WS_CONNECT. Default: net.connect.
   */
  readonly connect?: ConnectHook | null
  /**
   * Makes the connection in place of `connect` where that is one of TLS: to the server of a wss URL, or to a proxy of
   * https. It finishes TLS itself, `tls` is not used for it. Not asked where there is an http or a SOCKS proxy.
   */
  readonly connectTLS?: ConnectHook | null
  /**
   * Where to go through: a URL (RFC 9110 §9.3.6 for http and https, RFC 1928 for `socks5:`, where names are looked up
   * here, and `socks5h:`, where the proxy does that); `'env'` for what HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY
   * say at the time; or a function of the URL that is dialled, whose failure rejects the dial as it is. User and
   * password stand in the URL, percent-encoded. Default: none; of `defaultDialer` and `dial`: `'env'`.
   */
  readonly proxy?: ProxyUrl | ((url: URL) => ProxyUrl | Promise<ProxyUrl>)
  /** Header fields for an http or https proxy; a Proxy-Authorization field goes before the user of its URL. */
  readonly proxyHeaders?: HeaderInput
  /**
   * For wss, and for a proxy of https as well: certificates, `rejectUnauthorized`, `servername` (by default the host of
   * the URL, and that of the proxy) and the rest of tls.connect's options, which go before ours except for where to
   * connect.
   */
  readonly tls?: ConnectionOptions
}

/**
 * What a single dial can be told. Its signal, timeout and deadline bound every stage of the handshake, beside
 * `handshakeTimeout`, and have no effect afterwards.
 */
export interface DialOptions extends DialerOptions, Op {}

/** What a handshake on a stream that is there already can be told. */
export type HandshakeOptions = Omit<DialOptions, 'connect' | 'connectTLS' | 'proxy' | 'proxyHeaders' | 'tls'>
