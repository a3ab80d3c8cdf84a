// upgrader.shutdown(): every connection of an Upgrader closed in order, those that are being opened included, within its time.
// RFC 6455 §7.1.2, §7.4.1 (1001).

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Conn, dial, Upgrader, type UpgraderOptions } from '../../src/index.ts'
import { RawPeer, requestText } from '../integration/raw-peer.ts'
import { answerTo, connectionCount, refusal } from '../integration/refused.ts'
import { echo, listen, open } from '../integration/serve.ts'
import { SOON, timed } from '../integration/timed.ts'

const unavailable = refusal('503 Service Unavailable', 'the server is shutting down')

/** A promise to be settled later. */
function later<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

interface House {
  readonly upgrader: Upgrader
  readonly server: Server
  readonly port: number
  /** What upgrade() made, or why not. */
  readonly lone: Promise<unknown>[]
}

/** One Upgrader with two attachments and, for the path /lone, upgrade(). */
async function build(options: UpgraderOptions = {}, authorize?: () => Promise<undefined>): Promise<House> {
  const upgrader = new Upgrader(options)
  const server = createServer()
  const decision = authorize === undefined ? {} : { authorize }
  upgrader.attach(server, { path: '/one', ...decision }, echo)
  upgrader.attach(server, { path: '/two' }, echo)
  const lone: Promise<unknown>[] = []
  server.on('upgrade', (request, socket, head) => {
    if (request.url !== '/lone') return
    lone.push(upgrader.upgrade(request, socket, head, decision).catch((error) => error))
  })
  const port = await listen(server)
  onTestFinished(() => upgrader.shutdown({ timeout: 0 }))
  return { upgrader, server, port, lone }
}

const urlOf = ({ port }: House, path: string) => `ws://127.0.0.1:${port}${path}`

describe('shutdown()', () => {
  test('A32: closes the connections of attachments and of upgrade() with 1001, and refuses with 503 for ever', async () => {
    const house = await build()
    const conns = await Promise.all(
      ['/one', '/one', '/two', '/lone', '/lone'].map((path) => open(urlOf(house, path))),
    )
    const { milliseconds, value } = await timed(house.upgrader.shutdown())
    expect(value).toBeUndefined()
    expect(milliseconds).toBeLessThan(SOON)
    for (const conn of conns) expect(await conn.closed).toEqual({ code: 1001, reason: '', wasClean: true })
    await expect.poll(() => connectionCount(house.server)).toBe(0)
    for (const path of ['/one', '/two', '/lone']) {
      expect(await answerTo(house.port, requestText(path))).toBe(unavailable)
    }
    expect(await house.lone.at(-1)).toMatchObject({ code: 'ERR_WS_BAD_REQUEST', status: 503 })
  })

  test('takes a code and a reason; a mute peer is given its closeTimeout', async () => {
    const house = await build({ closeTimeout: 150 })
    const mute = await RawPeer.open(house.port, '/lone')
    const conn = await open(urlOf(house, '/two'))
    const { milliseconds } = await timed(house.upgrader.shutdown({ code: 1012, reason: 'back soon' }))
    expect(milliseconds).toBeGreaterThan(140)
    expect(milliseconds).toBeLessThan(150 + SOON)
    expect(await mute.closeFrame()).toEqual({ code: 1012, reason: 'back soon' })
    expect(await conn.closed).toEqual({ code: 1012, reason: 'back soon', wasClean: true })
  })

  test('terminates what is left after the timeout', async () => {
    const house = await build({ closeTimeout: 20_000 })
    const [one, lone] = [await RawPeer.open(house.port, '/one'), await RawPeer.open(house.port, '/lone')]
    const { milliseconds } = await timed(house.upgrader.shutdown({ timeout: 100 }))
    expect(milliseconds).toBeGreaterThan(90)
    expect(milliseconds).toBeLessThan(100 + SOON)
    for (const peer of [one, lone]) expect((await peer.closeFrame()).code).toBe(1001)
    await expect.poll(() => connectionCount(house.server)).toBe(0)
    expect(await ((await house.lone[0]) as Conn).closed).toMatchObject({ code: 1006, wasClean: false })
  })

  test('that is called again waits too, and its timeout shortens the wait', async () => {
    const house = await build({ closeTimeout: 20_000 })
    const mute = await RawPeer.open(house.port, '/one')
    const first = house.upgrader.shutdown({ code: 1012 })
    const { milliseconds } = await timed(house.upgrader.shutdown({ code: 1013, timeout: 10 }))
    expect(milliseconds).toBeLessThan(SOON)
    await first
    expect((await mute.closeFrame()).code).toBe(1012)
    await house.upgrader.shutdown()
  })

  test.each(['/one', '/lone'])('A32: closes a connection of %s that is let pass meanwhile', async (path) => {
    const decision = later<undefined>()
    const asked = later<void>()
    const house = await build({}, () => {
      asked.resolve()
      return decision.promise
    })
    const dialling = open(urlOf(house, path))
    await asked.promise
    const closing = house.upgrader.shutdown()
    decision.resolve(undefined)
    expect(await (await dialling).closed).toMatchObject({ code: 1001 })
    await closing
    expect(await connectionCount(house.server)).toBe(0)
  })

  test.each(['/one', '/lone'])(
    'A32: refuses with 503 what is still undecided for %s after the timeout',
    async (path) => {
      const asked = later<void>()
      const house = await build({}, () => {
        asked.resolve()
        return new Promise(() => {})
      })
      const answer = answerTo(house.port, requestText(path))
      await asked.promise
      const { milliseconds } = await timed(house.upgrader.shutdown({ timeout: 50 }))
      expect(milliseconds).toBeLessThan(50 + SOON)
      expect(await answer).toBe(unavailable)
    },
  )

  test('of an Upgrader that has nothing resolves at once, and leaves other Upgraders alone', async () => {
    const house = await build()
    const other = await build()
    await house.upgrader.shutdown({ timeout: 60_000 })
    const conn = await open(urlOf(other, '/one'))
    await conn.writeMessage('still here')
    expect((await conn.readMessage()).text()).toBe('still here')
  })

  test('leaves the paths to another Upgrader of the same server', async () => {
    const house = await build()
    await house.upgrader.shutdown()
    const next = new Upgrader()
    next.attach(house.server, { path: '/one' }, echo)
    onTestFinished(() => next.shutdown({ timeout: 0 }))
    await open(urlOf(house, '/one'))
    await expect(dial(urlOf(house, '/two'))).rejects.toMatchObject({ status: 503 })
  })

  test('goes with the close() of an attachment', async () => {
    const upgrader = new Upgrader()
    const server = createServer()
    const attachment = upgrader.attach(server, {}, echo)
    const port = await listen(server)
    const conn = await open(`ws://127.0.0.1:${port}/`)
    await Promise.all([attachment.close(1012), upgrader.shutdown(), attachment.close()])
    expect(await conn.closed).toMatchObject({ code: 1012 })
    expect(attachment.isClosing).toBe(true)
  })

  test.each([
    [{ code: 1006 }],
    [{ code: 99 }],
    [{ reason: 'x'.repeat(124) }],
    [{ timeout: -1 }],
    [{ timeout: 2 ** 31 }],
    [{ timeout: '5' as unknown as number }],
  ])('K1: with %o throws at once and closes nothing', async (options) => {
    const house = await build()
    const conn = await open(urlOf(house, '/one'))
    expect(() => house.upgrader.shutdown(options)).toThrow(
      expect.objectContaining({ code: 'ERR_WS_ARGUMENT' }),
    )
    await conn.writeMessage('still here')
    expect((await conn.readMessage()).text()).toBe('still here')
  })
})

