// What ends a dial that takes too long or is no longer wanted, at every stage of the handshake; and that it leaves nothing behind.
// RFC 6455 §4.1; one deadline and one signal cover name, connection, TLS, request and response.

import { execFile } from 'node:child_process'
import { getEventListeners, once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type DialOptions, dial } from '../../src/index.ts'
import type { RawPeer } from './raw-peer.ts'
import { failedDial, rawServer } from './raw-server.ts'
import { echo, open, serve } from './serve.ts'

const run = promisify(execFile)

/** A port whose host answers no attempt to connect: its queue of connections is full, and nobody takes one out. */
async function deafPort(): Promise<number> {
  const listener = new Worker(
    `const { createServer } = require('node:net')
    const { parentPort } = require('node:worker_threads')
    const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      parentPort.postMessage(server.address().port)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    })`,
    { eval: true },
  )
  onTestFinished(async () => {
    await listener.terminate()
  })
  const [port] = (await once(listener, 'message')) as [number]
  const fillers = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => {}))
  onTestFinished(() => {
    for (const filler of fillers) filler.destroy()
  })
  await sleep(100)
  expect(fillers.at(-1)?.connecting).toBe(true)
  return port
}

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

  test.each(stages)('B13: ends by handshakeTimeout: %s', async (_, tls, stall) => {
    const { error, milliseconds, peer } = await failedDial(stall, { handshakeTimeout: 150 }, tls)
    expect(error).toMatchObject({ code: 'ERR_WS_TIMEOUT', message: 'websocket: handshake timed out' })
    expect(milliseconds).toBeGreaterThan(140)
    expect(milliseconds).toBeLessThan(2_000)
    // The socket is gone.
    await peer.rest()
    expect(peer.socket.readableEnded || peer.socket.destroyed).toBe(true)
  })

  test.each(stages)('B17: ends by the signal: %s', async (_, tls, stall) => {
    const controller = new AbortController()
    const { signal } = controller
    const reason = new Error('no longer wanted')
    const abortSoon = (peer: RawPeer) => {
      setTimeout(() => controller.abort(reason), 50)
      return stall(peer)
    }
    const { error, peer } = await failedDial(abortSoon, { signal }, tls)
    expect(error).toBe(reason)
    expect(getEventListeners(signal, 'abort')).toEqual([])
    await peer.rest()
    expect(peer.socket.readableEnded || peer.socket.destroyed).toBe(true)
  })

  /** Dials what stays in its stage until the timeout, then until the signal; with this error by the signal. */
  async function expectBoth(url: string, options: DialOptions = {}): Promise<void> {
    const began = performance.now()
    const byTimeout = dial(url, { ...options, handshakeTimeout: 50 })
    await expect(byTimeout).rejects.toMatchObject({ code: 'ERR_WS_TIMEOUT' })
    const byTimeoutSignal = dial(url, { ...options, signal: AbortSignal.timeout(50) })
    await expect(byTimeoutSignal).rejects.toMatchObject({ name: 'TimeoutError' })
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 50)
    const byAbort = dial(url, { ...options, signal: controller.signal })
    await expect(byAbort).rejects.toMatchObject({ name: 'AbortError' })
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
    expect(performance.now() - began).toBeLessThan(5_000)
  }

  test('B13, B17: ends by either while TLS is being agreed on', async () => {
    // It accepts the connection and never speaks TLS.
    const server = await rawServer()
    await expectBoth(server.url.replace('ws:', 'wss:'))
    for (let i = 0; i < 3; i++) await (await server.accept()).rest()
  })

  test('B13, B17: ends by either while the name is being looked up', async () => {
    await expectBoth('wss://nowhere.example/', { tls: { lookup() {} } })
  })

  test('B13, B17: ends by either while the connection is being made', async () => {
    const port = await deafPort()
    await expectBoth(`ws://127.0.0.1:${port}/`)
    await expectBoth(`wss://127.0.0.1:${port}/`)
  })

  test('B17: ends by the signal before the connection is there', async () => {
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

test('B13, B14, B17: a process whose dials have failed has nothing left to wait for, and ends', async () => {
  const [mute, refusing] = [await rawServer(), await serve(echo, { tls: true })]
  const script = new URL('dial-and-exit.mjs', import.meta.url).pathname
  const urls = [mute.url, refusing.url, `ws://127.0.0.1:${await deafPort()}/`]
  // It is killed, and the run fails, when a socket or a timer of a minute keeps it.
  const { stdout, stderr } = await run(process.execPath, [script, ...urls], { timeout: 20_000 })
  expect(stderr).toBe('')
  expect(stdout.split('\n')).toEqual([
    'AbortError',
    'AbortError',
    'ERR_WS_CONNECT',
    'ERR_WS_BAD_HANDSHAKE',
    '',
  ])
})
