// Rows of gorilla/websocket's client_server_test.go about dialling that no other file has, under their own names.
// RFC 6455 §4.1. Proxies are in dial-proxy, SOCKS in dial-socks, hooks and hosts in dial-hooks, cookies in dial-cookies.

import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { BadHandshakeError, Dialer, type DialOptions } from '../../src/index.ts'
import { serverTls, trustServer } from './authorities.ts'
import { acceptText, rawServer } from './raw-server.ts'
import { answerTo } from './refused.ts'
import { open, serve } from './serve.ts'

/** gorilla's server: asks for path and query, sets a cookie, speaks p0 and p1, echoes. */
const gorillaServer = (tls = false) =>
  serve(
    async (conn) => {
      for await (const message of conn) await conn.writeMessage(message)
    },
    {
      subprotocols: ['p0', 'p1'],
      attach: {
        authorize: ({ url }) =>
          url === '/a/b?x=y'
            ? { data: true, headers: { 'Set-Cookie': 'sessionID=1234' } }
            : { status: 404, body: 'bad path' },
      },
      ...(tls ? { tls: serverTls } : {}),
    },
  )
const options: DialOptions = { subprotocols: ['p1', 'p2'], handshakeTimeout: 30_000 }
const dialer = new Dialer(options)

async function sendRecv(url: string, more: DialOptions = {}) {
  const conn = await open(`${url}a/b?x=y`, { ...options, ...more })
  await conn.writeMessage('Hello World!')
  expect((await conn.readMessage({ timeout: 5_000 })).text()).toBe('Hello World!')
  return conn
}

test('TestDial: path, query and subprotocol, and an echo', async () => {
  const { url } = await gorillaServer()
  expect((await sendRecv(url)).subprotocol).toBe('p1')
})

test('TestDialTLS: the same with roots of its own', async () => {
  const { url } = await gorillaServer(true)
  expect((await sendRecv(url, { tls: trustServer })).subprotocol).toBe('p1')
})

test('TestDialTimeout: a negative handshakeTimeout fails, here at once', async () => {
  const { url } = await gorillaServer()
  expect(() => dialer.dial(url, { handshakeTimeout: -1 })).toThrow(
    expect.objectContaining({ name: 'RangeError', code: 'ERR_WS_ARGUMENT' }),
  )
})

test('TestHandshakeTimeout, TestHandshakeTimeoutInContext: every stage has the deadline, of the option or of the signal', async () => {
  // All stages are in dial-stalls.test.ts and dial-ended.test.ts; here that of a plain dial.
  for (const end of [() => ({ handshakeTimeout: 50 }), () => ({ signal: AbortSignal.timeout(50) })]) {
    const server = await rawServer()
    const dialling = dialer.dial(server.url, end())
    await expect(dialling).rejects.toSatisfy(
      (error) => error.code === 'ERR_WS_TIMEOUT' || error.name === 'TimeoutError',
    )
  }
})

test('TestDialBadScheme: http is refused', async () => {
  const { url } = await gorillaServer()
  expect(() => dialer.dial(url.replace('ws', 'http'))).toThrow(
    expect.objectContaining({ code: 'ERR_WS_URL' }),
  )
})

test('TestDialBadOrigin: 403 and the response', async () => {
  const { url } = await gorillaServer()
  const error = await dialer.dial(`${url}a/b?x=y`, { origin: 'https://bad.example' }).catch((error) => error)
  expect(error).toBeInstanceOf(BadHandshakeError)
  expect(error).toMatchObject({ code: 'ERR_WS_BAD_HANDSHAKE', status: 403 })
  await expect(dialer.dial(`${url}a/b?x=y`, { headers: { Origin: 'bad' } })).rejects.toMatchObject({
    status: 403,
  })
})

// gorilla's own test sends a bad Origin instead.
describe('TestDialBadHeader: fields of the handshake itself are refused, and nothing is dialled', () => {
  const names = [
    'Upgrade',
    'Connection',
    'Sec-WebSocket-Key',
    'Sec-WebSocket-Version',
    'Sec-WebSocket-Extensions',
    'Sec-WebSocket-Protocol',
    'Sec-WebSocket-Accept',
  ]
  test.each(names.flatMap((name) => [name, name.toLowerCase(), name.toUpperCase()]))('%s', async (name) => {
    const server = await rawServer()
    let visits = 0
    server.accept().then(() => visits++)
    for (const headers of [{ [name]: 'bad' }, new Headers({ [name]: 'bad' }), [[name, 'bad'] as const]]) {
      const refused = expect.objectContaining({
        name: 'TypeError',
        code: 'ERR_WS_HEADER',
        message: expect.stringMatching(new RegExp(`^websocket: duplicate header not allowed: ${name}$`, 'i')),
      })
      expect(() => dialer.dial(server.url, { headers })).toThrow(refused)
      expect(() => new Dialer({ headers })).toThrow(refused)
      expect(() => new Dialer({ proxyHeaders: headers })).toThrow(refused)
    }
    await sleep(10)
    expect(visits).toBe(0)
  })
})

test('TestBadMethod: POST gets 405', async () => {
  const { port } = await gorillaServer()
  const headers = 'Host: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13'
  const answer = await answerTo(port, `POST /a/b?x=y HTTP/1.1\r\n${headers}\r\n\r\n`)
  expect(answer).toMatch(/^HTTP\/1\.1 405 /)
})

test('TestNoUpgrade: a missing Upgrade gets 426 and the field', async () => {
  const { port } = await gorillaServer()
  const response = await fetch(`http://127.0.0.1:${port}/a/b?x=y`)
  expect([response.status, response.headers.get('upgrade')]).toEqual([426, 'websocket'])
})

test('TestDialExtraTokensInRespHeaders: Upgrade: foo, websocket and Connection: upgrade, keep-alive', async () => {
  const server = await rawServer()
  const dialling = open(server.url)
  const peer = await server.accept()
  const answer = acceptText(await peer.head())
    .replace('Upgrade: websocket', 'Upgrade: foo, websocket')
    .replace('Connection: Upgrade', 'Connection: upgrade, keep-alive')
  peer.send(answer)
  expect((await dialling).state).toBe('open')
})

test('TestHandshake: an Origin equal to the host, Set-Cookie and subprotocol of the response', async () => {
  const { url } = await gorillaServer()
  const conn = await sendRecv(url, { headers: { Origin: new URL(url.replace('ws', 'http')).origin } })
  expect(conn.handshake.headers['set-cookie']).toBe('sessionID=1234')
  expect(conn.subprotocol).toBe('p1')
})

test('TestRespOnBadHandshake: status 410 and its body', async () => {
  const body = 'This is the response body.'
  const { url } = await serve(() => {}, { attach: { authorize: () => ({ status: 410, body }) } })
  const error = await dialer.dial(url).catch((error) => error)
  expect(error).toMatchObject({ code: 'ERR_WS_BAD_HANDSHAKE', status: 410 })
  expect(Buffer.from(error.body).toString()).toBe(body)
})
