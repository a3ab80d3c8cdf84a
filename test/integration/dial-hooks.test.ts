// The application's own ways to connect: which one is asked, where it is sent, and what becomes of what it gives or fails with.
// gorilla/websocket's TestNetDialConnect, TestHost and TestNextProtos.

import { createSecureServer } from 'node:http2'
import { createServer as createHttps } from 'node:https'
import { connect as connectTcp, type Server } from 'node:net'
import { Duplex, duplexPair } from 'node:stream'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ConnectTarget, type DialOptions, dial, Upgrader } from '../../src/index.ts'
import { serverTls, trustServer } from './authorities.ts'
import { portOf } from './raw-peer.ts'
import { rawServer } from './raw-server.ts'
import { echo, listen, open, serve } from './serve.ts'
import { SocketCount } from './sockets-of.ts'

const tcp = ({ host, port }: ConnectTarget) => connectTcp({ host, port })
const tlsOf = ({ host, port }: ConnectTarget) =>
  connectTls({ host, port, ...trustServer, servername: 'example.com' })
const never = (): never => {
  throw new Error('must not be called')
}

describe('TestNetDialConnect', () => {
  test.each<[string, boolean, DialOptions]>([
    ['ws, both hooks: connect', false, { connect: tcp, connectTLS: never }],
    ['ws, no hook', false, {}],
    ['ws, connect only', false, { connect: tcp }],
    ['wss, both hooks: connectTLS', true, { connect: never, connectTLS: tlsOf }],
    ['wss, connect only: TLS on top by tls', true, { connect: tcp, tls: trustServer }],
    [
      'wss, connect only, later: TLS on top by tls',
      true,
      { connect: async (to) => tcp(to), tls: trustServer },
    ],
    ['wss, no hook: TLS by tls', true, { tls: trustServer }],
    ['wss, connectTLS: bad tls is ignored', true, { connectTLS: tlsOf, tls: { ca: 'no certificate' } }],
  ])('%s', async (_, tls, options) => {
    const { url } = await serve(echo, tls ? { tls: serverTls } : {})
    const conn = await open(url, options)
    await conn.writeMessage('hello')
    expect((await conn.readMessage()).text()).toBe('hello')
  })
})

test.each<[string, DialOptions['tls']]>([
  ['path', { path: '/nowhere.sock' }],
  ['socket', { socket: new Duplex({ read() {}, write() {} }) as never }],
  ['an undefined servername', { servername: undefined }],
])('tls: %s does not decide where a wss dial connects', async (_, tls) => {
  const { url } = await serve(echo, { tls: serverTls })
  const conn = await open(url, { tls: { ...trustServer, ...tls } })
  await conn.writeMessage('hello')
  expect(await conn.readText()).toBe('hello')
})

