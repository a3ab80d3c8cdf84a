// The opening handshake on a stream that the application has already: gorilla/websocket's NewClient.
// RFC 6455 §4.1, over sockets, TLS and Duplexes of memory.

import { connect as connectTcp } from 'node:net'
import { Duplex, duplexPair } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { BadHandshakeError, type Conn, Dialer, type HandshakeOptions } from '../../src/index.ts'
import { join } from '../fuzz/frames.ts'
import { serverTls, trustServer } from './authorities.ts'
import { patternOf, same } from './bytes.ts'
import { SmallJar } from './cookie-jar.ts'
import { frame } from './raw-peer.ts'
import { acceptText } from './raw-server.ts'
import { echo, serve } from './serve.ts'

const dialer = new Dialer({ subprotocols: ['chat'] })

/** The handshake on one end of a pair; `answer` is given the request and returns what the other end says. */
function onPair(
  answer: (head: string) => Uint8Array | string,
  options?: HandshakeOptions,
  url = 'ws://host.example/a?b',
) {
  const [ours, theirs] = duplexPair()
  let head = ''
  theirs.on('data', (chunk: Buffer) => {
    if (head.endsWith('\r\n\r\n')) return
    head += chunk.toString('latin1')
    if (head.endsWith('\r\n\r\n')) theirs.write(answer(head))
  })
  const promise = dialer.handshake(ours, url, options)
  return { ours, theirs, promise, head: () => head }
}

const done = (conn: Conn) => {
  onTestFinished(() => conn.terminate())
  return conn
}

test('NewClient: over a socket, with the options of the Dialer and of the call', async () => {
  const { port } = await serve(
    async (conn) => {
      await conn.writeMessage(JSON.stringify([conn.handshake.path, conn.handshake.headers, conn.subprotocol]))
      await echo(conn)
    },
    { subprotocols: ['chat'] },
  )
  const socket = connectTcp(port, '127.0.0.1')
  const conn = done(
    await dialer.handshake(socket, new URL('ws://host.example/a?b'), { headers: { 'X-Mine': '1' } }),
  )
  expect(conn.socket).toBe(socket)
  expect([conn.subprotocol, conn.handshake.status]).toEqual(['chat', 101])
  const [path, headers, subprotocol] = (await conn.readMessage()).json<
    [string, Record<string, string>, string]
  >()
  expect([path, headers.host, headers['x-mine'], subprotocol]).toEqual(['/a?b', 'host.example', '1', 'chat'])
  const data = patternOf(300_000)
  await conn.writeMessage(data)
  expect(same((await conn.readMessage()).data, data)).toBe(true)
  expect(await conn.close(1000)).toMatchObject({ code: 1000, wasClean: true })
})

test('over TLS that is there already, for wss', async () => {
  const { port } = await serve(echo, { tls: serverTls })
  const socket = connectTls({ port, host: '127.0.0.1', ...trustServer })
  const conn = done(await dialer.handshake(socket, `wss://127.0.0.1:${port}/`))
  await conn.writeMessage('hello')
  expect((await conn.readMessage()).text()).toBe('hello')
})

