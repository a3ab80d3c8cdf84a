// Proxies that refuse, speak something else, break off or say too much: what dial() rejects with, and that nothing is left open.
// RFC 9110 §9.3.6; RFC 1928 §3 to §6; RFC 1929 §2.

import { describe, expect, test } from 'vitest'
import { type DialOptions, dial, WebSocketError } from '../../src/index.ts'
import { join } from '../fuzz/frames.ts'
import { serverTls, trustServer } from './authorities.ts'
import { frame, type RawPeer } from './raw-peer.ts'
import { acceptText, rawServer } from './raw-server.ts'
import { echo, open, serve } from './serve.ts'
import { socksProxy } from './socks-proxy.ts'

/** Dials ws://server.invalid:8080/ through a proxy made of a bare socket; gives the error and what the proxy had read. */
async function refusedBy(
  scheme: string,
  serve: (peer: RawPeer) => unknown,
  options: DialOptions = {},
  url = 'ws://server.invalid:8080/',
): Promise<{ error: WebSocketError; rest: Buffer }> {
  const proxy = await rawServer()
  const dialling = dial(url, { proxy: `${scheme}127.0.0.1:${proxy.port}`, ...options })
  const [error, peer] = await Promise.all([
    dialling.then(
      () => {
        throw new Error('the dial succeeded')
      },
      (error) => error,
    ),
    proxy.accept().then(async (peer) => {
      await serve(peer)
      return peer
    }),
  ])
  return { error, rest: await peer.rest() }
}

const answering = (bytes: string | Uint8Array) => async (peer: RawPeer) => {
  await peer.head()
  peer.send(bytes)
}
const good = 'HTTP/1.1 200 OK\r\n\r\n'

