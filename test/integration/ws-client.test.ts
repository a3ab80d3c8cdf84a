// `ws` as the client of our Upgrader, plain and over TLS.
// RFC 6455 §5.4 (fragments), §5.5 (control frames), §7.1 (closing), §4.2.2 (subprotocol and header fields).

import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ClientOptions, WebSocket } from 'ws'
import type { Conn } from '../../src/index.ts'
import { patternOf, same } from './bytes.ts'
import { trust } from './certificate.ts'
import { echo, type ServeOptions, serve } from './serve.ts'

describe.each([
  ['ws', false],
  ['wss', true],
])('over %s, a client of ws', (_, tls) => {
  async function connect(url: string, protocols: string[] = [], options: ClientOptions = {}) {
    const ws = new WebSocket(url, protocols, { ...trust, ...options })
    onTestFinished(() => ws.terminate())
    const upgrade = once(ws, 'upgrade') as Promise<[IncomingMessage]>
    await once(ws, 'open')
    const [response] = await upgrade
    return { ws, response }
  }

  /** Both ends of one connection. */
  async function pair(options: ServeOptions<unknown> = {}, protocols: string[] = [], client?: ClientOptions) {
    let opened!: (conn: Conn) => void
    const conn = new Promise<Conn>((resolve) => {
      opened = resolve
    })
    const { url } = await serve(opened, { ...options, tls })
    return { ...(await connect(`${url}room?seat=7`, protocols, client)), conn: await conn }
  }

  async function openEcho() {
    const { url } = await serve(echo, { tls })
    return (await connect(url)).ws
  }

  test('gets its texts back, emoji included', async () => {
    const ws = await openEcho()
    for (const text of ['', 'a', '👩‍🚀 grüße 你好', '🎉'.repeat(20_000), `${'x'.repeat(65_535)}é`]) {
      ws.send(text)
      const [data, isBinary] = await once(ws, 'message')
      expect(isBinary).toBe(false)
      expect(String(data) === text).toBe(true)
    }
  })

  test.each([0, 1, 125, 126, 65_535, 65_536, 1 << 20])('gets %i bytes back', async (length) => {
    const ws = await openEcho()
    const bytes = patternOf(length)
    ws.send(bytes)
    const [data, isBinary] = await once(ws, 'message')
    expect(isBinary).toBe(true)
    expect(same(data, bytes)).toBe(true)
  })

  test('gets fragmented messages back whole', async () => {
    const ws = await openEcho()
    const bytes = patternOf(200_000)
    ws.send(bytes.subarray(0, 70_000), { fin: false })
    ws.send(bytes.subarray(70_000, 70_001), { fin: false })
    ws.ping('between')
    ws.send(bytes.subarray(70_001), { fin: false })
    ws.send(Buffer.alloc(0), { fin: true })
    const pong = once(ws, 'pong')
    const [data, isBinary] = await once(ws, 'message')
    expect([same(data, bytes), isBinary]).toEqual([true, true])
    expect(String((await pong)[0])).toBe('between')

    // The cut goes through the four bytes of the emoji.
    const text = Buffer.from('über 🚀 alles')
    for (let cut = 0; cut < text.length; cut++) {
      ws.send(text.subarray(0, cut), { binary: false, fin: false })
      ws.send(text.subarray(cut), { binary: false, fin: true })
      expect((await once(ws, 'message')).map(String)).toEqual(['über 🚀 alles', 'false'])
    }
  })

  test('has its pings answered and answers ours', async () => {
    const { ws, conn } = await pair()
    const data = patternOf(125)
    ws.ping(data)
    expect((await once(ws, 'pong'))[0]).toEqual(data)
    ws.ping()
    expect((await once(ws, 'pong'))[0]).toEqual(Buffer.alloc(0))
    const pings = once(ws, 'ping')
    const milliseconds = await conn.ping('are you there?')
    expect(milliseconds).toBeGreaterThan(0)
    expect(milliseconds).toBeLessThan(5_000)
    expect(String((await pings)[0])).toBe('are you there?')
  })

  test.each<[args: [code?: number, reason?: string], code: number, reason: string]>([
    [[1000], 1000, ''],
    [[], 1005, ''],
    [[4000, 'goodbye 👋'], 4000, 'goodbye 👋'],
  ])('closes with %j', async (args, code, reason) => {
    const { ws, conn } = await pair()
    const end = once(ws, 'close')
    ws.close(...args)
    expect(await conn.closed).toEqual({ code, reason, wasClean: true })
    expect(conn.state).toBe('closed')
    // ws hands the code back that it received in answer; ours is the one it sent.
    expect((await end)[0]).toBe(code)
    const error = await conn.readMessage().catch((error) => error)
    expect(error).toMatchObject({ code: 'ERR_WS_CLOSED', closeCode: code, reason, remote: true })
  })

  test.each<[args: [code?: number, reason?: string], code: number, reason: string]>([
    [[], 1000, ''],
    [[1000], 1000, ''],
    [[1005], 1005, ''],
    [[4000, 'goodbye 👋'], 4000, 'goodbye 👋'],
  ])('hears our close(%j)', async (args, code, reason) => {
    const { ws, conn } = await pair()
    const end = once(ws, 'close')
    const closed = conn.close(...args)
    const [gotCode, gotReason] = await end
    expect([gotCode, String(gotReason)]).toEqual([code, reason])
    expect(await closed).toMatchObject({ code, wasClean: true })
  })

  test('gets the subprotocol that the server likes best', async () => {
    const { ws, conn } = await pair({ subprotocols: ['third', 'second', 'first'] }, ['first', 'second'])
    expect([ws.protocol, conn.subprotocol, conn.handshake.subprotocol]).toEqual([
      'second',
      'second',
      'second',
    ])
  })

  test('gets no subprotocol when it offers none', async () => {
    const { ws, conn, response } = await pair({ subprotocols: ['only'] })
    expect([ws.protocol, conn.subprotocol]).toEqual(['', ''])
    expect(response.headers).not.toHaveProperty('sec-websocket-protocol')
  })

  test('has its request kept: method, path and header fields', async () => {
    const headers = { 'X-Twice': ['one', 'two'] as unknown as string, Cookie: 'a=1; b=2' }
    const { conn } = await pair({}, [], { headers })
    const { handshake } = conn
    expect(handshake).toMatchObject({ method: 'GET', path: '/room?seat=7', extensions: [] })
    expect(handshake.headers).toMatchObject({
      'x-twice': 'one, two',
      cookie: 'a=1; b=2',
      'sec-websocket-version': '13',
    })
    expect([Object.isFrozen(handshake), Object.isFrozen(handshake.headers)]).toEqual([true, true])
  })

  test('gets the header fields and cookies of the 101', async () => {
    const { response, conn } = await pair({
      attach: {
        headers: { 'Set-Cookie': ['a=1; Path=/', 'b=2'], 'X-Server': 'one' },
        authorize: () => ({ data: 'Ada', headers: [['Set-Cookie', 'c=3']] }),
      },
    })
    expect(response.headers).toMatchObject({ 'set-cookie': ['a=1; Path=/', 'b=2', 'c=3'], 'x-server': 'one' })
    expect(conn.data).toBe('Ada')
  })

  test('is refused the compression that it offers, and still understands', async () => {
    const { ws, response } = await pair({}, [], { perMessageDeflate: true })
    expect(response.headers).not.toHaveProperty('sec-websocket-extensions')
    expect(ws.extensions).toBe('')
  })
})
