// The Dialer: the request it sends, the answers it takes, and what dial() throws at once.
// RFC 6455 §3 (URLs), §4.1 (the client's side of the handshake); RFC 9110 §15.2 (interim responses).

import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Dialer, type DialOptions, dial } from '../../src/index.ts'
import { join } from '../fuzz/frames.ts'
import { patternOf, same } from './bytes.ts'
import { trust } from './certificate.ts'
import { frame } from './raw-peer.ts'
import { acceptText, rawServer } from './raw-server.ts'
import { open } from './serve.ts'

describe('the request', () => {
  async function requestOf(options: DialOptions, path = 'room?seat=7'): Promise<string[]> {
    const server = await rawServer()
    const dialling = open(`${server.url}${path}`, options)
    const peer = await server.accept()
    const head = await peer.head()
    peer.send(acceptText(head))
    await dialling
    return head
      .replace(`:${server.port}`, ':PORT')
      .replace(/Key: .*/, 'Key: KEY')
      .split('\r\n')
  }

  test('is exactly this', async () => {
    const headers = { 'X-One': '1', Cookie: ['a=1', 'b=2'] }
    expect(await requestOf({ headers, origin: 'https://page.example' })).toEqual([
      'GET /room?seat=7 HTTP/1.1',
      'Host: 127.0.0.1:PORT',
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Key: KEY',
      'Sec-WebSocket-Version: 13',
      'Origin: https://page.example',
      'X-One: 1',
      'Cookie: a=1',
      'Cookie: b=2',
      '',
      '',
    ])
  })

  test('has the headers of an iterator of the Dialer each time', async () => {
    const dialer = new Dialer({ headers: new Map([['X-A', 'b']]).entries() })
    for (let i = 0; i < 2; i++) {
      const server = await rawServer()
      const dialling = dialer.dial(server.url)
      const peer = await server.accept()
      const head = await peer.head()
      peer.send(acceptText(head))
      ;(await dialling).terminate()
      expect(head).toContain('\r\nX-A: b\r\n')
    }
  })

  test('may have another Host', async () => {
    expect((await requestOf({ headers: { Host: 'virtual.example' } }))[1]).toBe('Host: virtual.example')
  })

  test('has the options of the call before those of the Dialer, and a key of its own each time', async () => {
    const dialer = new Dialer({ headers: { 'X-A': 'dialer' }, subprotocols: ['x'] })
    const keys = new Set<string | undefined>()
    for (const [options, wanted] of [
      [{}, 'dialer'],
      [{ headers: { 'X-A': 'call' } }, 'call'],
    ] as const) {
      const server = await rawServer()
      const dialling = dialer.dial(server.url, options)
      const peer = await server.accept()
      const head = await peer.head()
      peer.send(acceptText(head, ['Sec-WebSocket-Protocol: x']))
      const conn = await dialling
      onTestFinished(() => conn.terminate())
      expect(conn.subprotocol).toBe('x')
      expect(head).toContain(`\r\nX-A: ${wanted}\r\n`)
      keys.add(/Key: (.*)/.exec(head)?.[1])
    }
    expect(keys.size).toBe(2)
  })
})

