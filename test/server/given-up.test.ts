// Waits that are given up, and options that are none: upgrade(), shutdown() and attachments.
// RFC 6455 §4.2.2: a request that gets no connection is answered all the same.

import { createServer } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { dial, Upgrader } from '../../src/index.ts'
import { listen, open, serve } from '../integration/serve.ts'

const reason = new Error('enough')
const argument = expect.objectContaining({ code: 'ERR_WS_ARGUMENT' })

test.each([false, true])(
  'upgrade() whose signal aborts refuses with 503 and rejects with the reason (before: %s)',
  async (before) => {
    const upgrader = new Upgrader()
    const server = createServer()
    const outcomes: unknown[] = []
    server.on('upgrade', (request, socket, head) => {
      const controller = new AbortController()
      if (before) controller.abort(reason)
      else setTimeout(() => controller.abort(reason), 10)
      const authorize = () => new Promise<undefined>(() => {})
      upgrader
        .upgrade(request, socket, head, { authorize, signal: controller.signal })
        .catch((error) => outcomes.push(error))
    })
    const port = await listen(server)
    await expect(dial(`ws://127.0.0.1:${port}/`)).rejects.toMatchObject({ status: 503 })
    expect(outcomes).toEqual([reason])
    await upgrader.shutdown({ timeout: 0 })
  },
)

test('shutdown() and close() of an attachment give up the wait, and closing goes on', async () => {
  const { url, attachment } = await serve(() => {}, { closeTimeout: 200 })
  const conn = await open(url)
  await expect(attachment.close(1001, '', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  await expect(attachment.close(1001, '', { timeout: 0 })).rejects.toMatchObject({ code: 'ERR_WS_TIMEOUT' })
  expect(await conn.closed).toMatchObject({ code: 1001 })
  await attachment.close()
  const upgrader = new Upgrader()
  const server = createServer()
  upgrader.attach(server, {}, () => {})
  const other = await open(`ws://127.0.0.1:${await listen(server)}/`)
  await expect(upgrader.shutdown({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  expect(await other.closed).toMatchObject({ code: 1001 })
  await upgrader.shutdown()
})

test('a path whose attachment was shut down again and again is kept once', () => {
  const server = createServer()
  onTestFinished(() => void server.close())
  const registry = Object.getOwnPropertySymbols(server)
  for (let i = 0; i < 5; i++) {
    const upgrader = new Upgrader()
    upgrader.attach(server, { path: '/a' }, () => {})
    upgrader.shutdown()
  }
  const [symbol] = Object.getOwnPropertySymbols(server).filter((each) => !registry.includes(each))
  const { endpoints } = (server as unknown as Record<symbol, { endpoints: unknown[] }>)[symbol]
  expect(endpoints.length).toBe(1)
})

test('options that are none are told at once', () => {
  const server = createServer()
  const upgrader = new Upgrader()
  for (const make of [
    () => new Upgrader({ checkOrigin: true as never }),
    () => new Upgrader({ onError: 1 as never }),
    () => new Upgrader({ selectSubprotocol: 1 as never }),
    () => new Upgrader({ strict: 1 as never }),
    () => new Upgrader({ compression: 'yes' as never }),
    () => new Upgrader({ writeBufferPool: {} as never }),
    () => new Upgrader(null as never),
    () => upgrader.attach(server, { authorize: 1 as never }, () => {}),
    () => upgrader.attach(server, { onError: 1 as never }, () => {}),
    () => upgrader.attach(server, { path: 'echo' }, () => {}),
    () => dial('ws://localhost/', null as never),
    () => dial('ws://localhost/', { signal: {} as never }),
    () => dial('ws://localhost/', { timeout: -1 }),
  ])
    expect(make).toThrow(argument as unknown as Error)
  expect(() => upgrader.attach(server, { headers: { 'a b': 'c' } }, () => {})).toThrow(
    expect.objectContaining({ code: 'ERR_WS_HEADER' }) as unknown as Error,
  )
})

test('the timeout and the deadline of a dial bound it beside handshakeTimeout', async () => {
  const server = createServer()
  server.on('upgrade', () => {})
  const url = `ws://127.0.0.1:${await listen(server)}/`
  for (const limits of [
    { timeout: 20 },
    { deadline: new Date(Date.now() + 20) },
    { timeout: 60_000, handshakeTimeout: 20 },
  ])
    await expect(dial(url, limits)).rejects.toMatchObject({ code: 'ERR_WS_TIMEOUT' })
})

test.each<[string, (upgrader: Upgrader, peer: AbortController) => unknown]>([
  ['its time is up', () => {}],
  ['the server shuts down', (upgrader) => upgrader.shutdown({ timeout: 0 })],
  ['the peer has left', (_, peer) => peer.abort()],
])('who decides is told when %s', async (_, end) => {
  const upgrader = new Upgrader({ handshakeTimeout: 200 })
  const server = createServer()
  const peer = new AbortController()
  const told = new Promise<void>((resolve) => {
    upgrader.attach(
      server,
      {
        authorize(_, { signal }) {
          signal.addEventListener('abort', () => resolve())
          setTimeout(() => end(upgrader, peer), 20)
          return new Promise<undefined>(() => {})
        },
      },
      () => {},
    )
  })
  dial(`ws://127.0.0.1:${await listen(server)}/`, { signal: peer.signal }).catch(() => {})
  await told
})

test('a decision that is made in time leaves the signal as it was, and no listener behind', async () => {
  let signal: AbortSignal | undefined
  const { url } = await serve(() => {}, {
    checkOrigin: () => true,
    attach: {
      authorize(_, context) {
        signal = context.signal
      },
    },
  })
  const conn = await open(url)
  await conn.close()
  expect(signal?.aborted).toBe(false)
})
