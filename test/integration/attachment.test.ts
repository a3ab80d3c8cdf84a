// An attachment to an http server: which requests are its own, how many connections it takes, and its end.
// RFC 6455 §4.2.2 (refusals), §7.4.1 (1001); RFC 9110 §15 (status codes).

import { createServer, type RequestListener, type Server } from 'node:http'
import { createSecureServer as createHttp2 } from 'node:http2'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { Upgrader } from '../../src/index.ts'
import { cert, key } from './certificate.ts'
import { frame, RawPeer, requestText } from './raw-peer.ts'
import { answerTo, connectionCount, refusal } from './refused.ts'
import { echo, listen, open, serve } from './serve.ts'
import { SOON, timed } from './timed.ts'

const notFound = refusal('404 Not Found', 'Not Found')

describe('paths', () => {
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

describe('a request that asks for no upgrade', () => {
  const nothingElse = (answer: string) => answer.replace(/\r\nDate: .*\r\n/, '\r\n')

  test('A5: is refused with 426 on an attached path and 404 elsewhere, when the application serves no requests', async () => {
    const { port, attachment } = await serve(echo, { attach: { path: '/echo' } })
    expect(nothingElse(await answerTo(port, 'GET /echo HTTP/1.1\r\nHost: a\r\n\r\n'))).toBe(
      refusal('426 Upgrade Required', 'this is a WebSocket endpoint', {
        connection: 'Upgrade, close',
        headers: ['Upgrade: websocket'],
      }),
    )
    expect(nothingElse(await answerTo(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'))).toBe(notFound)
    expect(
      nothingElse(await answerTo(port, 'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n')),
    ).toBe(refusal('405 Method Not Allowed', 'the method must be GET', { headers: ['Allow: GET'] }))
    expect(attachment.connections.size).toBe(0)
  })

  test.each([
    ['A7: no Connection field', requestText().replace('Connection: Upgrade\r\n', '')],
    ['A7: Connection: keep-alive', requestText().replace('Connection: Upgrade', 'Connection: keep-alive')],
  ])('%s, is refused with 400', async (_, request) => {
    const { port, attachment } = await serve(echo)
    expect(nothingElse(await answerTo(port, request))).toBe(
      refusal('400 Bad Request', 'the Connection field must have the token upgrade'),
    )
    expect(attachment.connections.size).toBe(0)
  })

  test('A5, A7: is answered once and by the application alone, whenever that began to listen', async () => {
    const requests = ['Upgrade: websocket', 'Connection: Upgrade'].map((line) =>
      requestText().replace(`${line}\r\n`, 'Connection: close\r\n'),
    )
    const app: RequestListener = (_, response) => {
      response.end('the application')
    }
    const before = createServer(app)
    new Upgrader().attach(before, {}, echo)
    const after = createServer()
    new Upgrader().attach(after, {}, echo)
    after.on('request', app)
    // As libraries do that answer some requests in front of the application.
    const wrapped = createServer()
    new Upgrader().attach(wrapped, {}, echo)
    wrapped.on('request', app)
    const listeners = wrapped.listeners('request')
    wrapped.removeAllListeners('request')
    wrapped.on('request', (...args) => {
      for (const listener of listeners) listener.apply(wrapped, args)
    })
    for (const server of [before, after, wrapped]) {
      const port = await listen(server)
      for (const request of requests) {
        const answer = await answerTo(port, request)
        expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n/)
        expect(answer.split('HTTP/1.1').length).toBe(2)
      }
    }
  })

  test('is left to the streams of an http2 server', async () => {
    const server = createHttp2({ key, cert, allowHTTP1: true })
    new Upgrader().attach(server as unknown as Server, {}, echo)
    expect(server.listenerCount('request')).toBe(0)
  })
})

describe('a head that comes a byte at a time', () => {
  test("A31: is ended by the server's headersTimeout, with 408", async () => {
    const server = createServer({ headersTimeout: 200, connectionsCheckingInterval: 50 })
    new Upgrader().attach(server, {}, echo)
    const peer = await RawPeer.connect(await listen(server))
    const sending = (async () => {
      for (const byte of Buffer.from(requestText())) {
        if (peer.socket.destroyed || peer.socket.readableEnded) return
        peer.send(Uint8Array.of(byte))
        await sleep(20)
      }
    })()
    expect((await peer.rest()).toString()).toBe('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n')
    peer.socket.destroy()
    await sending
  })
})

describe('connections beyond maxConnections', () => {
  const full = refusal('503 Service Unavailable', 'too many connections')

  test('K4: get 503 until one goes', async () => {
    const { port, attachment } = await serve(echo, { attach: { maxConnections: 2 } })
    const first = await RawPeer.open(port)
    await RawPeer.open(port)
    expect(await answerTo(port, requestText())).toBe(full)
    first.socket.destroy()
    await expect.poll(() => attachment.connections.size).toBe(1)
    await RawPeer.open(port)
  })

  test('K4: are counted from the request on', async () => {
    let allow!: (said: undefined) => void
    const said = new Promise<undefined>((resolve) => {
      allow = resolve
    })
    const { port } = await serve(echo, { attach: { maxConnections: 1, authorize: () => said } })
    const waiting = RawPeer.open(port)
    await sleep(50)
    expect(await answerTo(port, requestText())).toBe(full)
    allow(undefined)
    await waiting
    expect(await answerTo(port, requestText())).toBe(full)
  })

  test('K4: are not counted when they were refused', async () => {
    const { port } = await serve(echo, { attach: { maxConnections: 1 } })
    for (let i = 0; i < 3; i++) await answerTo(port, requestText().replace('13', '12'))
    await RawPeer.open(port)
  })

  test('K4: are refused in a flood of them too, and those that are there work on', async () => {
    const { server, port, attachment } = await serve(echo, { attach: { maxConnections: 20 } })
    const peers = await Promise.all(Array.from({ length: 400 }, () => RawPeer.connect(port)))
    for (const peer of peers) peer.send(requestText())
    const heads = await Promise.all(peers.map((peer) => peer.head()))
    const accepted = peers.filter((_, i) => heads[i].startsWith('HTTP/1.1 101 '))
    expect(accepted.length).toBe(20)
    expect(heads.filter((head) => head.startsWith('HTTP/1.1 503 ')).length).toBe(380)
    await expect.poll(() => connectionCount(server)).toBe(20)
    for (const peer of accepted) peer.send(frame('client', 1, 'still here'))
    for (const peer of accepted) expect((await peer.frame()).payload.toString()).toBe('still here')
    expect(attachment.connections.size).toBe(20)
  })

  test('K1, K4: are counted by a limit that means what it says', async () => {
    for (const maxConnections of [-1, 1.5, Number.NaN, 2 ** 53]) {
      const attach = () => new Upgrader().attach(createServer(), { maxConnections }, echo)
      expect(attach).toThrow(expect.objectContaining({ name: 'RangeError', code: 'ERR_WS_ARGUMENT' }))
    }
    const closed = await serve(echo, { attach: { maxConnections: 0 } })
    expect(await answerTo(closed.port, requestText())).toBe(full)
    for (const maxConnections of [2 ** 32, 3e9, Number.POSITIVE_INFINITY]) {
      const { port } = await serve(echo, { attach: { maxConnections } })
      await RawPeer.open(port)
    }
  })
})

describe('the close() of an attachment', () => {
  test('A32: closes every connection with 1001, and refuses new ones with 503 until all are gone', async () => {
    const { url, port, attachment } = await serve(echo)
    const conns = await Promise.all(Array.from({ length: 20 }, () => open(url)))
    const slow = await RawPeer.open(port)
    expect(attachment.connections.size).toBe(21)
    const closing = timed(attachment.close())
    for (const conn of conns) expect(await conn.closed).toEqual({ code: 1001, reason: '', wasClean: true })
    expect(await slow.closeFrame()).toEqual({ code: 1001, reason: '' })
    expect(await answerTo(port, requestText())).toBe(
      refusal('503 Service Unavailable', 'the server is shutting down'),
    )
    slow.send(frame('client', 8, Uint8Array.of(0x03, 0xe9)))
    slow.socket.end()
    expect((await closing).milliseconds).toBeLessThan(SOON)
    expect(attachment.connections.size).toBe(0)
    expect(await answerTo(port, requestText())).toBe(notFound)
  })

  test('takes a code and a reason, and no longer than the closeTimeout', async () => {
    const { port, url, attachment } = await serve(echo, { closeTimeout: 150 })
    const mute = await RawPeer.open(port)
    const conn = await open(url)
    const { milliseconds } = await timed(attachment.close(1012, 'back in a minute'))
    expect(milliseconds).toBeGreaterThan(140)
    expect(milliseconds).toBeLessThan(150 + SOON)
    expect(await mute.closeFrame()).toEqual({ code: 1012, reason: 'back in a minute' })
    expect(await conn.closed).toEqual({ code: 1012, reason: 'back in a minute', wasClean: true })
    expect(attachment.connections.size).toBe(0)
  })

  test('A32: closes a connection that was being authorized meanwhile', async () => {
    let allow!: (said: undefined) => void
    const said = new Promise<undefined>((resolve) => {
      allow = resolve
    })
    const { url, attachment } = await serve(echo, { attach: { authorize: () => said } })
    const dialling = open(url)
    await sleep(50)
    const closing = attachment.close()
    allow(undefined)
    const outcome = await dialling.then(
      (conn) => conn.closed,
      (error) => error,
    )
    // Refused or closed: either way it does not stay.
    expect(outcome.status ?? outcome.code).toSatisfy((code) => code === 503 || code === 1001)
    await closing
    await expect.poll(() => attachment.connections.size).toBe(0)
  })
})

test('an attachment that is closed with a code no Close frame can carry refuses, and serves on', async () => {
  const { url, attachment } = await serve(echo)
  expect(() => attachment.close(9999)).toThrow(expect.objectContaining({ code: 'ERR_WS_ARGUMENT' }))
  expect(attachment.isClosing).toBe(false)
  const conn = await open(url)
  await conn.writeMessage('still here')
  expect((await conn.readMessage()).text()).toBe('still here')
})