describe('an HTTP proxy', () => {
  test.each([
    [407, ' Proxy Authentication Required', ' Proxy Authentication Required'],
    [403, ' Forbidden', ' Forbidden'],
    [502, ' ', ''],
    [302, ' Found\r\nLocation: http://127.0.0.1:1/', ' Found'],
    [101, ' Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade', ' Switching Protocols'],
    [500, ` ${'x'.repeat(1000)}`, ` ${'x'.repeat(100)}`],
  ])('B16: that answers CONNECT with %i', async (status, answer, shown) => {
    const serve = answering(`HTTP/1.1 ${status}${answer}\r\n\r\n`)
    const { error, rest } = await refusedBy('http://user:secret@', serve)
    expect(error).toBeInstanceOf(WebSocketError)
    expect(error).toMatchObject({
      code: 'ERR_WS_PROXY',
      remote: true,
      message: `websocket: the proxy answered with status ${status}${shown}`,
    })
    // No handshake, no TLS was sent into what is no tunnel.
    expect(rest.length).toBe(0)
  })

  test.each<[string, string | Uint8Array, string]>([
    ['is no HTTP', '220 mail.example ESMTP\r\n', 'the answer of the proxy is no HTTP: '],
    ['has a bare LF', 'HTTP/1.1 200 OK\n\n', 'the answer of the proxy is no HTTP: '],
    ['has no end', 'X: y\r\n'.repeat(4000), 'the answer of the proxy is no HTTP: '],
    [
      'has no end of interim ones',
      'HTTP/1.1 100 Go on\r\n\r\n'.repeat(1000),
      'the answer of the proxy is no HTTP: ',
    ],
  ])('B16: whose answer %s', async (_, answer, message) => {
    const { error } = await refusedBy('http://', answering(answer))
    expect(error).toMatchObject({ code: 'ERR_WS_PROXY', remote: true, cause: { code: 'ERR_WS_HEAD' } })
    expect(error.message).toContain(message)
  })

  test.each(['ws://server.invalid/', 'wss://server.invalid/'])(
    'B16: that sends bytes behind its answer: they become neither frames nor TLS: %s',
    async (url) => {
      for (const extra of [
        frame('server', 1, 'hello'),
        Buffer.from('HTTP/1.1 101 Go\r\n\r\n'),
        Buffer.of(0x16, 3, 3),
      ]) {
        const { error, rest } = await refusedBy(
          'http://',
          answering(join([Buffer.from(good), extra])),
          {},
          url,
        )
        expect(error).toMatchObject({
          code: 'ERR_WS_PROXY',
          message: 'websocket: the proxy sent bytes behind its answer',
        })
        expect(rest.length).toBe(0)
      }
    },
  )

  test('B16: whose bytes behind its answer come later: what is no answer of the server is none', async () => {
    // The key of the handshake is not known to the proxy before it is sent.
    const early = await refusedBy('http://', async (peer) => {
      await answering(good)(peer)
      peer.send(await forgedAnswer(peer))
    })
    expect(early.error).toMatchObject({ code: 'ERR_WS_BAD_HANDSHAKE' })
    const garbage = await refusedBy(
      'http://',
      async (peer) => {
        await answering(good)(peer)
        await peer.take(10)
        peer.send(frame('server', 1, 'hello'))
      },
      {},
      'wss://server.invalid/',
    )
    expect(garbage.error).toMatchObject({ code: 'ERR_WS_CONNECT' })
  })

  /** A 101 made for another key, sent once the handshake has begun. */
  async function forgedAnswer(peer: RawPeer): Promise<Uint8Array> {
    const head = await peer.head()
    const forged = acceptText(head.replace(/Key: .*/, 'Key: dGhlIHNhbXBsZSBub25jZQ=='))
    return join([Buffer.from(forged), frame('server', 1, 'hello')])
  }

  test('B16: that ends or resets the connection instead of an answer, or in the middle of it', async () => {
    for (const begin of ['', 'HTTP/1.1 20']) {
      const ended = await refusedBy('http://', async (peer) => {
        await answering(begin)(peer)
        peer.socket.end()
      })
      expect(ended.error).toMatchObject({
        code: 'ERR_WS_PROXY',
        message: 'websocket: the proxy ended the connection without an answer',
      })
      const reset = await refusedBy('http://', async (peer) => {
        await answering(begin)(peer)
        await new Promise((resolve) => setTimeout(resolve, 10))
        peer.socket.resetAndDestroy()
      })
      expect(reset.error).toMatchObject({ code: 'ERR_WS_PROXY', cause: { code: 'ECONNRESET' } })
    }
  })

  test('that is not there, or speaks no TLS, cannot be connected to', async () => {
    const plain = await serve(echo)
    for (const proxy of ['http://127.0.0.1:1', `https://127.0.0.1:${plain.port}`]) {
      const error = await dial('ws://server.invalid/', { proxy }).catch((error) => error)
      expect(error).toMatchObject({
        code: 'ERR_WS_CONNECT',
        message: expect.stringMatching(/^websocket: could not connect to the proxy: /),
      })
    }
  })

  test('may say 2xx with a Content-Length, which means nothing, behind interim answers and in pieces', async () => {
    const proxy = await rawServer()
    const dialling = open('ws://server.invalid/', { proxy: `http://127.0.0.1:${proxy.port}` })
    const peer = await proxy.accept()
    await peer.head()
    const bytes = Buffer.from('HTTP/1.1 100 Wait\r\n\r\nHTTP/1.0 204 Fine\r\nContent-Length: 100\r\n\r\n')
    await peer.sendParts([bytes.subarray(0, 5), bytes.subarray(5, 30), bytes.subarray(30)])
    peer.send(join([Buffer.from(acceptText(await peer.head())), frame('server', 1, 'through')]))
    expect((await (await dialling).readMessage()).text()).toBe('through')
  })
})

