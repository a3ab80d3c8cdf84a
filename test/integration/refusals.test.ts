// What a server answers to requests that it does not accept, byte for byte, and what goes on around an upgrade.
// RFC 6455 §4.2.1, §4.2.2; RFC 9110 §15 (status codes), §7.8 (Upgrade).

import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { type AttachOptions, type Authorize, type Conn, Upgrader } from '../../src/index.ts'
import { join } from '../fuzz/frames.ts'
import { patternOf, same } from './bytes.ts'
import { frame, RawPeer, requestText } from './raw-peer.ts'
import { echo, listen, type ServeOptions, serve } from './serve.ts'

/** The whole answer, up to the end of the connection, to a request sent as it is. */
async function answerTo(port: number, request: string | Uint8Array): Promise<string> {
  const peer = await RawPeer.connect(port)
  peer.send(request)
  return (await peer.rest()).toString()
}

/** The refusal that ends a connection. */
function refusal(line: string, body: string, headers: readonly string[] = [], type = true): string {
  return [
    `HTTP/1.1 ${line}`,
    'Connection: close',
    ...(type ? ['Content-Type: text/plain; charset=utf-8'] : []),
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Sec-WebSocket-Version: 13',
    ...headers,
    '',
    body,
  ].join('\r\n')
}

const fine = requestText('/')