describe('a good 101', () => {
  test('B6: may choose none of the subprotocols that were offered', async () => {
    const server = await rawServer()
    const dialling = open(server.url, { subprotocols: ['chat', 'superchat'] })
    const peer = await server.accept()
    const head = await peer.head()
    expect(head).toContain('\r\nSec-WebSocket-Protocol: chat, superchat\r\n')
    peer.send(acceptText(head))
    const conn = await dialling
    expect([conn.subprotocol, conn.state]).toEqual(['', 'open'])
  })

  test.each([
    ['in lists of other tokens', { Upgrade: 'h2c, WebSocket', Connection: 'keep-alive, UPGRADE' }],
    ['with a Content-Length, which means nothing', { 'Content-Length': '5', 'X-A': 'b' }],
  ])('may have its tokens %s', async (_, fields) => {
    const server = await rawServer()
    const dialling = open(server.url)
    const peer = await server.accept()
    let answer = acceptText(await peer.head())
    for (const [name, value] of Object.entries(fields)) {
      const line = new RegExp(`^${name}: .*`, 'm')
      answer = line.test(answer)
        ? answer.replace(line, `${name}: ${value}`)
        : answer.replace('\r\n\r\n', `\r\n${name}: ${value}\r\n\r\n`)
    }
    peer.send(join([Buffer.from(answer), frame('server', 1, 'hello')]))
    expect((await (await dialling).readMessage()).text()).toBe('hello')
  })

  test('may come behind interim responses', async () => {
    const server = await rawServer()
    const dialling = open(server.url)
    const peer = await server.accept()
    const head = await peer.head()
    peer.send('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n')
    await sleep(10)
    peer.send(`HTTP/1.1 103 Early Hints\r\n\r\n${acceptText(head, ['X-Real: yes'])}`)
    const conn = await dialling
    expect(conn.handshake).toMatchObject({ status: 101, headers: { 'x-real': 'yes' } })
    expect(conn.handshake.headers).not.toHaveProperty('link')
  })

  test('B12: may come byte by byte, with frames right behind it', async () => {
    const server = await rawServer()
    const dialling = open(server.url)
    const peer = await server.accept()
    const bytes = join([Buffer.from(acceptText(await peer.head())), frame('server', 1, 'behind it')])
    await peer.sendParts(
      Array.from(bytes, (byte) => Uint8Array.of(byte)),
      0,
    )
    expect((await (await dialling).readMessage()).text()).toBe('behind it')
  })

  test.each([
    ['a plain socket', false],
    ['TLS', true],
  ])('B12: may come with frames in the same segment, over %s', async (_, tls) => {
    const server = await rawServer(tls)
    const dialling = open(server.url, tls ? { tls: trust } : {})
    const peer = await server.accept()
    const head = await peer.head()
    const large = frame('server', 2, patternOf(100_000))
    peer.socket.cork()
    peer.send(join([Buffer.from(acceptText(head)), frame('server', 1, 'one'), large.subarray(0, 50_000)]))
    peer.send(large.subarray(50_000))
    for (let i = 0; i < 50; i++) peer.send(frame('server', 1, `message ${i}`))
    peer.socket.uncork()
    const conn = await dialling
    expect((await conn.readMessage()).text()).toBe('one')
    expect(same((await conn.readMessage()).data, patternOf(100_000))).toBe(true)
    for (let i = 0; i < 50; i++) expect((await conn.readMessage()).text()).toBe(`message ${i}`)
  })

  test('B12: may come with a Close frame and the end of TCP in the same segment', async () => {
    const server = await rawServer()
    const dialling = open(server.url)
    const peer = await server.accept()
    const head = await peer.head()
    peer.socket.end(
      join([
        Buffer.from(acceptText(head)),
        frame('server', 1, 'one'),
        frame('server', 1, 'two'),
        frame('server', 8, Uint8Array.of(0x03, 0xe9)),
      ]),
    )
    const conn = await dialling
    const texts: string[] = []
    for await (const message of conn) texts.push(message.text())
    expect(texts).toEqual(['one', 'two'])
    expect(await conn.closed).toEqual({ code: 1001, reason: '', wasClean: true })
  })

  test('with the end of TCP right behind it opens a connection that ends with 1006', async () => {
    const server = await rawServer()
    const dialling = open(server.url)
    const peer = await server.accept()
    peer.socket.end(acceptText(await peer.head()))
    const conn = await dialling
    expect(await conn.closed).toMatchObject({ code: 1006, wasClean: false })
  })
})

