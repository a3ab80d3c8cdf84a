// A dial that stays in one of its stages, of which there are many with proxies, hooks and a jar: ended by its time, and by its signal.
// RFC 6455 §4.1. Whatever ends it, nothing is left: no socket at the other end, no listener at the signal, no timer.

import { execFile } from 'node:child_process'
import { getEventListeners } from 'node:events'
import { connect as connectTcp, createServer as createTcp, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createServer as createTls } from 'node:tls'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ConnectTarget, type CookieJar, type DialOptions, dial } from '../../src/index.ts'
import { serverTls, trustBoth } from './authorities.ts'
import { httpProxy } from './http-proxy.ts'
import { portOf, type RawPeer } from './raw-peer.ts'
import { acceptText, type RawServer, rawServer } from './raw-server.ts'
import { echo, serve } from './serve.ts'
import { SocketCount } from './sockets-of.ts'
import { socksProxy } from './socks-proxy.ts'

const run = promisify(execFile)
const forever = () => new Promise<never>(() => {})
const tcp = ({ host, port }: ConnectTarget) => connectTcp({ host, port })

/** What a dial is given, and how many connections are left at the other ends. */
interface Stalled {
  readonly url: string
  readonly options?: DialOptions
  readonly counts?: readonly SocketCount[]
  /** Where the other end is a bare socket: it plays its part there. */
  readonly server?: RawServer
  readonly play?: (peer: RawPeer) => unknown
}

/** A peer that does a part of the exchange and then nothing. */
async function bare(
  optionsOf: (server: RawServer) => Omit<Stalled, 'server'>,
  play?: (peer: RawPeer) => unknown,
): Promise<Stalled> {
  const server = await rawServer()
  return { ...optionsOf(server), server, ...(play === undefined ? {} : { play }) }
}

const viaProxy =
  (scheme: string, url = 'ws://server.invalid/') =>
  (server: RawServer) => ({
    url,
    options: { proxy: `${scheme}127.0.0.1:${server.port}` },
  })

/** Takes requests and says nothing, but leaves when the other end does. */
async function muteServer(tls: boolean): Promise<{ url: string; sockets: SocketCount }> {
  const server = tls ? createTls(serverTls) : createTcp()
  server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) =>
    socket.on('error', () => {}).resume(),
  )
  const sockets = new SocketCount(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
  })
  return { url: `${tls ? 'wss' : 'ws'}://127.0.0.1:${portOf(server)}/`, sockets }
}

const stalledJar: CookieJar = { getCookieString: () => '', setCookie: forever }

const stages: readonly (readonly [stage: string, begin: () => Promise<Stalled>])[] = [
  [
    'the jar is asked for cookies',
    async () => ({ url: 'ws://127.0.0.1:1/', options: { jar: { ...stalledJar, getCookieString: forever } } }),
  ],
  [
    'the application chooses a proxy',
    async () => ({ url: 'ws://127.0.0.1:1/', options: { proxy: forever } }),
  ],
  [
    'connect does not give a stream',
    async () => ({ url: 'ws://127.0.0.1:1/', options: { connect: forever } }),
  ],
  [
    'connectTLS does not give a stream',
    async () => ({ url: 'wss://127.0.0.1:1/', options: { connectTLS: forever } }),
  ],
  [
    'TLS over the stream of a hook',
    () => bare(({ port }) => ({ url: `wss://127.0.0.1:${port}/`, options: { connect: tcp } })),
  ],
  ['TLS with a proxy', () => bare(viaProxy('https://'))],
  ['the answer to CONNECT', () => bare(viaProxy('http://'), (peer) => peer.head())],
  [
    'the middle of the answer to CONNECT',
    () =>
      bare(viaProxy('http://'), async (peer) => {
        await peer.head()
        peer.send('HTTP/1.1 200 OK\r\nX: ')
      }),
  ],
  ['the greeting of SOCKS', () => bare(viaProxy('socks5h://'))],
  [
    'the user and password of SOCKS',
    () =>
      bare(viaProxy('socks5h://user:password@'), async (peer) => {
        await peer.take(4)
        peer.send(Uint8Array.of(5, 2))
      }),
  ],
  [
    'the answer of SOCKS',
    () =>
      bare(viaProxy('socks5h://'), async (peer) => {
        await peer.take(3)
        peer.send(Uint8Array.of(5, 0))
      }),
  ],
  [
    'TLS with the server, through a tunnel',
    () =>
      bare(viaProxy('http://', 'wss://server.invalid/'), async (peer) => {
        await peer.head()
        peer.send('HTTP/1.1 200 OK\r\n\r\n')
      }),
  ],
  [
    'the response, through a proxy of https and TLS',
    async () => {
      const server = await muteServer(true)
      const proxy = await httpProxy(true)
      const counts = [proxy.sockets, server.sockets]
      return { url: server.url, options: { proxy: proxy.url, tls: trustBoth }, counts }
    },
  ],
  [
    'the response, through SOCKS',
    async () => {
      const server = await muteServer(false)
      const proxy = await socksProxy()
      const counts = [proxy.sockets, server.sockets]
      return { url: server.url, options: { proxy: proxy.url }, counts }
    },
  ],
  [
    'the jar takes the cookies of a 101',
    () =>
      bare(
        ({ url }) => ({ url, options: { jar: stalledJar } }),
        async (peer) => peer.send(acceptText(await peer.head(), ['Set-Cookie: a=b'])),
      ),
  ],
  [
    'the jar takes the cookies of a refusal',
    () =>
      bare(
        ({ url }) => ({ url, options: { jar: stalledJar } }),
        async (peer) => {
          await peer.head()
          peer.send('HTTP/1.1 401 No\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n')
        },
      ),
  ],
]