describe('a SOCKS proxy', () => {
  const greeted = (bytes: readonly number[], then?: (peer: RawPeer) => unknown) => async (peer: RawPeer) => {
    const [, count] = await peer.take(2)
    await peer.take(count)
    peer.send(Uint8Array.from(bytes))
    await then?.(peer)
  }
  /** Takes a request for server.invalid:8080 and answers it. */
  const requested = (bytes: readonly number[]) =>
    greeted([5, 0], async (peer) => {
      await peer.take(4 + 1 + 'server.invalid'.length + 2)
      peer.send(Uint8Array.from(bytes))
      if (bytes.length < 4) peer.socket.end()
    })
  const authenticated = (bytes: readonly number[]) =>
    greeted([5, 2], async (peer) => {
      await peer.take(2 + 'user'.length + 1 + 'secret'.length)
      peer.send(Uint8Array.from(bytes))
    })

  test.each<[string, (peer: RawPeer) => unknown, string]>([
    ['speaks SOCKS 4', greeted([0, 90]), 'the proxy does not speak SOCKS 5'],
    ['speaks HTTP', greeted([...Buffer.from('HTTP/1.1 400 Bad')]), 'the proxy does not speak SOCKS 5'],
    ['takes no method', greeted([5, 0xff]), 'the SOCKS proxy does not accept a user and a password'],
    [
      'takes another method',
      greeted([5, 1]),
      'the SOCKS proxy chose a way to authenticate that was not offered',
    ],
    ['says too much', greeted([5, 0, 5, 0]), 'the SOCKS proxy sent bytes behind its answer'],
    [
      'ends at once',
      greeted([5], (peer) => peer.socket.end()),
      'the SOCKS proxy ended the connection without an answer',
    ],
    [
      'does not know the user',
      authenticated([1, 1]),
      'the SOCKS proxy did not accept the user and password (status 1)',
    ],
    [
      'breaks RFC 1929',
      authenticated([5, 0]),
      'the SOCKS proxy did not accept the user and password (status 0)',
    ],
    ['says too much of the user', authenticated([1, 0, 5]), 'the SOCKS proxy sent bytes behind its answer'],
    [
      'fails',
      requested([5, 1, 0, 1, 0, 0, 0, 0, 0, 0]),
      'the SOCKS proxy refused: general failure (reply 1)',
    ],
    ['has rules', requested([5, 2]), 'the SOCKS proxy refused: not allowed by its rules (reply 2)'],
    [
      'finds nobody',
      requested([5, 5, 0, 3, 0, 0, 0]),
      'the SOCKS proxy refused: connection refused (reply 5)',
    ],
    ['has reasons of its own', requested([5, 77, 0]), 'the SOCKS proxy refused: unknown reason (reply 77)'],
    ['answers in another version', requested([4, 0, 0, 1]), 'the proxy does not speak SOCKS 5'],
    [
      'answers with another kind of address',
      requested([5, 0, 0, 9, 0]),
      'the answer of the SOCKS proxy has an unknown address type',
    ],
    ['ends in its answer', requested([5, 0, 0]), 'the SOCKS proxy ended the connection without an answer'],
    [
      'sends a frame behind its answer',
      requested([5, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x81, 0x01, 0x41]),
      'the SOCKS proxy sent bytes behind its answer',
    ],
  ])('B16: that %s', async (_, serve, message) => {
    const { error, rest } = await refusedBy('socks5h://user:secret@', serve)
    expect(error).toMatchObject({ code: 'ERR_WS_PROXY', remote: true, message: `websocket: ${message}` })
    expect(rest.includes('Upgrade')).toBe(false)
  })

  test('B16: that wants a user and a password where there are none', async () => {
    const { url } = await socksProxy({ user: 'user', password: 'secret' })
    const error = await dial('ws://127.0.0.1:1/', { proxy: url }).catch((error) => error)
    expect(error).toMatchObject({
      code: 'ERR_WS_PROXY',
      message: 'websocket: the SOCKS proxy does not accept to go without a user and a password',
    })
  })

  test('B16: that resets the connection', async () => {
    const { error } = await refusedBy('socks5h://', async (peer) => {
      await peer.take(3)
      peer.socket.resetAndDestroy()
    })
    expect(error).toMatchObject({ code: 'ERR_WS_PROXY', cause: { code: 'ECONNRESET' } })
  })

  test('B14: behind which the certificate is for another name', async () => {
    const server = await serve(echo, { tls: serverTls })
    const proxy = await socksProxy({ names: { 'other.invalid': '127.0.0.1' } })
    const url = `wss://other.invalid:${server.port}/`
    const options = { proxy: proxy.url.replace('socks5', 'socks5h'), tls: trustServer }
    await expect(dial(url, options)).rejects.toMatchObject({
      code: 'ERR_WS_CONNECT',
      cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    })
    await proxy.sockets.becomes(0)
  })
})
