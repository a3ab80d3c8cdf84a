// Dialling through real proxies of http and https, to servers of ws and wss: gorilla/websocket's client_proxy_server_test.go, row by row.
// RFC 6455 §4.1 item 3; RFC 9110 §9.3.6.

import { randomBytes } from 'node:crypto'
import { connect as connectTcp } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ConnectTarget, Dialer, type DialerOptions, defaultDialer, dial } from '../../src/index.ts'
import { serverTls, trustBoth, trustProxy, trustServer } from './authorities.ts'
import { same } from './bytes.ts'
import { httpProxy } from './http-proxy.ts'
import { echo, open, serve } from './serve.ts'
import { SocketCount } from './sockets-of.ts'

const subprotocols = ['subprotocol-version-1']

/** A server that echoes, and counts its connections. */
async function backend(tls = false) {
  const served = await serve(echo, {
    subprotocols: ['subprotocol-version-1', 'subprotocol-version-2'],
    ...(tls ? { tls: serverTls } : {}),
  })
  return { ...served, sockets: new SocketCount(served.server) }
}

/** A hook that counts how often it is called, and notes where it was sent. */
function hookOf(make: (target: ConnectTarget) => Duplex) {
  const targets: string[] = []
  const hook = (target: ConnectTarget) => {
    targets.push(`${target.host}:${target.port}`)
    return make(target)
  }
  return { targets, hook }
}

const tcp = ({ host, port }: ConnectTarget) => connectTcp({ host, port })

/** 128 KiB of random bytes to the server and back. */
async function sendReceiveData(url: string, options: DialerOptions): Promise<void> {
  const conn = await new Dialer({ subprotocols, ...options }).dial(url)
  onTestFinished(() => conn.terminate())
  expect(conn.subprotocol).toBe('subprotocol-version-1')
  const data = new Uint8Array(randomBytes(128 * 1024))
  await conn.writeMessage(data)
  expect(same((await conn.readMessage()).data, data)).toBe(true)
  expect(await conn.close(1000)).toMatchObject({ code: 1000, wasClean: true })
}

/** As above through a proxy, which is called once and left with nothing open, as the server is. */
async function throughProxy(proxyIsTls: boolean, serverIsTls: boolean, options: DialerOptions) {
  const server = await backend(serverIsTls)
  const proxy = await httpProxy(proxyIsTls)
  await sendReceiveData(server.url, { proxy: proxy.url, ...options })
  expect(proxy.requests.map(({ url }) => url)).toEqual([`127.0.0.1:${server.port}`])
  await proxy.sockets.becomes(0)
  await server.sockets.becomes(0)
  return { server, proxy }
}

