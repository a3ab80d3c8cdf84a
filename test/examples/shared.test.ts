// What the examples chat, command and filewatch share: their pages over HTTP, their command lines, and how they end.
// RFC 9110 §15.5 (404, 405, 426), RFC 6455 §7.4.1 (1001).

import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { serveExample, startScript } from './script.ts'
import { Talker } from './talker.ts'

test.each([
  ['chat', [], '/chat'],
  ['command', ['--', 'cat'], '/command'],
  ['filewatch', ['--', 'page.txt'], '/file'],
])(
  'the page of %s lives under a policy that forbids anything inline; other requests are refused',
  async (name, args, socketPath) => {
    const { url } = await serveExample(name, args)
    for (const [path, type] of [
      ['', 'text/html'],
      ['?from=elsewhere', 'text/html'],
      ['page.js', 'text/javascript'],
      ['page-socket.js', 'text/javascript'],
      ['page.css', 'text/css'],
      ['family.css', 'text/css'],
    ]) {
      const response = await fetch(url + path)
      expect([response.status, response.headers.get('content-type')]).toEqual([200, `${type}; charset=utf-8`])
      expect(response.headers.get('content-security-policy')).toMatch(/default-src 'none'.*script-src 'self'/)
      expect((await response.text()).length).toBeGreaterThan(100)
    }
    const status = async (path: string, method = 'GET') =>
      (await fetch(new URL(path, url), { method })).status
    expect(await status('/server.mjs')).toBe(404)
    expect(await status('/toString')).toBe(404)
    expect(await status('/', 'POST')).toBe(405)
    expect(await status('/', 'HEAD')).toBe(200)
    expect(await status(socketPath)).toBe(426)
  },
)

test('a program takes its port from PORT, says when it is in use, and ends with 1', async () => {
  const { port } = await serveExample('chat')
  const second = startScript('chat/server.mjs', [], { PORT: String(port) })
  expect(await second.ended).toBe(1)
  expect(second.output()).toBe(`Port ${port} is in use. Choose another with --port N.\n`)
})

test.each([
  [['--port', '65536'], "The port must be a whole number from 0 to 65535, not '65536'."],
  [['--port=-1'], "The port must be a whole number from 0 to 65535, not '-1'."],
  [['--prot', '1'], "'--prot'"],
  [['8081'], "'8081'"],
])('a program explains itself on %j and ends with 1', async (args, complaint) => {
  const script = startScript('chat/server.mjs', args)
  expect(await script.ended).toBe(1)
  expect(script.output()).toContain(complaint)
  expect(script.output()).toMatch(/\nUsage: node examples\/chat\/server\.mjs --port N\n$/)
  expect(script.output()).not.toContain('    at ')
})

test('a program ends on SIGINT though a peer neither reads nor answers; the others are closed with 1001', async () => {
  const server = await serveExample('chat')
  const talker = await Talker.open(`ws://localhost:${server.port}/chat`)
  const mute = connect(server.port, 'localhost')
  mute.on('error', () => {})
  mute.write(
    `GET /chat HTTP/1.1\r\nHost: localhost:${server.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  )
  await once(mute, 'readable')
  const began = performance.now()
  server.script.process.kill('SIGINT')
  expect(await server.script.ended).toBe(0)
  // Its closeTimeout alone would be five.
  expect(performance.now() - began).toBeLessThan(4000)
  expect((await talker.closed).code).toBe(1001)
  mute.destroy()
})
