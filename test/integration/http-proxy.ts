// A real HTTP proxy for one test, over TCP or TLS: it answers CONNECT and passes bytes both ways.
// RFC 9110 §9.3.6.

import { createServer as createHttp, type IncomingMessage } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { onTestFinished } from 'vitest'
import { proxyTls } from './authorities.ts'
import { listen } from './serve.ts'
import { SocketCount } from './sockets-of.ts'

export interface HttpProxy {
  /** http: or https:, without credentials */
  readonly url: string
  readonly port: number
  /** The CONNECT requests so far. */
  readonly requests: IncomingMessage[]
  readonly sockets: SocketCount
}

/** @param names name → address, for names that only the proxy knows */
export async function httpProxy(
  tls = false,
  names: Readonly<Record<string, string>> = {},
  credentials?: string,
): Promise<HttpProxy> {
  const server = tls ? createHttps(proxyTls) : createHttp()
  const sockets = new SocketCount(server)
  const requests: IncomingMessage[] = []
  server.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => {
    requests.push(request)
    client.on('error', () => {})
    const expected = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`
    if (expected !== undefined && request.headers['proxy-authorization'] !== expected) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n')
      return
    }
    const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(request.url ?? '') ?? []
    const upstream = connect({ host: names[host] ?? host, port: Number(port) })
    onTestFinished(() => {
      upstream.destroy()
    })
    upstream.on('error', () => client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'))
    upstream.once('connect', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.write(head)
      upstream.pipe(client).pipe(upstream)
    })
    client.once('close', () => upstream.destroy())
    upstream.once('close', () => client.destroy())
  })
  const port = await listen(server)
  return { url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`, port, requests, sockets }
}
