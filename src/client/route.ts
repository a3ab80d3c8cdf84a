// The way to the server: directly, or through the proxy that is asked for, with TLS on top where the URL is wss.
// RFC 6455 §4.1 items 2 to 5.

import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import type { WebSocketUrl } from '../handshake/index.ts'
import { connectError } from './connect-error.ts'
import { openTunnel } from './connect-tunnel.ts'
import { type DialContext, openHop } from './hop.ts'
import { Inlet } from './inlet.ts'
import type { ProxyServer } from './proxy-url.ts'
import { explainAlpn, secure } from './secure.ts'
import { openSocks, socksAddress } from './socks5.ts'

/**
 * Resolves with a stream to the server on which nothing was said yet.
 *
 * Rejects with ERR_WS_CONNECT when the server or the proxy cannot be reached or is not to be trusted, with ERR_WS_PROXY
 * when the proxy does not make the connection.
 */
export async function openRoute(
  context: DialContext,
  url: WebSocketUrl,
  proxy: ProxyServer | undefined,
): Promise<Duplex> {
  const { attempt, trace, settings } = context
  const { hostname, port } = url
  trace.getConn(hostname, port)
  let isConnected = false
  const onConnect = (stream: Duplex) => {
    isConnected = true
    trace.gotConn({ stream })
  }
  try {
    if (proxy === undefined) {
      const failure = 'could not connect'
      return await openHop(context, { host: hostname, port, isTls: url.secure, failure, onConnect })
    }
    const stream = await openProxy(context, url, proxy)
    onConnect(stream)
    if (!url.secure) return stream
    return await secure(attempt, trace, { stream }, hostname, settings.tls)
  } catch (cause) {
    const error = connectError(cause)
    if (!isConnected) trace.gotConn({ error })
    throw error
  }
}

async function openProxy(context: DialContext, url: WebSocketUrl, proxy: ProxyServer): Promise<Duplex> {
  const { scheme } = proxy
  // Before the proxy is bothered.
  const address = scheme === 'socks5:' ? await resolve(url.hostname) : url.hostname
  context.attempt.check()
  const stream = await openHop(context, {
    host: proxy.hostname,
    port: proxy.port,
    isTls: scheme === 'https:',
    failure: 'could not connect to the proxy',
    onConnect() {},
  })
  const inlet = new Inlet(stream)
  try {
    const version = isIP(address)
    if (scheme === 'http:' || scheme === 'https:') {
      const authority = `${version === 6 ? `[${address}]` : address}:${url.port}`
      await openTunnel(inlet, authority, proxy, context.settings.proxyHeaders)
    } else await openSocks(inlet, socksAddress(address, version), url.port, proxy)
  } catch (error) {
    throw explainAlpn(error, stream)
  }
  inlet.release()
  return stream
}

/** The address of a name: of IPv4 where it has one, as more proxies can reach those. */
async function resolve(hostname: string): Promise<string> {
  if (isIP(hostname)) return hostname
  return (await lookup(hostname, { verbatim: false })).address
}
