// Dialling through a real SOCKS 5 proxy: by address and by name, with and without user and password, to ws and wss.
// RFC 1928, RFC 1929; gorilla/websocket's TestSocksProxyDial.

import { randomBytes } from 'node:crypto'
import { connect as connectTcp } from 'node:net'
import { describe, expect, test } from 'vitest'
import { type ConnectTarget, type DialOptions, dial } from '../../src/index.ts'
import { serverTls, trustServer } from './authorities.ts'
import { same } from './bytes.ts'
import { acceptText, rawServer } from './raw-server.ts'
import { echo, open, serve } from './serve.ts'
import { type SocksOptions, socksProxy } from './socks-proxy.ts'

/** 128 KiB through the proxy and back, which is left with nothing open. */
async function echoThrough(
  urlOf: (port: number) => string,
  proxyOf: (url: string) => string,
  options: DialOptions & { tls?: object } = {},
  socks: SocksOptions = {},
) {
  const server = await serve(echo, options.tls ? { tls: serverTls } : {})
  const proxy = await socksProxy(socks)
  const conn = await open(urlOf(server.port), { proxy: proxyOf(proxy.url), ...options })
  const data = new Uint8Array(randomBytes(128 * 1024))
  await conn.writeMessage(data)
  expect(same((await conn.readMessage()).data, data)).toBe(true)
  expect(await conn.close(1000)).toMatchObject({ code: 1000, wasClean: true })
  await proxy.sockets.becomes(0)
  expect(proxy.sockets.total).toBe(1)
  return { ...proxy, requests: proxy.requests.map((text) => text.replace(`:${server.port}`, ':PORT')) }
}

const remote = (url: string) => url.replace('socks5', 'socks5h')

test('TestSocksProxyDial: no authentication, an address of IPv4', async () => {
  const { methods, requests } = await echoThrough(
    (port) => `ws://127.0.0.1:${port}/`,
    (url) => url,
  )
  expect(methods).toEqual([[0]])
  expect(requests).toEqual(['ipv4 127.0.0.1:PORT'])
})

describe('names', () => {
  test('are looked up here for socks5, IPv4 first', async () => {
    const { requests } = await echoThrough(
      (port) => `ws://localhost:${port}/`,
      (url) => url,
    )
    expect(requests).toEqual(['ipv4 127.0.0.1:PORT'])
  })

  test('are looked up by the proxy for socks5h', async () => {
    const names = { 'server.invalid': '127.0.0.1' }
    const { requests } = await echoThrough((port) => `ws://Server.Invalid:${port}/`, remote, {}, { names })
    expect(requests).toEqual(['name server.invalid:PORT'])
  })

  test.each(['socks5', 'socks5h'])('are not made of addresses, of IPv6 neither: %s', async (scheme) => {
    const names = { '2001:db8:0:0:0:0:0:1': '127.0.0.1' }
    const { requests } = await echoThrough(
      (port) => `ws://[2001:db8::1]:${port}/`,
      (url) => url.replace('socks5', scheme),
      {},
      { names },
    )
    expect(requests).toEqual(['ipv6 2001:db8:0:0:0:0:0:1:PORT'])
  })

  test('of more than 255 characters cannot be told to a proxy', async () => {
    const { url } = await socksProxy()
    const name = `${'a'.repeat(60)}.`.repeat(5)
    await expect(dial(`ws://${name}invalid/`, { proxy: remote(url) })).rejects.toMatchObject({
      name: 'TypeError',
      code: 'ERR_WS_URL',
    })
  })
})

describe('user and password', () => {
  test('go to a proxy that asks for them, percent-decoded', async () => {
    const { methods } = await echoThrough(
      (port) => `ws://127.0.0.1:${port}/`,
      (url) => url.replace('//', '//us%3Aer:p%40ss%20w%C3%B6rd@'),
      {},
      { user: 'us:er', password: 'p@ss wörd' },
    )
    expect(methods).toEqual([[0, 2]])
  })

  test('are not sent to one that does not', async () => {
    await echoThrough(
      (port) => `ws://127.0.0.1:${port}/`,
      (url) => url.replace('//', '//user:secret@'),
    )
  })

  test('may be a user alone', async () => {
    await echoThrough(
      (port) => `ws://127.0.0.1:${port}/`,
      (url) => url.replace('//', '//user@'),
      {},
      { user: 'user' },
    )
  })

  test('that are wrong fail the dial, and are not in the message', async () => {
    const proxy = await socksProxy({ user: 'user', password: 'right' })
    const error = await dial('ws://127.0.0.1:1/', { proxy: proxy.url.replace('//', '//user:wrong@') }).catch(
      (error) => error,
    )
    expect(error).toMatchObject({
      code: 'ERR_WS_PROXY',
      message: 'websocket: the SOCKS proxy did not accept the user and password (status 1)',
    })
    await proxy.sockets.becomes(0)
  })
})

test('wss goes through it, the certificate that of the server', async () => {
  const names = { 'example.com': '127.0.0.1' }
  const { requests } = await echoThrough(
    (port) => `wss://example.com:${port}/`,
    remote,
    { tls: trustServer },
    { names },
  )
  expect(requests).toEqual(['name example.com:PORT'])
})

test('connect dials the proxy; connectTLS is not asked, as SOCKS is no TLS', async () => {
  const targets: ConnectTarget[] = []
  await echoThrough(
    (port) => `wss://127.0.0.1:${port}/`,
    (url) => url,
    {
      connect(target) {
        targets.push(target)
        return connectTcp(target.port, target.host)
      },
      connectTLS() {
        throw new Error('must not be called')
      },
      tls: trustServer,
    },
  )
  expect(targets.length).toBe(1)
})

test('a server that cannot be reached is told by the proxy', async () => {
  const proxy = await socksProxy()
  await expect(dial('ws://127.0.0.1:1/', { proxy: proxy.url })).rejects.toMatchObject({
    code: 'ERR_WS_PROXY',
    message: 'websocket: the SOCKS proxy refused: connection refused (reply 5)',
  })
  await proxy.sockets.becomes(0)
})

test('answers may come byte by byte, with any kind of bound address', async () => {
  for (const bound of [
    [1, 10, 0, 0, 1],
    [3, 5, ...Buffer.from('proxy')],
    [4, ...new Uint8Array(16)],
  ]) {
    const server = await rawServer()
    const dialling = open('ws://server.invalid/', { proxy: `socks5h://127.0.0.1:${server.port}` })
    const peer = await server.accept()
    await peer.take(3)
    await peer.sendParts([Uint8Array.of(5), Uint8Array.of(0)], 2)
    expect((await peer.take(21)).toString('latin1')).toBe('\x05\x01\x00\x03\x0eserver.invalid\x00\x50')
    await peer.sendParts(
      [5, 0, 0, ...bound, 0, 80].map((byte) => Uint8Array.of(byte)),
      1,
    )
    peer.send(acceptText(await peer.head()))
    expect((await dialling).state).toBe('open')
  }
})
