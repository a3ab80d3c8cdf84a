// The Dialer against servers that refuse, break off, dawdle or never answer, and what dial() throws at once.
// RFC 6455 §4.1 (the client's checks), RFC 9110 §15.2 (interim responses).

import { createServer, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { BadHandshakeError, Dialer, type DialOptions, dial, WebSocketError } from '../../src/index.ts'
import { join } from '../fuzz/frames.ts'
import { patternOf, same } from './bytes.ts'
import { trust } from './certificate.ts'
import { frame, portOf, type RawPeer } from './raw-peer.ts'
import { acceptText, rawServer } from './raw-server.ts'
import { echo, open, serve } from './serve.ts'

/** Dials a bare socket; gives the error of the dial, its milliseconds, and the socket once ours is gone. */
async function failWith(
  answer: (peer: RawPeer, head: string) => unknown,
  options: DialOptions = {},
  tls = false,
) {
  const server = await rawServer(tls)
  const began = performance.now()
  const dialling = dial(server.url, { ...(tls ? { tls: trust } : {}), ...options })
  const error: unknown = await Promise.all([
    dialling,
    server.accept().then(async (peer) => answer(peer, await peer.head())),
  ]).then(
    () => {
      throw new Error('the dial succeeded')
    },
    (error) => error,
  )
  return { error, milliseconds: performance.now() - began }
}

describe('a response that is no good 101 rejects with BadHandshakeError', () => {
  test('with the status, header fields and body of a refusal', async () => {
    const { error } = await failWith((peer) => {
      peer.send('HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nX-A: 1\r\nX-A: 2\r\n')
      peer.send('Content-Length: 9\r\n\r\nwho are y')
    })
    expect(error).toBeInstanceOf(BadHandshakeError)
    expect(error).toBeInstanceOf(WebSocketError)
    expect(error).toMatchObject({
      code: 'ERR_WS_BAD_HANDSHAKE',
      status: 401,
      headers: { 'www-authenticate': 'Basic', 'x-a': '1, 2', 'content-length': '9' },
      remote: true,
      message: 'websocket: bad handshake: the server answered with status 401',
    })
    expect(Buffer.from((error as BadHandshakeError).body).toString()).toBe('who are y')
  })

  test('with what there is of the body when the server ends the connection', async () => {
    const { error } = await failWith(async (peer) => {
      await peer.sendParts([
        Buffer.from('HTTP/1.1 503 Service Unavailable\r\n\r\n'),
        Buffer.from('come back '),
        Buffer.from('later'),
      ])
      peer.socket.end()
    })
    expect(error).toMatchObject({ status: 503 })
    expect(Buffer.from((error as BadHandshakeError).body).toString()).toBe('come back later')
  })

  test('with 1,024 bytes of a body that is longer or has no end', async () => {
    const body = patternOf(100_000)
    const { error, milliseconds } = await failWith((peer) => {
      peer.send('HTTP/1.1 500 Oops\r\n\r\n')
      peer.send(body)
    })
    expect(same((error as BadHandshakeError).body, body.subarray(0, 1024))).toBe(true)
    expect(milliseconds).toBeLessThan(900)
  })

  test('soon, when the body that was announced does not come', async () => {
    const { error, milliseconds } = await failWith((peer) => {
      peer.send('HTTP/1.1 302 Found\r\nLocation: ws://elsewhere.example/\r\nContent-Length: 50\r\n\r\nsome')
    })
    expect(error).toMatchObject({ status: 302, headers: { location: 'ws://elsewhere.example/' } })
    expect(Buffer.from((error as BadHandshakeError).body).toString()).toBe('some')
    expect(milliseconds).toBeLessThan(5_000)
  })

  test('when our own server refuses', async () => {
    const { url } = await serve(echo, { attach: { authorize: () => ({ status: 403, body: 'not you' }) } })
    const error = await dial(url).catch((error) => error)
    expect(error).toMatchObject({ status: 403 })
    expect(Buffer.from(error.body).toString()).toBe('not you')
  })

  const good = (head: string) => acceptText(head)
  test.each([
    ['no Upgrade field', (head: string) => good(head).replace('Upgrade: websocket\r\n', '')],
    ['no Connection field', (head: string) => good(head).replace('Connection: Upgrade\r\n', '')],
    ['no accept', (head: string) => good(head).replace(/Sec-WebSocket-Accept: .*\r\n/, '')],
    ['a wrong accept', (head: string) => good(head).replace('Accept: ', 'Accept: x')],
    ['an accept in another case', (head: string) => good(head).replace(/Accept: .*/, (t) => t.toUpperCase())],
    ['a subprotocol that was not offered', (head: string) => acceptText(head, ['Sec-WebSocket-Protocol: x'])],
    [
      'an extension that was not offered',
      (head: string) => acceptText(head, ['Sec-WebSocket-Extensions: permessage-deflate']),
    ],
    ['HTTP/1.0', (head: string) => good(head).replace('HTTP/1.1', 'HTTP/1.0')],
  ])('for a 101 with %s', async (_, answer) => {
    let peer!: RawPeer
    const { error } = await failWith((accepted, head) => {
      peer = accepted
      peer.send(answer(head))
    })
    expect(error).toBeInstanceOf(BadHandshakeError)
    expect(error).toMatchObject({ status: 101 })
    // No Close frame: there never was a connection.
    expect(await peer.rest()).toEqual(Buffer.alloc(0))
  })
})

describe('what is no HTTP rejects with ERR_WS_HEAD', () => {
  test.each([
    ['a binary answer', Buffer.from([0x81, 0x05, 0x48])],
    ['another protocol', Buffer.from('220 mail.example ESMTP\r\n')],
    ['a head with a bare LF', Buffer.from('HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\n\n')],
    ['a folded field', Buffer.from('HTTP/1.1 101 x\r\nA: b\r\n c\r\n\r\n')],
  ])('%s', async (_, answer) => {
    const { error } = await failWith((peer) => peer.send(answer))
    expect(error).toMatchObject({ code: 'ERR_WS_HEAD', remote: true })
  })

  test('a head without end, of one line or of many', async () => {
    for (const part of [Buffer.alloc(4096, 'x'), Buffer.from('X-Field: value\r\n'.repeat(256))]) {
      let sent = 0
      const { error } = await failWith(async (peer) => {
        peer.send('HTTP/1.1 101 Switching Protocols\r\n')
        while (!peer.socket.destroyed && sent < 1_000_000) {
          peer.send(part)
          sent += part.length
          await sleep(1)
        }
      })
      expect(error).toMatchObject({ code: 'ERR_WS_HEAD', remote: true })
      expect(sent).toBeLessThan(1_000_000)
    }
  })

  test('interim responses without end', async () => {
    const { error } = await failWith(async (peer) => {
      while (!peer.socket.destroyed) {
        peer.send('HTTP/1.1 100 Continue\r\n\r\n'.repeat(100))
        await sleep(1)
      }
    })
    expect(error).toMatchObject({ code: 'ERR_WS_HEAD' })
  })
})

describe('no answer rejects with ERR_WS_CONNECT', () => {
  test('when nobody listens, with the reason as its cause', async () => {
    const server: Server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const port = portOf(server)
    await new Promise((resolve) => server.close(resolve))
    const error = await dial(`ws://127.0.0.1:${port}/`).catch((error) => error)
    expect(error).toMatchObject({ code: 'ERR_WS_CONNECT', cause: { code: 'ECONNREFUSED' } })
    // localhost may have two addresses, both of which refuse.
    const other = await dial(`ws://localhost:${port}/`).catch((error) => error)
    expect(other).toMatchObject({ code: 'ERR_WS_CONNECT' })
    expect(other.message).toContain('ECONNREFUSED')
  })

  test('when the server ends, or resets, instead of an answer or in the middle of it', async () => {
    for (const begin of ['', 'HTTP/1.1 101 Switching Proto']) {
      for (const end of ['end', 'resetAndDestroy'] as const) {
        const { error } = await failWith(async (peer) => {
          if (begin) peer.send(begin)
          await sleep(10)
          peer.socket[end]()
        })
        expect(error).toMatchObject({ code: 'ERR_WS_CONNECT' })
      }
    }
  })

  test('when the certificate is not trusted, or is for another name', async () => {
    const { url } = await serve(echo, { tls: true })
    const untrusted = await dial(url).catch((error) => error)
    expect(untrusted).toMatchObject({
      code: 'ERR_WS_CONNECT',
      cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    })
    const named = await dial(url, { tls: { ...trust, servername: 'elsewhere.example' } }).catch(
      (error) => error,
    )
    expect(named).toMatchObject({ code: 'ERR_WS_CONNECT', cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' } })
  })

  test('when a server of TLS is dialled without it, and the reverse', async () => {
    const secure = await serve(echo, { tls: true })
    const plain = await serve(echo)
    const error = await dial(secure.url.replace('wss', 'ws')).catch((error) => error)
    expect(error.code).toMatch(/^ERR_WS_(CONNECT|HEAD|BAD_HANDSHAKE)$/)
    await expect(dial(plain.url.replace('ws', 'wss'))).rejects.toMatchObject({ code: 'ERR_WS_CONNECT' })
  })
})

describe('each stage of the handshake', () => {
  /** What a server does so that the handshake stays in one stage. */
  const stages: readonly (readonly [stage: string, tls: boolean, stall: (peer: RawPeer) => unknown])[] = [
    ['waiting for the answer', false, () => {}],
    ['waiting for the answer over TLS', true, () => {}],
    [
      'reading a head that comes byte by byte',
      false,
      async (peer) => {
        for (const byte of Buffer.from('HTTP/1.1 101 Switching Protocols\r\nX: '.padEnd(2_000, 'x'))) {
          if (peer.socket.destroyed) return
          peer.send(Uint8Array.of(byte))
          await sleep(2)
        }
      },
    ],
    [
      'reading the body of a refusal',
      false,
      (peer) => {
        peer.send('HTTP/1.1 500 Oops\r\nContent-Length: 1000\r\n\r\nso')
      },
    ],
  ]

  test.each(stages)('ends by handshakeTimeout: %s', async (_, tls, stall) => {
    let peer!: RawPeer
    const { error, milliseconds } = await failWith(
      (accepted) => {
        peer = accepted
        return stall(accepted)
      },
      { handshakeTimeout: 150 },
      tls,
    )
    expect(error).toMatchObject({ code: 'ERR_WS_TIMEOUT' })
    expect(milliseconds).toBeGreaterThan(140)
    expect(milliseconds).toBeLessThan(2_000)
    // The socket is gone.
    await peer.rest()
    expect(peer.socket.readableEnded || peer.socket.destroyed).toBe(true)
  })

  test.each(stages)('ends by the signal: %s', async (_, tls, stall) => {
    const controller = new AbortController()
    const reason = new Error('no longer wanted')
    let peer!: RawPeer
    const { error } = await failWith(
      (accepted) => {
        peer = accepted
        setTimeout(() => controller.abort(reason), 50)
        return stall(accepted)
      },
      { signal: controller.signal },
      tls,
    )
    expect(error).toBe(reason)
    await peer.rest()
    expect(peer.socket.readableEnded || peer.socket.destroyed).toBe(true)
  })

  test('ends by either while TLS is being agreed on', async () => {
    // It accepts the connection and never speaks TLS.
    const server = await rawServer()
    const url = server.url.replace('ws:', 'wss:')
    await expect(dial(url, { handshakeTimeout: 50 })).rejects.toMatchObject({ code: 'ERR_WS_TIMEOUT' })
    await expect(dial(url, { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      name: 'TimeoutError',
    })
    for (let i = 0; i < 2; i++) await (await server.accept()).rest()
  })

  test('ends by the signal before the connection is there', async () => {
    const server = await rawServer()
    const aborted = AbortSignal.abort(new Error('beforehand'))
    await expect(dial(server.url, { signal: aborted })).rejects.toThrow('beforehand')
    const controller = new AbortController()
    const dialling = dial(server.url, { signal: controller.signal })
    controller.abort()
    await expect(dialling).rejects.toMatchObject({ name: 'AbortError' })
  })

  test('is over once the connection is open: neither the signal nor the timeout touches it', async () => {
    const { url } = await serve(echo)
    const controller = new AbortController()
    const conn = await open(url, { signal: controller.signal, handshakeTimeout: 200 })
    controller.abort()
    await sleep(250)
    await conn.writeMessage('still here')
    expect((await conn.readMessage()).text()).toBe('still here')
  })
})

describe('a good 101', () => {
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

  test('may come byte by byte, with frames right behind it', async () => {
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
  ])('may come with frames in the same segment, over %s', async (_, tls) => {
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

  test('may come with a Close frame and the end of TCP in the same segment', async () => {
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

describe('dial() throws at once and dials nothing', () => {
  test.each([
    ['http://a/', 'ERR_WS_URL'],
    ['ws://a/#fragment', 'ERR_WS_URL'],
    ['ws://user:password@a/', 'ERR_WS_URL'],
    ['ws://', 'ERR_WS_URL'],
    ['not a url', 'ERR_WS_URL'],
    ['', 'ERR_WS_URL'],
  ])('for the URL %j', (url, code) => {
    expect(() => dial(url)).toThrow(expect.objectContaining({ name: 'TypeError', code }))
  })

  test.each([
    [{ headers: { 'X-A': 'a\r\nX-B: b' } }, 'ERR_WS_HEADER'],
    [{ headers: { 'X A': 'a' } }, 'ERR_WS_HEADER'],
    [{ headers: { Upgrade: 'x' } }, 'ERR_WS_HEADER'],
    [{ headers: { 'Sec-WebSocket-Protocol': 'x' } }, 'ERR_WS_HEADER'],
    [{ headers: { 'Content-Length': '1' } }, 'ERR_WS_HEADER'],
    [{ origin: 'a\nb' }, 'ERR_WS_HEADER'],
    [{ subprotocols: ['a b'] }, 'ERR_WS_ARGUMENT'],
    [{ subprotocols: ['a', 'a'] }, 'ERR_WS_ARGUMENT'],
    [{ readLimit: 1.5 }, 'ERR_WS_ARGUMENT'],
    [{ hardLimit: '1' as unknown as number }, 'ERR_WS_ARGUMENT'],
    [{ handshakeTimeout: -1 }, 'ERR_WS_ARGUMENT'],
    [{ closeTimeout: 2 ** 31 }, 'ERR_WS_ARGUMENT'],
  ])('for the options %j', (options, code) => {
    expect(() => dial('ws://127.0.0.1:9/', options)).toThrow(expect.objectContaining({ code }))
  })
})