describe('a dial that stays in one stage', () => {
  /** Dials it, and when it is over sees that the other ends have nothing left. */
  async function dialStalled({ url, options, counts = [], server, play }: Stalled, end: DialOptions) {
    const dialling = dial(url, { ...options, ...end }).then(
      () => {
        throw new Error('the dial succeeded')
      },
      (error) => error,
    )
    const peer = await server?.accept()
    const playing = peer && play?.(peer)
    const error = await dialling
    await playing
    await peer?.rest()
    for (const count of counts) await count.becomes(0)
    return error
  }

  test.each(stages)('B13: ends by handshakeTimeout: %s', async (_, begin) => {
    const began = performance.now()
    const error = await dialStalled(await begin(), { handshakeTimeout: 150 })
    expect(error).toMatchObject({ code: 'ERR_WS_TIMEOUT', message: 'websocket: handshake timed out' })
    expect(performance.now() - began).toBeGreaterThan(140)
  })

  test.each(stages)('B17: ends by the signal: %s', async (_, begin) => {
    const controller = new AbortController()
    const reason = new Error('no longer wanted')
    const stalled = await begin()
    setTimeout(() => controller.abort(reason), 100)
    const error = await dialStalled(stalled, { signal: controller.signal, handshakeTimeout: 60_000 })
    expect(error).toBe(reason)
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  })

  test('B13, B17: what the application gives too late is taken no further', async () => {
    const server = await rawServer()
    let late: (() => void)[] = []
    const calls: string[] = []
    /** Answers when the dial is over. */
    const slowly = <T>(name: string, value: T) => {
      calls.push(name)
      return new Promise<T>((resolve) => late.push(() => resolve(value)))
    }
    const jar: CookieJar = {
      getCookieString: () => slowly('cookies', ''),
      setCookie: () => slowly('store', 0),
    }
    const quick: CookieJar = { ...jar, getCookieString: () => '' }
    const proxy = () => slowly('proxy', null)
    const connect = (target: ConnectTarget) => {
      calls.push('connect')
      return tcp(target)
    }
    for (const [options, wanted] of [
      [{ jar, proxy, connect }, ['cookies']],
      [{ jar: quick, proxy, connect }, ['proxy']],
      [{ jar: quick, connect }, ['connect', 'store']],
    ] as const) {
      const dialling = dial(server.url, { ...options, handshakeTimeout: 100 })
      if (!('proxy' in options)) {
        const peer = await server.accept()
        peer.send(acceptText(await peer.head(), ['Set-Cookie: a=b']))
      }
      await expect(dialling).rejects.toMatchObject({ code: 'ERR_WS_TIMEOUT' })
      for (const answer of late) answer()
      late = []
      await sleep(10)
      expect(calls.splice(0)).toEqual(wanted)
    }
  })

  test('B17: with a signal that has aborted before, nothing is asked and nothing dialled', async () => {
    const never = (): never => {
      throw new Error('must not be called')
    }
    const options = { jar: { getCookieString: never, setCookie: never }, proxy: never, connect: never }
    const signal = AbortSignal.abort(new Error('beforehand'))
    await expect(dial('ws://127.0.0.1:1/', { ...options, signal })).rejects.toThrow('beforehand')
  })
})

test('B13, B16, B17: a process whose dials through proxies have failed or ended has nothing left, and ends', async () => {
  const mute = await rawServer()
  const server = await serve(echo, { tls: serverTls })
  const proxies = [await httpProxy(), await httpProxy(true), await socksProxy()]
  const script = new URL('dial-proxy-and-exit.mjs', import.meta.url).pathname
  const input = {
    mute: mute.port,
    url: server.url,
    proxies: proxies.map(({ url }) => url),
    ca: trustBoth.ca.join(''),
  }
  // It is killed, and the run fails, when a socket or a timer of a minute keeps it.
  const { stdout, stderr } = await run(process.execPath, [script, JSON.stringify(input)], { timeout: 20_000 })
  expect(stderr).toBe('')
  expect(stdout.trim().split('\n')).toEqual([
    'http AbortError',
    'https AbortError',
    'socks5 AbortError',
    'ERR_WS_PROXY',
    'hello',
    'hello',
    'hello',
    'left:',
  ])
  for (const proxy of proxies) await proxy.sockets.becomes(0)
})
