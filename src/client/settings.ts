// A Dialer's options, checked and complete, so that every misuse is told before anything is dialled.
// RFC 6455 §4.1.

import type { ConnectionOptions } from 'node:tls'
import { typeError } from '../codec/errors.ts'
import { type ConnSettings, checkConnOptions, checkMilliseconds } from '../conn/index.ts'
import {
  applicationFields,
  checkSubprotocols,
  type Field,
  type HeaderInput,
  valuesOf,
} from '../handshake/index.ts'
import type { ConnectHook, CookieJar, DialerOptions, ProxyUrl } from './options.ts'
import { type ProxyServer, parseProxyUrl } from './proxy-url.ts'

/** Milliseconds for the handshake when nothing is said. */
const DEFAULT_HANDSHAKE_TIMEOUT = 30_000

/** Where the proxy comes from: here already, or to be asked for at the dial. */
export type ProxySource = 'env' | ProxyServer | ((url: URL) => ProxyUrl | Promise<ProxyUrl>) | undefined

/** {@link DialerOptions}, checked and complete. */
export interface DialSettings {
  readonly conn: ConnSettings
  readonly timeout: number
  readonly subprotocols: readonly string[]
  readonly headers: readonly Field[]
  readonly origin: string | undefined
  readonly jar: CookieJar | undefined
  readonly connect: ConnectHook | undefined
  readonly connectTLS: ConnectHook | undefined
  readonly proxy: ProxySource
  readonly proxyHeaders: readonly Field[]
  readonly tls: ConnectionOptions | undefined
}

/** @throws TypeError, RangeError ERR_WS_ARGUMENT; TypeError ERR_WS_HEADER */
export function checkDialerOptions(options: DialerOptions): DialSettings {
  const subprotocols = options.subprotocols ?? []
  checkSubprotocols(subprotocols)
  return {
    conn: checkConnOptions(options),
    timeout: checkMilliseconds('handshakeTimeout', options.handshakeTimeout ?? DEFAULT_HANDSHAKE_TIMEOUT),
    subprotocols,
    headers: applicationFields(options.headers ?? {}),
    origin: options.origin,
    jar: checkJar(options.jar ?? undefined),
    connect: checkHook('connect', options.connect ?? undefined),
    connectTLS: checkHook('connectTLS', options.connectTLS ?? undefined),
    proxy: checkProxy(options.proxy),
    proxyHeaders: checkProxyHeaders(options.proxyHeaders ?? {}),
    tls: options.tls,
  }
}

function checkJar(jar: CookieJar | undefined): CookieJar | undefined {
  if (jar === undefined) return undefined
  if (typeof jar.getCookieString !== 'function' || typeof jar.setCookie !== 'function') {
    throw typeError('jar must have getCookieString and setCookie')
  }
  return jar
}

function checkHook(name: string, hook: ConnectHook | undefined): ConnectHook | undefined {
  if (hook !== undefined && typeof hook !== 'function') throw typeError(`${name} must be a function`)
  return hook
}

function checkProxy(proxy: DialerOptions['proxy']): ProxySource {
  if (proxy === undefined || proxy === null) return undefined
  return proxy === 'env' || typeof proxy === 'function' ? proxy : parseProxyUrl(proxy)
}

function checkProxyHeaders(input: HeaderInput): Field[] {
  const fields = applicationFields(input)
  if (valuesOf(fields, 'Host').length > 0) throw typeError('header not allowed: Host', 'ERR_WS_HEADER')
  return fields
}