describe('TestHost: the header replaces Host only', () => {
  /** [fails, TLS, host of the URL ('' for the server's own), Host header, servername, address, Host, insecure] */
  test.each<[boolean, boolean, string, string, string, string, string, boolean]>([
    [false, false, '', '', '', '', '', false],
    [false, true, '', '', '', '', '', false],
    [false, false, '', 'badhost.com', '', '', 'badhost.com', false],
    [false, true, '', 'badhost.com', '', '', 'badhost.com', false],
    [false, false, 'example.com', 'badhost.com', '', 'example.com:80', 'badhost.com', false],
    [false, true, 'example.com', 'badhost.com', '', 'example.com:443', 'badhost.com', false],
    [false, false, 'badhost.com', 'example.com', '', 'badhost.com:80', 'example.com', false],
    [true, true, 'badhost.com', 'example.com', '', 'badhost.com:443', '', false],
    [false, true, 'badhost.com', '', '', 'badhost.com:443', 'badhost.com', true],
    [false, true, 'badhost.com', '', 'example.com', 'badhost.com:443', 'badhost.com', false],
  ])('fails %s, TLS %s, URL %j, Host %j, servername %j: dials %j as %j', async (...row) => {
    const [fails, tls, host, header, servername, address, wanted, insecure] = row
    const served = await serve((conn) => conn.writeMessage(conn.handshake.headers.host), {
      ...(tls ? { tls: serverTls } : {}),
    })
    const own = `127.0.0.1:${served.port}`
    const dialled: string[] = []
    const dialling = dial(`${tls ? 'wss' : 'ws'}://${host || own}/`, {
      connect({ host, port }) {
        dialled.push(`${host}:${port}`)
        return connectTcp(served.port, '127.0.0.1')
      },
      headers: header ? { Host: header } : {},
      tls: { ...trustServer, ...(servername ? { servername } : {}), rejectUnauthorized: !insecure },
    })
    if (fails)
      await expect(dialling).rejects.toMatchObject({ cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' } })
    else {
      const conn = await dialling
      onTestFinished(() => conn.terminate())
      expect((await conn.readMessage()).text()).toBe(wanted || own)
    }
    expect(dialled).toEqual([address || own])
  })
})

describe('client_test.go, TestHostPortNoPort', () => {
  test.each([
    ['ws://example.com', 'example.com', 80],
    ['wss://example.com', 'example.com', 443],
    ['ws://example.com:7777', 'example.com', 7777],
    ['wss://example.com:7777', 'example.com', 7777],
    ['ws://[2001:DB8::1]/', '2001:db8::1', 80],
    ['ws://[2001:db8::1]:7777/', '2001:db8::1', 7777],
    ['ws://bücher.example/', 'xn--bcher-kva.example', 80],
  ])('%s', async (url, host, port) => {
    const targets: unknown[] = []
    const connect = ({ signal, ...target }: ConnectTarget): never => {
      targets.push(target)
      expect(signal.aborted).toBe(false)
      throw new Error('seen enough')
    }
    await expect(dial(url, { connect, connectTLS: connect, proxy: null })).rejects.toThrow('seen enough')
    expect(targets).toEqual([{ host, port }])
  })
})

describe('a hook', () => {
  test('that throws or rejects fails the dial with ERR_WS_CONNECT and its error as the cause', async () => {
    const coded = Object.assign(new Error('mine'), { code: 'ERR_WS_TIMEOUT' })
    for (const thrown of [new Error('no way'), 'a string', undefined, coded]) {
      for (const connect of [
        () => {
          throw thrown
        },
        () => Promise.reject(thrown),
      ]) {
        const error = await dial('ws://127.0.0.1/', { connect }).catch((error) => error)
        expect(error).toMatchObject({ name: 'WebSocketError', code: 'ERR_WS_CONNECT' })
        expect(error.cause).toBe(thrown)
      }
    }
  })

  test.each([undefined, null, 'text', {}, { write() {} }, 1])(
    'that gives %j gives no Duplex',
    async (value) => {
      const connect = () => value as unknown as Duplex
      await expect(dial('ws://127.0.0.1/', { connect })).rejects.toMatchObject({
        name: 'TypeError',
        code: 'ERR_WS_ARGUMENT',
      })
    },
  )

  test('may give a stream that is still connecting, or one that has failed already', async () => {
    const { url } = await serve(echo)
    await open(url, { connect: tcp })
    const failed = connectTcp(1, '127.0.0.1').on('error', () => {})
    await new Promise((resolve) => failed.once('close', resolve))
    await expect(dial(url, { connect: () => failed })).rejects.toMatchObject({ code: 'ERR_WS_CONNECT' })
    const refused = dial(url, { connect: () => connectTcp(1, '127.0.0.1') })
    await expect(refused).rejects.toMatchObject({ code: 'ERR_WS_CONNECT', cause: { code: 'ECONNREFUSED' } })
  })

  test.each(['ws', 'wss'])('may give any Duplex of bytes, below %s', async (scheme) => {
    const tls = scheme === 'wss'
    const { url, server } = await serve(echo, tls ? { tls: serverTls } : {})
    const sockets = new SocketCount(server)
    const conn = await open(url, {
      connect(target) {
        const socket = tcp(target)
        const [ours, theirs] = duplexPair()
        socket.pipe(theirs).pipe(socket)
        ours.once('close', () => socket.destroy())
        return ours
      },
      tls: trustServer,
    })
    for (const text of ['one', 'two'.repeat(30_000)]) {
      await conn.writeMessage(text)
      expect((await conn.readMessage()).text()).toBe(text)
    }
    expect(await conn.close(1000)).toMatchObject({ code: 1000, wasClean: true })
    await sockets.becomes(0)
  })

  test('that gives a stream of objects or of text fails the dial', async () => {
    const server = await rawServer()
    const connect = (target: ConnectTarget) => tcp(target).setEncoding('latin1')
    const dialling = dial(server.url, { connect })
    const peer = await server.accept()
    peer.send('HTTP/1.1 101 Switching Protocols\r\n')
    await expect(dialling).rejects.toMatchObject({
      code: 'ERR_WS_ARGUMENT',
      message: 'websocket: the stream must be one of bytes',
    })
    await peer.rest()
  })

  test('B13, B17: whose stream comes too late gets it destroyed, and its signal has told it so', async () => {
    for (const end of ['timeout', 'signal'] as const) {
      let give!: (stream: Duplex) => void
      let target!: ConnectTarget
      const late = new Promise<Duplex>((resolve) => {
        give = resolve
      })
      const controller = new AbortController()
      const dialling = dial('ws://127.0.0.1/', {
        connect(to) {
          target = to
          return late
        },
        ...(end === 'timeout' ? { handshakeTimeout: 20 } : { signal: controller.signal }),
      })
      const reason = new Error('no longer wanted')
      if (end === 'signal') setTimeout(() => controller.abort(reason), 20)
      const error = await dialling.catch((error) => error)
      if (end === 'timeout') expect(error).toMatchObject({ code: 'ERR_WS_TIMEOUT' })
      else expect(error).toBe(reason)
      expect(target.signal.aborted).toBe(true)
      expect(target.signal.reason).toBe(error)
      const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
      give(stream)
      await new Promise((resolve) => stream.once('close', resolve))
      expect(stream.destroyed).toBe(true)
    }
  })

  test('whose dial succeeds is not told to abort', async () => {
    const { url } = await serve(echo)
    let signal!: AbortSignal
    const conn = await dial(url, {
      connect(target) {
        signal = target.signal
        return connectTcp({ host: target.host, port: target.port, signal })
      },
    })
    await conn.close()
    expect(signal.aborted).toBe(false)
  })
})

describe('TestNextProtos', () => {
  test('options of TLS that let h2 win make a dial fail, which says so', async () => {
    const server = createSecureServer({ ...serverTls, allowHTTP1: true })
    server.on('sessionError', () => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      server.close()
    })
    const url = `wss://127.0.0.1:${portOf(server as Server)}/`
    const tls = { ...trustServer, ALPNProtocols: ['h2', 'http/1.1'] }
    const saying = {
      code: 'ERR_WS_CONNECT',
      message:
        'websocket: h2 was chosen by ALPN, where it must be http/1.1: leave ALPNProtocols out of the options of TLS',
      cause: { code: expect.stringMatching(/^ERR_WS_/) },
    }
    await expect(dial(url, { tls })).rejects.toMatchObject(saying)
    const connectTLS = ({ host, port }: ConnectTarget): TLSSocket => connectTls({ host, port, ...tls })
    await expect(dial(url, { connectTLS })).rejects.toMatchObject(saying)
    await expect(dial(url, { connect: tcp, tls })).rejects.toMatchObject(saying)
  })

  test('without them http/1.1 is asked for', async () => {
    const offers: string[][] = []
    const server = createHttps({
      ...serverTls,
      ALPNCallback({ protocols }) {
        offers.push(protocols)
        return protocols[0]
      },
    })
    new Upgrader().attach(server, {}, echo)
    await open(`wss://127.0.0.1:${await listen(server)}/`, { tls: trustServer })
    expect(offers).toEqual([['http/1.1']])
  })
})
