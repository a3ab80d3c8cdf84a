// `ws` as the server of our Dialer, plain and over TLS.
// RFC 6455 §5.4 (fragments), §5.5 (control frames), §7.1 (closing), §4.1 (subprotocol and header fields).

import { once } from 'node:events'
import { createServer as createHttp, type IncomingMessage } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { describe, expect, test } from 'vitest'
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import { type DialOptions, type Message, WebSocketError } from '../../src/index.ts'
import { patternOf, same } from './bytes.ts'
import { cert, key, trust } from './certificate.ts'
import { listen, open } from './serve.ts'

describe.each([
  ['ws', false],
  ['wss', true],
])('over %s, a server of ws', (scheme, tls) => {
  async function start(options: ServerOptions = {}) {
    const server = tls ? createHttps({ key, cert }) : createHttp()
    const wss = new WebSocketServer({ server, ...options })
    const port = await listen(server)
    return { wss, url: `${scheme}://127.0.0.1:${port}/room?seat=7` }
  }

  /** Both ends of one connection. */
  async function pair(options: DialOptions = {}, serverOptions: ServerOptions = {}) {
    const { wss, url } = await start(serverOptions)
    const connection = once(wss, 'connection') as Promise<[WebSocket, IncomingMessage]>
    const conn = await open(url, { ...(tls ? { tls: trust } : {}), ...options })
    const [ws, request] = await connection
    return { conn, ws, request }
  }

  async function openEcho() {
    const { conn, ws } = await pair()
    ws.on('message', (data, isBinary) => ws.send(data as Buffer, { binary: isBinary }))
    return conn
  }

  test('sends our texts back, emoji included', async () => {
    const conn = await openEcho()
    for (const text of ['', 'a', '👩‍🚀 grüße 你好', '🎉'.repeat(20_000), `${'x'.repeat(65_535)}é`]) {
      await conn.writeMessage(text)
      const message = await conn.readMessage()
      expect(message.isText).toBe(true)
      expect(message.text() === text).toBe(true)
    }
    await conn.writeMessage('lone \ud800 surrogate')
    expect((await conn.readMessage()).text()).toBe('lone \ufffd surrogate')
  })

  test.each([0, 1, 125, 126, 65_535, 65_536, 1 << 20])('sends %i bytes back', async (length) => {
    const conn = await openEcho()
    const bytes = patternOf(length)
    await conn.writeMessage(bytes)
    const message = await conn.readMessage()
    expect([message.type, message.byteLength]).toEqual([2, length])
    expect(same(message.data, bytes)).toBe(true)
  })

  test('has its fragmented messages put together', async () => {
    const { conn, ws } = await pair()
    const bytes = patternOf(200_000)
    ws.send(bytes.subarray(0, 70_000), { fin: false })
    ws.send(bytes.subarray(70_000, 70_001), { fin: false })
    ws.ping('between')
    ws.send(bytes.subarray(70_001), { fin: true })
    const pong = once(ws, 'pong')
    expect(same((await conn.readMessage()).data, bytes)).toBe(true)
    expect(String((await pong)[0])).toBe('between')

    const text = Buffer.from('über 🚀 alles')
    for (let cut = 0; cut < text.length; cut++) {
      ws.send(text.subarray(0, cut), { binary: false, fin: false })
      ws.send(text.subarray(cut), { binary: false, fin: true })
      expect((await conn.readMessage()).text()).toBe('über 🚀 alles')
    }
  })

  test('has its pings answered and answers ours', async () => {
    const { conn, ws } = await pair()
    const data = patternOf(125)
    ws.ping(data)
    expect((await once(ws, 'pong'))[0]).toEqual(data)
    const pings: string[] = []
    ws.on('ping', (data) => pings.push(String(data)))
    const trips = await Promise.all([conn.ping('one'), conn.ping('two'), conn.ping('three')])
    expect(pings).toEqual(['one', 'two', 'three'])
    for (const milliseconds of trips) expect(milliseconds).toBeLessThan(5_000)
  })

  test.each<[args: [code?: number, reason?: string], code: number, reason: string]>([
    [[1000], 1000, ''],
    [[], 1005, ''],
    [[4000, 'goodbye 👋'], 4000, 'goodbye 👋'],
  ])('closes with %j', async (args, code, reason) => {
    const { conn, ws } = await pair()
    const loop = (async () => {
      const messages: Message[] = []
      for await (const message of conn) messages.push(message)
      return messages.length
    })()
    const end = once(ws, 'close')
    ws.send('last words')
    ws.close(...args)
    expect(await loop).toBe(1)
    expect(await conn.closed).toEqual({ code, reason, wasClean: true })
    expect((await end)[0]).toBe(code)
  })

  test.each<[args: [code?: number, reason?: string], code: number, reason: string]>([
    [[], 1000, ''],
    [[1000], 1000, ''],
    [[1005], 1005, ''],
    [[4000, 'goodbye 👋'], 4000, 'goodbye 👋'],
  ])('hears our close(%j)', async (args, code, reason) => {
    const { conn, ws } = await pair()
    const end = once(ws, 'close')
    const closed = conn.close(...args)
    const [gotCode, gotReason] = await end
    expect([gotCode, String(gotReason)]).toEqual([code, reason])
    expect(await closed).toMatchObject({ code, wasClean: true })
  })

  test('chooses a subprotocol, or none', async () => {
    const { conn } = await pair(
      { subprotocols: ['first', 'second'] },
      { handleProtocols: (offered) => [...offered][1] },
    )
    expect([conn.subprotocol, conn.handshake.subprotocol]).toEqual(['second', 'second'])
    const other = await pair({ subprotocols: ['first'] }, { handleProtocols: () => false })
    expect(other.conn.subprotocol).toBe('')
  })

  test('gets our header fields, and ours are its own', async () => {
    const headers = { Authorization: 'Bearer x', Cookie: ['a=1', 'b=2'], 'X-Name': 'Zoë' }
    const { conn, request } = await pair({ headers, origin: 'https://page.example' })
    expect(request.url).toBe('/room?seat=7')
    expect(request.headers).toMatchObject({
      authorization: 'Bearer x',
      cookie: 'a=1; b=2',
      'x-name': 'Zoë',
      origin: 'https://page.example',
    })
    expect(conn.handshake).toMatchObject({ status: 101, extensions: [] })
    expect(conn.handshake.headers.upgrade).toBe('websocket')
    expect([Object.isFrozen(conn.handshake), Object.isFrozen(conn.handshake.headers)]).toEqual([true, true])
  })

  test('sets cookies in the 101', async () => {
    const { wss, url } = await start()
    wss.on('headers', (headers) => headers.push('Set-Cookie: a=1', 'Set-Cookie: b=2'))
    const conn = await open(url, tls ? { tls: trust } : {})
    expect(conn.handshake.headers['set-cookie']).toBe('a=1, b=2')
  })

  test('ends without a Close frame, which is 1006', async () => {
    const { conn, ws } = await pair()
    const read = conn.readMessage()
    ws.terminate()
    await expect(read).rejects.toMatchObject({ code: 'ERR_WS_ABNORMAL_CLOSURE', closeCode: 1006 })
    expect(await conn.closed).toMatchObject({
      code: 1006,
      wasClean: false,
      error: expect.any(WebSocketError),
    })
  })
})