describe('dial() throws at once and dials nothing', () => {
  /** Calls dial() with the url of a server that must not be visited. */
  async function throwAt(call: (url: string) => unknown): Promise<unknown> {
    const server = await rawServer()
    let visits = 0
    server.accept().then(() => visits++)
    let thrown: unknown
    try {
      call(server.url)
    } catch (error) {
      thrown = error
    }
    await sleep(10)
    expect(visits).toBe(0)
    return thrown
  }

  test.each<[string, (url: string) => unknown]>([
    ['a fragment', (url) => `${url}#fragment`],
    ['an empty fragment', (url) => `${url}#`],
    ['the scheme http', (url) => url.replace('ws:', 'http:')],
    ['the scheme https', (url) => url.replace('ws:', 'https:')],
    ['no scheme', (url) => url.replace('ws:', '')],
    ['a user and a password', (url) => url.replace('//', '//user:password@')],
    ['CR LF in the user', (url) => url.replace('//', '//us\r\ner@')],
    ['CR LF in the path', (url) => `${url}a\r\nX: y`],
    ['CR LF behind it', (url) => `${url}\r\n`],
    ['a tab in the query', (url) => `${url}?a\tb`],
    ['NUL in the path', (url) => `${url}\0`],
    ['no host', () => 'ws://'],
    ['nothing', () => ''],
    ['nothing like it', () => 'not a url'],
    ['no text', () => undefined],
    ['a URL object of another scheme', (url) => new URL(url.replace('ws:', 'http:'))],
  ])('B15: for a URL with %s', async (_, change) => {
    const error = await throwAt((url) => dial(change(url) as string))
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_WS_URL' })
  })

  test.each<[string, DialOptions, string]>([
    ['CR LF in a value', { headers: { 'X-A': 'a\r\nX-B: b' } }, 'ERR_WS_HEADER'],
    ['CR LF in a name', { headers: { 'X-A: a\r\nX-B': 'b' } }, 'ERR_WS_HEADER'],
    ['a space in a name', { headers: { 'X A': 'a' } }, 'ERR_WS_HEADER'],
    ['an Upgrade field', { headers: { Upgrade: 'x' } }, 'ERR_WS_HEADER'],
    ['a field of the handshake', { headers: { 'Sec-WebSocket-Protocol': 'x' } }, 'ERR_WS_HEADER'],
    ['a body', { headers: { 'Content-Length': '1' } }, 'ERR_WS_HEADER'],
    ['LF in the origin', { origin: 'a\nb' }, 'ERR_WS_HEADER'],
    ['CR LF in Host', { headers: { Host: 'a\r\nb' } }, 'ERR_WS_HEADER'],
    ['a subprotocol that is no token', { subprotocols: ['a b'] }, 'ERR_WS_ARGUMENT'],
    ['CR LF in a subprotocol', { subprotocols: ['a\r\nX: y'] }, 'ERR_WS_ARGUMENT'],
    ['a subprotocol twice', { subprotocols: ['a', 'a'] }, 'ERR_WS_ARGUMENT'],
  ])('B15: for %s', async (_, options, code) => {
    const error = await throwAt((url) => dial(url, options))
    expect(error).toMatchObject({ name: 'TypeError', code })
  })

  test.each<[string, DialOptions]>([
    ['K1: a readLimit of 1.5', { readLimit: 1.5 }],
    ['K1: a readLimit of NaN', { readLimit: Number.NaN }],
    ['K1: a hardLimit that is no number', { hardLimit: '1' as unknown as number }],
    ['K1: a highWaterMark of -1', { highWaterMark: -1 }],
    ['L6: a handshakeTimeout of -1', { handshakeTimeout: -1 }],
    ['L6: a handshakeTimeout of Infinity', { handshakeTimeout: Number.POSITIVE_INFINITY }],
    ['L6: a closeTimeout that no timer can take', { closeTimeout: 2 ** 31 }],
  ])('%s', async (_, options) => {
    const error = await throwAt((url) => dial(url, options))
    expect(error).toMatchObject({ name: 'RangeError', code: 'ERR_WS_ARGUMENT' })
  })
})