describe('client_proxy_server_test.go', () => {
  test('TestHTTPProxyAndBackend', async () => {
    await throughProxy(false, false, {})
  })

  test('TestHTTPProxyWithNetDial, TestHTTPProxyWithNetDialContext: the hook dials the proxy, once', async () => {
    const { targets, hook } = hookOf(tcp)
    const { proxy } = await throughProxy(false, false, { connect: hook })
    expect(targets).toEqual([`127.0.0.1:${proxy.port}`])
  })

  test('TestHTTPProxyWithHTTPSBackend: connectTLS is ignored, tls serves the server', async () => {
    const { targets, hook } = hookOf(tcp)
    await throughProxy(false, true, { connectTLS: hook, tls: trustServer })
    expect(targets).toEqual([])
  })

  test('TestHTTPSProxyAndBackend: TLS twice by one set of options', async () => {
    await throughProxy(true, true, { tls: trustBoth })
  })

  test('TestHTTPSProxyUsingNetDial, TestHTTPSProxyUsingNetDialContext: the hook dials, TLS twice on top', async () => {
    const { targets, hook } = hookOf(tcp)
    const { proxy } = await throughProxy(true, true, { connect: hook, tls: trustBoth })
    expect(targets).toEqual([`127.0.0.1:${proxy.port}`])
  })

  test('TestHTTPSProxyUsingNetDialTLSContext: the hook serves the proxy, tls the server', async () => {
    const { targets, hook } = hookOf(({ host, port }) => connectTls({ host, port, ...trustProxy }))
    const { proxy } = await throughProxy(true, true, { connectTLS: hook, tls: trustServer })
    expect(targets).toEqual([`127.0.0.1:${proxy.port}`])
  })

  test('TestHTTPSProxyHTTPBackend: TLS to the proxy only', async () => {
    await throughProxy(true, false, { tls: trustProxy })
  })

  test('TestHTTPSProxyUsingNetDialTLSContextWithHTTPBackend: bad options of TLS are ignored', async () => {
    const { targets, hook } = hookOf(({ host, port }) => connectTls({ host, port, ...trustProxy }))
    await throughProxy(true, false, { connectTLS: hook, tls: { ca: 'no certificate' } })
    expect(targets.length).toBe(1)
  })

  test('B14: TestTLSValidationErrors: of the proxy before CONNECT, of the server behind it', async () => {
    const server = await backend(true)
    const proxy = await httpProxy(true)
    const error = await dial(server.url, { proxy: proxy.url, tls: trustServer }).catch((error) => error)
    expect(error).toMatchObject({
      code: 'ERR_WS_CONNECT',
      message: expect.stringMatching(/^websocket: could not connect to the proxy: /),
      cause: { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
    })
    expect(proxy.requests.length).toBe(0)
    const second = await dial(server.url, { proxy: proxy.url, tls: trustProxy }).catch((error) => error)
    expect(second).toMatchObject({
      code: 'ERR_WS_CONNECT',
      message: expect.stringMatching(/^websocket: could not connect: /),
      cause: { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
    })
    expect(proxy.requests.length).toBe(1)
    await proxy.sockets.becomes(0)
    await server.sockets.becomes(0)
  })

  test('TestProxyFnErrorIsPropagated: the same object', async () => {
    const { url } = await backend()
    const thrown = new Error('no proxy today')
    const throwing = dial(url, {
      proxy() {
        throw thrown
      },
    })
    await expect(throwing).rejects.toBe(thrown)
    await expect(dial(url, { proxy: () => Promise.reject(thrown) })).rejects.toBe(thrown)
  })

  test.each([undefined, null])('TestProxyFnNilMeansNoProxy: %s', async (nothing) => {
    const { url } = await backend()
    const proxy = await httpProxy()
    const visited: string[] = []
    await sendReceiveData(url, {
      proxy(url) {
        visited.push(url.href)
        return nothing
      },
    })
    expect(visited).toEqual([url])
    expect(proxy.sockets.total).toBe(0)
  })
})

describe('CONNECT', () => {
  test('TestProxyDial: CONNECT first, then the handshake; the server may be known to the proxy alone', async () => {
    const server = await backend()
    const proxy = await httpProxy(false, { 'server.invalid': '127.0.0.1' })
    const conn = await open(`ws://server.invalid:${server.port}/a?b`, { proxy: new URL(proxy.url) })
    expect(conn.handshake.status).toBe(101)
    const [request] = proxy.requests
    expect([request.method, request.url, request.httpVersion]).toEqual([
      'CONNECT',
      `server.invalid:${server.port}`,
      '1.1',
    ])
    expect(request.rawHeaders).toEqual(['Host', `server.invalid:${server.port}`])
  })

  test('TestProxyAuthorizationDial: Basic credentials of the URL, percent-decoded', async () => {
    const { url } = await backend()
    for (const [userInfo, credentials] of [
      ['username:password', 'username:password'],
      ['us%20er:p%40ss:w%C3%B6rd', 'us er:p@ss:wörd'],
      // gorilla sends nothing without a password.
      ['alone', 'alone:'],
    ]) {
      const proxy = await httpProxy(false, {}, credentials)
      const conn = await dial(url, { proxy: proxy.url.replace('//', `//${userInfo}@`) })
      conn.terminate()
      expect(proxy.requests.length).toBe(1)
    }
  })

  test('proxyHeaders go to the proxy only, and their Proxy-Authorization before the URL’s', async () => {
    const server = await serve((conn) => conn.writeMessage(JSON.stringify(conn.handshake.headers)))
    const proxy = await httpProxy()
    const conn = await open(server.url, {
      proxy: proxy.url.replace('//', '//user:secret@'),
      proxyHeaders: { 'User-Agent': 'gibbon', 'Proxy-Authorization': 'Bearer token' },
      headers: { 'X-Mine': '1' },
    })
    expect(proxy.requests[0].rawHeaders).toEqual([
      'Host',
      `127.0.0.1:${server.port}`,
      'User-Agent',
      'gibbon',
      'Proxy-Authorization',
      'Bearer token',
    ])
    const headers = (await conn.readMessage()).json<Record<string, string>>()
    expect(headers['x-mine']).toBe('1')
    expect(headers).not.toHaveProperty('user-agent')
    expect(headers).not.toHaveProperty('proxy-authorization')
  })

  test('an address of IPv6 is in brackets, as in the URL', async () => {
    const { url, port } = await backend()
    const proxy = await httpProxy(false, { '2001:db8::1': '127.0.0.1' })
    await open(url.replace('127.0.0.1', '[2001:db8::1]'), { proxy: proxy.url })
    expect(proxy.requests[0].url).toBe(`[2001:db8::1]:${port}`)
  })

  test('a function gives the proxy, later or at once, and is asked once', async () => {
    const server = await backend()
    const proxy = await httpProxy()
    const asked: string[] = []
    await sendReceiveData(server.url, {
      async proxy(url) {
        asked.push(String(url))
        return new URL(proxy.url)
      },
    })
    expect(asked).toEqual([server.url])
    expect(proxy.requests.length).toBe(1)
    const bad = await dial(server.url, { proxy: () => 'ftp://127.0.0.1' }).catch((error) => error)
    expect(bad).toMatchObject({ name: 'TypeError', code: 'ERR_WS_ARGUMENT' })
  })

  test('null turns off the proxy of the Dialer for one dial', async () => {
    const server = await backend()
    const proxy = await httpProxy()
    const dialer = new Dialer({ proxy: proxy.url })
    const direct = await dialer.dial(server.url, { proxy: null })
    direct.terminate()
    expect(proxy.sockets.total).toBe(0)
  })
})

describe('the environment', () => {
  /** Sets variables for one test. */
  function setEnvironment(values: Record<string, string>): void {
    const before = { ...process.env }
    onTestFinished(() => {
      for (const name of Object.keys(values)) {
        if (before[name] === undefined) delete process.env[name]
        else process.env[name] = before[name]
      }
    })
    Object.assign(process.env, values)
  }

  test('is read at each dial by dial and the defaultDialer, and by another Dialer when told so', async () => {
    const server = await backend()
    const proxy = await httpProxy(false, { 'server.invalid': '127.0.0.1' })
    const url = `ws://server.invalid:${server.port}/`
    setEnvironment({ HTTP_PROXY: `127.0.0.1:${proxy.port}`, NO_PROXY: '' })
    for (const dialling of [dial(url), defaultDialer.dial(url), new Dialer({ proxy: 'env' }).dial(url)]) {
      const conn = await dialling
      conn.terminate()
    }
    expect(proxy.requests.length).toBe(3)
    // Says where it was sent, and does not look up a name.
    const connect = ({ host }: ConnectTarget): never => {
      throw new Error(`sent to ${host}`)
    }
    const direct = { code: 'ERR_WS_CONNECT', cause: { message: 'sent to server.invalid' } }
    await expect(new Dialer().dial(url, { connect })).rejects.toMatchObject(direct)
    setEnvironment({ NO_PROXY: '.invalid' })
    await expect(dial(url, { connect })).rejects.toMatchObject(direct)
    expect(proxy.requests.length).toBe(3)
  })

  test('never makes a dial to the loopback go through a proxy', async () => {
    const server = await backend()
    setEnvironment({ HTTP_PROXY: 'http://127.0.0.1:1', NO_PROXY: '' })
    await open(server.url)
    await open(server.url.replace('127.0.0.1', 'localhost'))
  })

  test('rejects a dial when its proxy is none, without its value in the message', async () => {
    setEnvironment({ ALL_PROXY: 'ftp://user:secret@127.0.0.1:1', NO_PROXY: '', HTTP_PROXY: '' })
    const error = await dial('ws://server.invalid/').catch((error) => error)
    expect(error).toMatchObject({
      name: 'TypeError',
      code: 'ERR_WS_ARGUMENT',
      message: 'websocket: ALL_PROXY: the scheme of the proxy must be http, https, socks5 or socks5h',
    })
  })
})