describe('over a Duplex of memory', () => {
  test('the request is written, the 101 taken, frames behind it are delivered', async () => {
    const { promise, head } = onPair((head) =>
      join([Buffer.from(acceptText(head)), frame('server', 1, 'first')]),
    )
    const conn = done(await promise)
    expect((await conn.readMessage()).text()).toBe('first')
    expect(head().split('\r\n').slice(0, 4)).toEqual([
      'GET /a?b HTTP/1.1',
      'Host: host.example',
      'Upgrade: websocket',
      'Connection: Upgrade',
    ])
  })

  test('the whole conversation may come in pieces of one byte, all in one turn', async () => {
    const { promise, theirs } = onPair((head) => {
      const bytes = join([
        Buffer.from(acceptText(head)),
        frame('server', 1, 'one'),
        frame('server', 1, 'two'),
      ])
      for (const byte of bytes) theirs.write(Uint8Array.of(byte))
      return frame('server', 1, 'three')
    })
    const conn = done(await promise)
    for (const text of ['one', 'two', 'three']) expect((await conn.readMessage()).text()).toBe(text)
  })

  test('memory that its owner uses again does not change messages', async () => {
    const [ours, theirs] = duplexPair()
    let begun!: () => void
    const answered = new Promise<void>((resolve) => {
      begun = resolve
    })
    theirs.once('data', (head: Buffer) => {
      theirs.write(acceptText(head.toString('latin1')))
      begun()
    })
    const conn = done(await dialer.handshake(ours, 'ws://host.example/'))
    await answered
    const memory = Buffer.from(frame('server', 2, patternOf(1000)))
    const reading = conn.readMessage()
    theirs.write(memory)
    const message = await reading
    memory.fill(0)
    expect(same(message.data, patternOf(1000))).toBe(true)
  })

  test('a refusal rejects with it, and destroys the stream', async () => {
    const { promise, ours } = onPair(() => 'HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nno!')
    const error = await promise.catch((error) => error)
    expect(error).toBeInstanceOf(BadHandshakeError)
    expect([error.status, Buffer.from(error.body).toString()]).toEqual([403, 'no!'])
    expect(ours.destroyed).toBe(true)
  })

  test('cookies of the jar are used here too', async () => {
    const jar = new SmallJar()
    await jar.setCookie('a=1', 'http://host.example/')
    const { promise, head } = onPair((head) => acceptText(head, ['Set-Cookie: b=2']), { jar })
    done(await promise)
    expect(head()).toContain('\r\nCookie: a=1\r\n')
    expect(await jar.getCookieString('http://host.example/')).toBe('a=1; b=2')
  })

  test('B13, B17: time and signal end it, and the stream', async () => {
    for (const options of [
      { handshakeTimeout: 30 },
      { signal: AbortSignal.timeout(30) },
      { signal: AbortSignal.abort() },
    ]) {
      const { promise, ours } = onPair(() => 'HTTP/1.1 101 ', options)
      const error = await promise.catch((error) => error)
      expect(error.code === 'ERR_WS_TIMEOUT' || /^(Timeout|Abort)Error$/.test(error.name)).toBe(true)
      expect(ours.destroyed).toBe(true)
    }
  })

  test('a stream that has ended or failed is told', async () => {
    const ended = duplexPair()
    ended[1].end()
    ended[0].resume()
    await new Promise((resolve) => ended[0].once('end', resolve))
    const destroyed = new Duplex({ read() {}, write() {} }).destroy()
    const failing = new Duplex({
      read() {},
      write(_chunk, _encoding, done) {
        done(new Error('no room'))
      },
    })
    for (const stream of [ended[0], destroyed, failing]) {
      const error = await dialer.handshake(stream, 'ws://host.example/').catch((error) => error)
      expect(error).toMatchObject({ code: 'ERR_WS_CONNECT' })
    }
  })
})

test('misuse throws at once and leaves the stream as it was', () => {
  const [stream] = duplexPair()
  for (const [call, code] of [
    [() => dialer.handshake(null as unknown as Duplex, 'ws://host.example/'), 'ERR_WS_ARGUMENT'],
    [() => dialer.handshake({} as Duplex, 'ws://host.example/'), 'ERR_WS_ARGUMENT'],
    [() => dialer.handshake(stream, 'http://host.example/'), 'ERR_WS_URL'],
    [() => dialer.handshake(stream, 'ws://host.example/', { headers: { Upgrade: 'x' } }), 'ERR_WS_HEADER'],
    [() => dialer.handshake(stream, 'ws://host.example/', { handshakeTimeout: -1 }), 'ERR_WS_ARGUMENT'],
  ] as const) {
    expect(call).toThrow(expect.objectContaining({ code }))
  }
  expect(stream.destroyed).toBe(false)
  expect(stream.eventNames().length).toBe(duplexPair()[0].eventNames().length)
})
