// The echo example's server and client as programs: their ports, their refusals, and how they end.
// RFC 6455 §7.4.1: 1001 from a server that goes away, 1000 from a client that is done.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { type Script, startScript } from './echo-server.ts'

const running: Script[] = []
afterEach(() => {
  for (const { process } of running.splice(0)) process.kill('SIGKILL')
})

function start(name: string, args: string[] = [], env: Record<string, string> = {}): Script {
  const script = startScript(name, args, env)
  running.push(script)
  return script
}

/** Runs the server on any free port. */
async function serve(args = ['--port', '0'], env: Record<string, string> = {}) {
  const script = start('server.mjs', args, env)
  const [, port] = await script.match(/http:\/\/localhost:(\d+)\//)
  return { script, port: Number(port), origin: `http://localhost:${port}` }
}

async function openSocket(port: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://localhost:${port}/echo`)
  await once(socket, 'open')
  return socket
}

describe('the server', () => {
  test('serves the page, its script and its style under a policy that forbids anything inline', async () => {
    const { origin } = await serve()
    for (const [path, type] of [
      ['/', 'text/html; charset=utf-8'],
      ['/?from=elsewhere', 'text/html; charset=utf-8'],
      ['/page.js', 'text/javascript; charset=utf-8'],
      ['/page.css', 'text/css; charset=utf-8'],
    ]) {
      const response = await fetch(origin + path)
      expect([response.status, response.headers.get('content-type')]).toEqual([200, type])
      expect(response.headers.get('content-security-policy')).toMatch(/default-src 'none'.*script-src 'self'/)
      expect(response.headers.get('content-security-policy')).not.toContain('unsafe')
      expect((await response.text()).length).toBeGreaterThan(100)
    }
  })

  test('answers 404 elsewhere, 405 to other methods and 426 to a plain request for the echo', async () => {
    const { origin } = await serve()
    const status = async (path: string, method = 'GET') => (await fetch(origin + path, { method })).status
    expect(await status('/elsewhere')).toBe(404)
    expect(await status('/server.mjs')).toBe(404)
    expect(await status('/toString')).toBe(404)
    expect(await status('//')).toBe(404)
    expect(await status('/', 'POST')).toBe(405)
    expect(await status('/', 'HEAD')).toBe(200)
    expect(await status('/echo')).toBe(426)
  })

  test('refuses a WebSocket elsewhere with 404', async () => {
    const { port } = await serve()
    const socket = new WebSocket(`ws://localhost:${port}/elsewhere`)
    const [error] = await once(socket, 'error')
    expect(String(error)).toContain('404')
  })

  test('returns texts and binary messages as they were', async () => {
    const { port } = await serve()
    const socket = await openSocket(port)
    for (const message of ['👩‍🚀 你好', '', Buffer.from([0, 255, 128])]) {
      socket.send(message)
      const [data, isBinary] = await once(socket, 'message')
      expect([data.equals(Buffer.from(message)), isBinary]).toEqual([true, typeof message !== 'string'])
    }
    socket.close()
    await once(socket, 'close')
  })

  test('takes its port from PORT, and rather from --port', async () => {
    const probe = createServer().listen(0)
    await once(probe, 'listening')
    const { port } = probe.address() as AddressInfo
    await new Promise((resolve) => probe.close(resolve))
    const one = await serve([], { PORT: String(port) })
    expect(one.port).toBe(port)
    const other = await serve(['--port=0'], { PORT: String(port) })
    expect(other.port).not.toBe(port)
  })

  test('says that a port is in use, and ends with 1', async () => {
    const { port } = await serve()
    const second = start('server.mjs', ['--port', String(port)])
    expect(await second.ended).toBe(1)
    expect(second.output()).toBe(`Port ${port} is in use. Choose another: npm start -- --port N\n`)
  })

  test.each([
    [['--port', 'http'], {}, "'http'"],
    [['--port', '65536'], {}, "'65536'"],
    [['--port', '80.5'], {}, "'80.5'"],
    [['--port', ''], {}, "''"],
    [['--port=-1'], {}, "'-1'"],
    [[], { PORT: '1e3' }, "'1e3'"],
  ])('says that %j with %j is no port, and ends with 1', async (args, env, quoted) => {
    const script = start('server.mjs', args, env)
    expect(await script.ended).toBe(1)
    const complaint = `The port must be a whole number from 0 to 65535, not ${quoted}.`
    expect(script.output()).toBe(`${complaint}\nUsage: npm start -- --port N\n`)
  })

  test.each([[['--prot', '1']], [['--port']], [['8080']]])(
    'explains itself on %j and ends with 1',
    async (args) => {
      const script = start('server.mjs', args)
      expect(await script.ended).toBe(1)
      expect(script.output()).toMatch(/\nUsage: npm start -- --port N\n$/)
      expect(script.output()).not.toContain('    at ')
    },
  )

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'closes with 1001 on %s and ends with 0 within a second',
    async (signal) => {
      const { script, port, origin } = await serve()
      const sockets = await Promise.all(Array.from({ length: 10 }, () => openSocket(port)))
      await fetch(origin).then((response) => response.text())
      const closes = sockets.map((socket) => once(socket, 'close'))
      const began = performance.now()
      script.process.kill(signal)
      expect(await script.ended).toBe(0)
      expect(performance.now() - began).toBeLessThan(1000)
      for (const [code] of await Promise.all(closes)) expect(code).toBe(1001)
    },
  )

  test('ends within a second when a peer neither reads nor answers', async () => {
    const { script, port } = await serve()
    const mute = connect(port, 'localhost')
    mute.on('error', () => {})
    mute.write(
      `GET /echo HTTP/1.1\r\nHost: localhost:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    )
    await once(mute, 'readable')
    const silent = connect(port, 'localhost')
    silent.on('error', () => {})
    await once(silent, 'connect')
    const began = performance.now()
    script.process.kill('SIGTERM')
    expect(await script.ended).toBe(0)
    expect(performance.now() - began).toBeLessThan(1000)
    mute.destroy()
    silent.destroy()
  })
})

describe('the client', () => {
  test('prints the time that comes back every second, and closes with 1000 on SIGINT', async () => {
    const { port } = await serve()
    const client = start('client.mjs', [`ws://localhost:${port}/echo`])
    const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`
    await client.match(new RegExp(`^OPEN ws://localhost:${port}/echo\nRESPONSE ${time}\nRESPONSE ${time}\n`))
    client.process.kill('SIGINT')
    expect(await client.ended).toBe(0)
    expect(client.output()).toMatch(/\nCLOSE 1000\n$/)
  })

  test('sends the Close frame with 1000 to the server', async () => {
    const peer = new WebSocketServer({ port: 0 })
    await once(peer, 'listening')
    const client = start('client.mjs', [`ws://localhost:${(peer.address() as AddressInfo).port}/`])
    const [socket] = await once(peer, 'connection')
    await client.match(/^OPEN/)
    client.process.kill('SIGINT')
    const [code] = await once(socket, 'close')
    expect(code).toBe(1000)
    expect(await client.ended).toBe(0)
    peer.close()
  })

  test('waits at most a second for a server that does not answer its Close frame', async () => {
    const peer = new WebSocketServer({ port: 0 })
    await once(peer, 'listening')
    const client = start('client.mjs', [`ws://localhost:${(peer.address() as AddressInfo).port}/`])
    const [socket] = await once(peer, 'connection')
    await client.match(/^OPEN/)
    socket.pause()
    const began = performance.now()
    client.process.kill('SIGINT')
    await client.ended
    const took = performance.now() - began
    expect(took).toBeGreaterThan(900)
    expect(took).toBeLessThan(2000)
    socket.terminate()
    peer.close()
  })

  test('ends by itself with the code of a server that stops', async () => {
    const { script, port } = await serve()
    const client = start('client.mjs', [`ws://localhost:${port}/echo`])
    await client.match(/^OPEN/)
    script.process.kill('SIGTERM')
    expect(await client.ended).toBe(0)
    expect(client.output()).toMatch(/\nCLOSE 1001 the server is stopping\n$/)
  })

  test('says in one line that nobody answers, and ends with 1', async () => {
    const { script, port } = await serve()
    script.process.kill('SIGTERM')
    await script.ended
    const client = start('client.mjs', [`ws://localhost:${port}/echo`])
    expect(await client.ended).toBe(1)
    expect(client.output()).toMatch(new RegExp(`^ERROR ws://localhost:${port}/echo: .+\n$`))
  })
})