describe('a request that is no acceptable handshake', () => {
  const with_ = (from: string, to: string) => fine.replace(from, to)
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'

  test.each([
    ['HTTP/1.0', with_('HTTP/1.1', 'HTTP/1.0'), 'the HTTP version must be 1.1'],
    ['no Host', with_('Host: 127.0.0.1\r\n', ''), 'there must be one Host field with a host'],
    [
      'two Hosts',
      with_('Host: 127.0.0.1\r\n', 'Host: a\r\nHost: b\r\n'),
      'there must be one Host field with a host',
    ],
    ['an absolute target', with_('GET /', 'GET http://evil.example/'), 'the request target must be a path'],
    ['no key', with_(key, ''), 'Sec-WebSocket-Key must be the base64 of 16 bytes'],
    [
      'a short key',
      with_('dGhlIHNhbXBsZSBub25jZQ==', 'AAAA'),
      'Sec-WebSocket-Key must be the base64 of 16 bytes',
    ],
    ['two keys', with_(key, key + key), 'Sec-WebSocket-Key must be the base64 of 16 bytes'],
    [
      'a malformed list of subprotocols',
      requestText('/', ['Sec-WebSocket-Protocol: a,,b']),
      'malformed Sec-WebSocket-Protocol',
    ],
    [
      'malformed extensions',
      requestText('/', ['Sec-WebSocket-Extensions: ;x']),
      'malformed Sec-WebSocket-Extensions',
    ],
    ['a body of 5 bytes', `${requestText('/', ['Content-Length: 5'])}hello`, 'the request must have no body'],
    [
      'a chunked body',
      `${requestText('/', ['Transfer-Encoding: chunked'])}5\r\nhello\r\n0\r\n\r\n`,
      'the request must have no body',
    ],
  ])('gets 400 for %s', async (_, request, body) => {
    const { port, attachment } = await serve(echo)
    expect(await answerTo(port, request)).toBe(refusal('400 Bad Request', body))
    expect(attachment.connections.size).toBe(0)
  })

  test.each([
    ['12', 'Sec-WebSocket-Version: 12\r\n'],
    ['13abc', 'Sec-WebSocket-Version: 13abc\r\n'],
    ['13 twice', 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13\r\n'],
    ['none', ''],
  ])('gets 400 and the version that is spoken for version %s', async (_, field) => {
    const { port } = await serve(echo)
    const answer = await answerTo(port, with_('Sec-WebSocket-Version: 13\r\n', field))
    expect(answer).toBe(
      [
        'HTTP/1.1 400 Bad Request',
        'Connection: close',
        'Content-Type: text/plain; charset=utf-8',
        'Content-Length: 32',
        'Sec-WebSocket-Version: 13',
        '',
        'Sec-WebSocket-Version must be 13',
      ].join('\r\n'),
    )
  })

  test('gets 405 for another method', async () => {
    const { port } = await serve(echo)
    const answer = await answerTo(port, with_('GET', 'POST'))
    expect(answer).toBe(refusal('405 Method Not Allowed', 'the method must be GET', ['Allow: GET']))
  })

  test('gets 426 for an upgrade to something else', async () => {
    const { port } = await serve(echo)
    expect(await answerTo(port, with_('Upgrade: websocket', 'Upgrade: h2c'))).toBe(
      [
        'HTTP/1.1 426 Upgrade Required',
        'Connection: Upgrade, close',
        'Content-Type: text/plain; charset=utf-8',
        'Content-Length: 28',
        'Sec-WebSocket-Version: 13',
        'Upgrade: websocket',
        '',
        'this is a WebSocket endpoint',
      ].join('\r\n'),
    )
  })

  test('has nothing that follows it read, as frames or as another request', async () => {
    const { port, attachment, server } = await serve(echo)
    let requests = 0
    server.on('request', (_, response) => {
      requests++
      response.end()
    })
    const answer = await answerTo(
      port,
      Buffer.concat([
        Buffer.from(requestText('/', ['Content-Length: 6'])),
        frame('client', 1, ''),
        Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
        Buffer.from(fine),
      ]),
    )
    expect(answer).toBe(refusal('400 Bad Request', 'the request must have no body'))
    expect([requests, attachment.connections.size]).toEqual([0, 0])
  })
})

describe('an origin', () => {
  const request = (origin: string) => requestText('/', [`Origin: ${origin}`])
  const forbidden = refusal('403 Forbidden', 'origin not allowed')
  const statusOf = async (options: ServeOptions<unknown>, origin: string) => {
    const { port } = await serve(echo, options)
    const peer = await RawPeer.connect(port)
    peer.send(request(origin))
    return (await peer.head()).slice(9, 12)
  }

  test('other than that of the server gets 403', async () => {
    const { port } = await serve(echo)
    for (const origin of ['http://elsewhere.example', 'null', 'http://127.0.0.1:1', 'no origin']) {
      expect(await answerTo(port, request(origin))).toBe(forbidden)
    }
  })

  test('passes when it is that of the server, or there is none', async () => {
    const { port } = await serve(echo)
    const same = await RawPeer.connect(port)
    same.send(request('http://127.0.0.1'))
    expect(await same.head()).toMatch(/^HTTP\/1.1 101 /)
    expect(await (await RawPeer.open(port)).socket.destroyed).toBe(false)
  })

  test('passes when the options name it', async () => {
    const origins = ['https://*.example.com', /^https?:\/\/localhost(:\d+)?$/]
    expect(await statusOf({ origins }, 'https://app.example.com')).toBe('101')
    expect(await statusOf({ origins }, 'http://localhost:3000')).toBe('101')
    expect(await statusOf({ origins }, 'https://example.com')).toBe('403')
    expect(await statusOf({ origins }, 'http://127.0.0.1')).toBe('403')
  })

  test('is judged by checkOrigin, which may take its time', async () => {
    const checkOrigin = async ({ headers }: IncomingMessage) => {
      await sleep(20)
      return headers.origin === 'http://friend.example'
    }
    expect(await statusOf({ checkOrigin }, 'http://friend.example')).toBe('101')
    expect(await statusOf({ checkOrigin }, 'http://127.0.0.1')).toBe('403')
  })

  test('gets 500 when checkOrigin fails, and onError gets the error', async () => {
    const errors: unknown[] = []
    const { port } = await serve(echo, {
      checkOrigin: () => Promise.reject(new Error('the database is away')),
      attach: { onError: (...args) => errors.push(args) },
    })
    expect(await answerTo(port, fine)).toBe(refusal('500 Internal Server Error', 'Internal Server Error'))
    expect(errors).toEqual([[new Error('the database is away'), undefined]])
  })
})

describe('authorize', () => {
  async function answerWith(authorize: Authorize<unknown>, options: AttachOptions<unknown> = {}) {
    const { port } = await serve(echo, { handshakeTimeout: 100, attach: { authorize, ...options } })
    return answerTo(port, fine)
  }

  /** The same for an authorize that fails: the answer, and what onError got. */
  async function failureOf(authorize: Authorize<unknown>) {
    const errors: unknown[] = []
    const answer = await answerWith(authorize, { onError: (...args) => errors.push(args) })
    return { answer, errors }
  }

  const internal = refusal('500 Internal Server Error', 'Internal Server Error')

  test('refuses with a status, header fields and a body', async () => {
    const answer = await answerWith(async () => ({
      status: 401,
      headers: {
        'WWW-Authenticate': ['Basic realm="a"', 'Bearer'],
        'Content-Type': 'application/json',
      },
      body: '{"error":"wer bist du? 👋"}',
    }))
    expect(answer).toBe(
      refusal(
        '401 Unauthorized',
        '{"error":"wer bist du? 👋"}',
        ['WWW-Authenticate: Basic realm="a"', 'WWW-Authenticate: Bearer', 'Content-Type: application/json'],
        false,
      ),
    )
  })

  test('refuses with a status alone', async () => {
    expect(await answerWith(() => ({ status: 429 }))).toBe(
      refusal('429 Too Many Requests', 'Too Many Requests'),
    )
  })

  test('refuses with 500 when it throws or rejects, and onError alone hears why', async () => {
    const secret = new Error('secret')
    const fail = () => {
      throw secret
    }
    for (const authorize of [fail, async () => fail()]) {
      expect(await failureOf(authorize)).toEqual({ answer: internal, errors: [[secret, undefined]] })
    }
  })

  test('refuses with 500 when what it says cannot be sent', async () => {
    for (const [said, code] of [
      [{ status: 200 }, 'ERR_WS_ARGUMENT'],
      [{ status: 401, body: 'x'.repeat(1025) }, 'ERR_WS_ARGUMENT'],
      [{ status: 401, headers: { a: 'b\r\nSet-Cookie: c=d' } }, 'ERR_WS_HEADER'],
      [{ data: 1, headers: { a: 'b\r\nSet-Cookie: c=d' } }, 'ERR_WS_HEADER'],
      [{ data: 1, headers: { 'Sec-WebSocket-Extensions': 'x' } }, 'ERR_WS_HEADER'],
    ] as const) {
      const { answer, errors } = await failureOf(() => said)
      expect(answer).toBe(internal)
      expect(errors).toEqual([[expect.objectContaining({ code }), undefined]])
    }
  })

  test('that takes longer than the handshake may refuses with 503', async () => {
    const began = performance.now()
    const answer = await answerWith(() => new Promise<undefined>(() => {}))
    expect(answer).toBe(refusal('503 Service Unavailable', 'the handshake took too long'))
    expect(performance.now() - began).toBeLessThan(2_000)
  })

  test('is not asked about requests that are refused anyway', async () => {
    let asked = 0
    const authorize = () => {
      asked++
    }
    const { port } = await serve(echo, { attach: { authorize } })
    await answerTo(port, fine.replace('13', '12'))
    await answerTo(port, requestText('/', ['Origin: http://elsewhere.example']))
    expect(asked).toBe(0)
    await RawPeer.open(port)
    expect(asked).toBe(1)
  })

  test('gives the connection its data', async () => {
    let data: unknown
    const { port } = await serve(
      (conn: Conn<{ user: string }>) => {
        data = conn.data
      },
      { attach: { authorize: async () => ({ data: { user: 'Ada' } }) } },
    )
    await RawPeer.open(port)
    expect(data).toEqual({ user: 'Ada' })
  })
})

describe('paths', () => {
  const notFound = refusal('404 Not Found', 'Not Found')

  test('that nothing is attached to get 404', async () => {
    const { port } = await serve(echo, { attach: { path: '/echo' } })
    for (const path of ['/', '/echo/', '/ech', '//echo', '/Echo', '/elsewhere?/echo']) {
      expect(await answerTo(port, requestText(path))).toBe(notFound)
    }
    await RawPeer.open(port, '/echo')
    await RawPeer.open(port, '/echo?token=1')
  })

  test('of several attachments are kept apart, one without a path takes the rest', async () => {
    const { server, port } = await serve((conn) => conn.writeMessage('one'), { attach: { path: '/one' } })
    new Upgrader().attach(server, {}, (conn) => conn.writeMessage('rest'))
    new Upgrader().attach(server, { path: '/two' }, (conn) => conn.writeMessage('two'))
    expect(server.listenerCount('upgrade')).toBe(1)
    for (const [path, text] of [
      ['/one', 'one'],
      ['/two', 'two'],
      ['/three', 'rest'],
    ]) {
      const peer = await RawPeer.open(port, path)
      expect((await peer.frame()).payload.toString()).toBe(text)
    }
  })

  test('of other listeners are left alone', async () => {
    const { server, port } = await serve(echo, { attach: { path: '/echo' } })
    server.on('upgrade', ({ url }, socket: Duplex) => {
      if (url === '/theirs') socket.end('HTTP/1.1 418 Theirs\r\n\r\n')
    })
    expect(await answerTo(port, requestText('/theirs'))).toBe('HTTP/1.1 418 Theirs\r\n\r\n')
    await RawPeer.open(port, '/echo')
    // Nor is it answered what nobody answers.
    const unanswered = await RawPeer.connect(port)
    unanswered.send(requestText('/nobody'))
    await sleep(50)
    expect([unanswered.socket.readableLength, unanswered.socket.readableEnded]).toEqual([0, false])
  })
})

describe('connections beyond maxConnections', () => {
  const full = refusal('503 Service Unavailable', 'too many connections')

  test('get 503 until one goes', async () => {
    const { port, attachment } = await serve(echo, { attach: { maxConnections: 2 } })
    const first = await RawPeer.open(port)
    await RawPeer.open(port)
    expect(await answerTo(port, fine)).toBe(full)
    first.socket.destroy()
    await expect.poll(() => attachment.connections.size).toBe(1)
    await RawPeer.open(port)
  })

  test('are counted from the request on', async () => {
    let allow!: (said: undefined) => void
    const said = new Promise<undefined>((resolve) => {
      allow = resolve
    })
    const { port } = await serve(echo, { attach: { maxConnections: 1, authorize: () => said } })
    const waiting = RawPeer.open(port)
    await sleep(50)
    expect(await answerTo(port, fine)).toBe(full)
    allow(undefined)
    await waiting
    expect(await answerTo(port, fine)).toBe(full)
  })

  test('are not counted when they were refused', async () => {
    const { port } = await serve(echo, { attach: { maxConnections: 1 } })
    for (let i = 0; i < 3; i++) await answerTo(port, fine.replace('13', '12'))
    await RawPeer.open(port)
  })
})

describe('the 101', () => {
  test('is exactly this, with the first subprotocol in the server’s order and the application’s fields', async () => {
    const { port } = await serve(echo, {
      subprotocols: ['best', 'good'],
      attach: { headers: { 'X-Served-By': 'me' } },
    })
    const peer = await RawPeer.connect(port)
    peer.send(requestText('/', ['Sec-WebSocket-Protocol: unknown, good', 'Sec-WebSocket-Protocol: best']))
    expect(await peer.head()).toBe(
      [
        'HTTP/1.1 101 Switching Protocols',
        'Upgrade: websocket',
        'Connection: Upgrade',
        'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
        'Sec-WebSocket-Protocol: best',
        'X-Served-By: me',
        '',
        '',
      ].join('\r\n'),
    )
  })

  test('is followed by the frames that came in the same segment as the request', async () => {
    const { port } = await serve(echo)
    const peer = await RawPeer.connect(port)
    const bytes = patternOf(5_000)
    const large = frame('client', 2, bytes)
    peer.send(join([Buffer.from(fine), frame('client', 1, 'early 👋'), large.subarray(0, 3_000)]))
    expect(await peer.head()).toMatch(/^HTTP\/1.1 101 /)
    expect((await peer.frame()).payload.toString()).toBe('early 👋')
    peer.send(large.subarray(3_000))
    expect(same((await peer.frame()).payload, bytes)).toBe(true)
  })

  test('is followed by them after an authorize that took its time, too', async () => {
    const { port } = await serve(echo, { attach: { authorize: () => sleep(30) } })
    const peer = await RawPeer.connect(port)
    peer.send(join([Buffer.from(fine), frame('client', 1, 'in the same segment')]))
    await sleep(10)
    peer.send(frame('client', 1, 'in the next one'))
    await peer.head()
    expect((await peer.frame()).payload.toString()).toBe('in the same segment')
    expect((await peer.frame()).payload.toString()).toBe('in the next one')
  })

  test('is followed by as much as a peer sends meanwhile', async () => {
    const { port } = await serve(echo, { attach: { authorize: () => sleep(50) } })
    const peer = await RawPeer.connect(port)
    const bytes = patternOf(3_000_000)
    peer.send(join([Buffer.from(fine), frame('client', 2, bytes)]))
    expect(await peer.head()).toMatch(/^HTTP\/1.1 101 /)
    expect(same((await peer.frame()).payload, bytes)).toBe(true)
  })
})

describe('upgrade()', () => {
  test('opens a connection from an upgrade event', async () => {
    const server = createServer()
    const port = await listen(server)
    server.on('upgrade', async (request, socket, head) => {
      const conn = await new Upgrader().upgrade(request, socket, head, {
        authorize: () => ({ data: 'from authorize' }),
        headers: { 'X-One': '1' },
      })
      await conn.writeMessage(String(conn.data))
      await conn.close()
    })
    const peer = await RawPeer.connect(port)
    peer.send(fine)
    expect(await peer.head()).toContain('\r\nX-One: 1\r\n')
    expect((await peer.frame()).payload.toString()).toBe('from authorize')
    expect(await peer.closeFrame()).toEqual({ code: 1000, reason: '' })
  })

  test('rejects once it has refused', async () => {
    const server = createServer()
    const port = await listen(server)
    const outcome = once(server, 'upgrade').then(([request, socket, head]) =>
      new Upgrader().upgrade(request, socket, head).catch((error) => error),
    )
    await answerTo(port, fine.replace('13', '12'))
    expect(await outcome).toMatchObject({ code: 'ERR_WS_BAD_REQUEST', remote: true })
  })

  test('rejects the second time and writes nothing', async () => {
    const server = createServer()
    const port = await listen(server)
    const upgrader = new Upgrader()
    const outcomes: unknown[] = []
    server.on('upgrade', async (request, socket, head) => {
      const first = upgrader.upgrade(request, socket, head)
      outcomes.push(await new Upgrader().upgrade(request, socket, head).catch((error) => error))
      const conn = await first
      outcomes.push(await upgrader.upgrade(request, socket, head).catch((error) => error))
      await conn.writeMessage('the one connection')
    })
    const peer = await RawPeer.connect(port)
    peer.send(fine)
    await peer.head()
    expect((await peer.frame()).payload.toString()).toBe('the one connection')
    expect(outcomes).toEqual([
      expect.objectContaining({ code: 'ERR_WS_UPGRADED' }),
      expect.objectContaining({ code: 'ERR_WS_UPGRADED' }),
    ])
  })

  test('rejects after a refusal that somebody else has sent', async () => {
    const server = createServer()
    const port = await listen(server)
    const outcome = once(server, 'upgrade').then(([request, socket, head]) => {
      socket.end('HTTP/1.1 418 Mine\r\n\r\n')
      return new Upgrader().upgrade(request, socket, head).catch((error) => error)
    })
    expect(await answerTo(port, fine)).toBe('HTTP/1.1 418 Mine\r\n\r\n')
    expect(await outcome).toMatchObject({ code: 'ERR_WS_ABNORMAL_CLOSURE' })
  })

  test('rejects when the headers cannot be sent, and the peer gets 500', async () => {
    const server = createServer()
    const port = await listen(server)
    const outcome = once(server, 'upgrade').then(([request, socket, head]) =>
      new Upgrader().upgrade(request, socket, head, { headers: { a: 'b\nc' } }).catch((error) => error),
    )
    expect(await answerTo(port, fine)).toMatch(/^HTTP\/1.1 500 /)
    expect(await outcome).toMatchObject({ name: 'TypeError', code: 'ERR_WS_HEADER' })
  })

  test.each([
    ['a reset', (peer: RawPeer) => peer.socket.resetAndDestroy()],
    ['an end without anything', (peer: RawPeer) => peer.socket.destroy()],
  ])('rejects on %s while the application decides', async (_, leave) => {
    const server = createServer()
    const port = await listen(server)
    const peer = await RawPeer.connect(port)
    const outcome = once(server, 'upgrade').then(([request, socket, head]) => {
      const promise = new Upgrader()
        .upgrade(request, socket, head, {
          async authorize() {
            leave(peer)
            await sleep(50)
          },
        })
        .then(
          async (conn) => (await conn.closed).error,
          (error) => error,
        )
      return promise
    })
    peer.send(fine)
    expect(await outcome).toMatchObject({ code: 'ERR_WS_ABNORMAL_CLOSURE', remote: true })
  })

  test('throws at once for options that are none', () => {
    for (const options of [
      { readLimit: -1 },
      { subprotocols: ['a b'] },
      { subprotocols: ['a', 'a'] },
      { origins: ['https://'] },
      { handshakeTimeout: Number.NaN },
      { keepAlive: { interval: 2 ** 31, timeout: 1 } },
    ]) {
      expect(() => new Upgrader(options)).toThrow(expect.objectContaining({ code: 'ERR_WS_ARGUMENT' }))
    }
  })
})