describe('the maxConnections of an Upgrader', () => {
  const full = refusal('503 Service Unavailable', 'too many connections')

  test('K4: counts those of attachments and of upgrade() together, until one goes', async () => {
    const house = await build({ maxConnections: 3 })
    const conns = await Promise.all(['/one', '/two', '/lone'].map((path) => open(urlOf(house, path))))
    for (const path of ['/one', '/two', '/lone']) {
      expect(await answerTo(house.port, requestText(path))).toBe(full)
    }
    await conns[0].close()
    await expect.poll(() => connectionCount(house.server)).toBe(2)
    await open(urlOf(house, '/two'))
    expect(await answerTo(house.port, requestText('/lone'))).toBe(full)
  })

  test('K4: counts from the request on, and not what was refused', async () => {
    const decision = later<undefined>()
    const asked = later<void>()
    const house = await build({ maxConnections: 1 }, () => {
      asked.resolve()
      return decision.promise
    })
    await answerTo(house.port, requestText('/two').replace('Version: 13', 'Version: 12'))
    const dialling = open(urlOf(house, '/one'))
    await asked.promise
    expect(await answerTo(house.port, requestText('/two'))).toBe(full)
    decision.resolve(undefined)
    await dialling
    expect(await answerTo(house.port, requestText('/two'))).toBe(full)
  })

  test.each([-1, 1.5, Number.NaN, '1' as unknown as number])('K1: is not %j', (maxConnections) => {
    expect(() => new Upgrader({ maxConnections })).toThrow(
      expect.objectContaining({ name: 'RangeError', code: 'ERR_WS_ARGUMENT' }),
    )
  })
})

test('a socket that was answered before is not written to by a full Upgrader', async () => {
  const server = createServer()
  const port = await listen(server)
  const outcome = once(server, 'upgrade').then(([request, socket, head]) => {
    socket.end('HTTP/1.1 418 Mine\r\n\r\n')
    return new Upgrader({ maxConnections: 0 }).upgrade(request, socket, head).catch((error) => error)
  })
  expect(await answerTo(port, requestText())).toBe('HTTP/1.1 418 Mine\r\n\r\n')
  expect(await outcome).toMatchObject({ code: 'ERR_WS_UPGRADED' })
})
