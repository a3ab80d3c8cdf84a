// One http server that is not ours alone: the server of `ws` beside an attachment, and two copies of this library.
// RFC 6455 §4.2.2: a request is answered once, whoever answers it.

import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { type Conn, Upgrader } from '../../src/index.ts'
import { RawPeer, requestText } from '../integration/raw-peer.ts'
import { answerTo, connectionCount, refusal } from '../integration/refused.ts'
import { listen, open } from '../integration/serve.ts'

const notFound = refusal('404 Not Found', 'Not Found')

/** The first message that the server sends to a connection of this path. */
async function greeting(port: number, path: string): Promise<string> {
  const conn = await open(`ws://127.0.0.1:${port}${path}`)
  return (await conn.readMessage()).text()
}

function attachOurs(server: Server, path = '/ours'): Conn[] {
  const conns: Conn[] = []
  const upgrader = new Upgrader()
  upgrader.attach(server, { path }, (conn) => {
    conns.push(conn)
    return conn.writeMessage('ours')
  })
  onTestFinished(() => upgrader.shutdown({ timeout: 0 }))
  return conns
}

/** The server of ws, as it listens by itself or behind a listener of the application's. */
function attachTheirs(server: Server, routed: boolean): void {
  const theirs = routed
    ? new WebSocketServer({ noServer: true })
    : new WebSocketServer({ server, path: '/theirs' })
  onTestFinished(() => {
    for (const client of theirs.clients) client.terminate()
    theirs.close()
  })
  theirs.on('connection', (ws) => ws.send('theirs'))
  if (!routed) return
  server.on('upgrade', (request, socket: Duplex, head) => {
    if (request.url !== '/theirs') return
    theirs.handleUpgrade(request, socket, head, (ws) => theirs.emit('connection', ws, request))
  })
}

describe.each([
  ['attached in front of it', true],
  ['attached behind it', false],
])('beside a server of ws, an attachment %s', (_, isFirst) => {
  async function build(routed: boolean) {
    const server = createServer()
    let conns: Conn[] = []
    if (isFirst) conns = attachOurs(server)
    attachTheirs(server, routed)
    if (!isFirst) conns = attachOurs(server)
    return { server, conns, port: await listen(server) }
  }

  test('has its path and leaves it the other, where the application routes to ws', async () => {
    const { port } = await build(true)
    for (let i = 0; i < 3; i++) {
      expect(await greeting(port, '/ours')).toBe('ours')
      expect(await greeting(port, '/theirs')).toBe('theirs')
    }
  })

  test('leaves it its path, where ws listens by itself', async () => {
    const { port } = await build(false)
    for (let i = 0; i < 3; i++) expect(await greeting(port, '/theirs')).toBe('theirs')
  })

  test('A29: gets no connection where ws listens by itself, which refuses every other path: with one answer', async () => {
    const { port, server, conns } = await build(false)
    for (const path of ['/ours', '/nobody']) {
      const answer = await answerTo(port, requestText(path))
      expect(answer).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/)
      expect(answer.split('HTTP/1.1').length).toBe(2)
    }
    expect(conns).toEqual([])
    await expect.poll(() => connectionCount(server)).toBe(0)
    // It is no worse for it.
    expect(await greeting(port, '/theirs')).toBe('theirs')
  })
})

describe('two copies of the library on one server', () => {
  const dist = fileURLToPath(new URL('../../dist.cjs/', import.meta.url))
  type Library = typeof import('../../src/index.ts')

  /** A copy with modules of its own. */
  function load(): Library {
    if (!existsSync(`${dist}index.js`)) throw new Error('the library is not built: npm run build')
    const require = createRequire(import.meta.url)
    for (const path of Object.keys(require.cache)) if (path.startsWith(dist)) delete require.cache[path]
    return require(`${dist}index.js`)
  }

  async function build() {
    const libraries = [load(), load()]
    expect(libraries[0].Upgrader).not.toBe(libraries[1].Upgrader)
    const server = createServer()
    libraries.forEach((library, i) => {
      const upgrader = new library.Upgrader()
      upgrader.attach(server, { path: `/${i}` }, (conn) => conn.writeMessage(`copy ${i}`))
      onTestFinished(() => upgrader.shutdown({ timeout: 0 }))
    })
    return { libraries, server, port: await listen(server) }
  }

  test('share one listener, and each has its path', async () => {
    const { server, port } = await build()
    expect([server.listenerCount('upgrade'), server.listenerCount('request')]).toEqual([1, 1])
    expect(await greeting(port, '/0')).toBe('copy 0')
    expect(await greeting(port, '/1')).toBe('copy 1')
  })

  test('answer 404 once where nobody else does, and nothing where somebody may', async () => {
    const { server, port } = await build()
    expect(await answerTo(port, requestText('/2'))).toBe(notFound)
    server.on('upgrade', (request, socket: Duplex) => {
      if (request.url === '/2') socket.end('HTTP/1.1 418 Theirs\r\n\r\n')
    })
    expect(await answerTo(port, requestText('/2'))).toBe('HTTP/1.1 418 Theirs\r\n\r\n')
  })

  test('have no path twice', async () => {
    const { libraries, server } = await build()
    for (const library of libraries) {
      for (const path of ['/0', '/1']) {
        expect(() => new library.Upgrader().attach(server, { path }, () => {})).toThrow(
          expect.objectContaining({ code: 'ERR_WS_ARGUMENT' }),
        )
      }
    }
  })

  test('refuse with 503 by the one that shuts down, while the other serves on', async () => {
    const { libraries, server, port } = await build()
    const upgrader = new libraries[1].Upgrader()
    upgrader.attach(server, { path: '/more' }, () => {})
    await upgrader.shutdown()
    expect(await answerTo(port, requestText('/more'))).toMatch(/^HTTP\/1.1 503 /)
    expect(await greeting(port, '/0')).toBe('copy 0')
  })

  test("know each other's errors", async () => {
    const [one, two] = [load(), load()]
    const server = createServer()
    const port = await listen(server)
    const outcome = once(server, 'upgrade').then(([request, socket, head]) =>
      new one.Upgrader().upgrade(request, socket, head).catch((error: unknown) => error),
    )
    await answerTo(port, requestText().replace('Version: 13', 'Version: 12'))
    const refused = await outcome
    expect(refused).toBeInstanceOf(two.HandshakeError)
    const dialled = await one
      .dial(`ws://127.0.0.1:${(await refusing()).toString()}/`)
      .catch((error: unknown) => error)
    expect(dialled).toBeInstanceOf(two.BadHandshakeError)
    expect(dialled).toMatchObject({ status: 404 })
  })

  /** The port of a server that refuses everything. */
  async function refusing(): Promise<number> {
    const server = createServer()
    attachOurs(server, '/elsewhere')
    return listen(server)
  }

  test("know the errors of each other's connections", async () => {
    const { libraries, port } = await build()
    const [one, two] = libraries
    const conn = await one.dial(`ws://127.0.0.1:${port}/0`)
    await conn.readMessage()
    conn.close(4000, 'why')
    const closed = await conn.readMessage().catch((error: unknown) => error)
    expect(closed).toBeInstanceOf(two.CloseError)
    expect(closed).toMatchObject({ closeCode: 4000, wasClean: true })
    expect(two.isCloseError(closed, 4000)).toBe(true)
    const peer = await RawPeer.open(port, '/1')
    peer.socket.destroy()
  })
})
