// The echo example's server: a page at / and, at /echo, a WebSocket that returns every message (RFC 6455 §5.6).
// `npm start -- --port N` or PORT says where; Ctrl-C closes every connection with 1001 (RFC 6455 §7.4.1) and ends.

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { parseArgs } from 'node:util'
import { CloseGoingAway, Upgrader } from 'gibbon-ws'

/** How long the peers have to answer our Close frame when the server stops, in milliseconds. */
const FAREWELL = 500

const headers = {
  'cache-control': 'no-cache',
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
}
const files = {
  '/': file('page.html', 'text/html'),
  '/page.css': file('page.css', 'text/css'),
  '/page.js': file('page.js', 'text/javascript'),
}

function file(name, type) {
  const body = readFileSync(new URL(name, import.meta.url))
  return {
    body,
    headers: { ...headers, 'content-type': `${type}; charset=utf-8`, 'content-length': body.length },
  }
}

const server = createServer((request, response) => {
  const path = request.url.split('?', 1)[0]
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD', 'content-type': 'text/plain' }).end('Method Not Allowed\n')
  } else if (path === '/echo') {
    response.writeHead(426, { upgrade: 'websocket', 'content-type': 'text/plain' }).end('Upgrade Required\n')
  } else if (Object.hasOwn(files, path)) {
    response.writeHead(200, files[path].headers).end(files[path].body)
  } else {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('Not Found\n')
  }
})

const upgrader = new Upgrader({ readLimit: 1 << 20 })
const options = { path: '/echo', keepAlive: { interval: 30_000, timeout: 30_000 } }
const echo = upgrader.attach(server, options, async (conn) => {
  for await (const message of conn) await conn.writeMessage(message)
})

function choosePort() {
  const { values } = parseArgs({ options: { port: { type: 'string' } } })
  const port = values.port ?? (process.env.PORT || '8080')
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new Error(`The port must be a whole number from 0 to 65535, not '${port}'.`)
  }
  return Number(port)
}

function fail(message) {
  console.error(message)
  process.exit(1)
}

function stop() {
  server.close()
  echo.close(CloseGoingAway, 'the server is stopping')
  setTimeout(() => {
    for (const conn of echo.connections) conn.terminate()
    server.closeAllConnections()
  }, FAREWELL).unref()
}

let port
try {
  port = choosePort()
} catch (error) {
  fail(`${error.message}\nUsage: npm start -- --port N`)
}

server.on('error', (error) => {
  if (error.code === 'EADDRINUSE') fail(`Port ${port} is in use. Choose another: npm start -- --port N`)
  if (error.code === 'EACCES')
    fail(`Port ${port} is not allowed to this user. Choose another: npm start -- --port N`)
  throw error
})
server.listen(port, () => {
  console.log(`The echo server is running: http://localhost:${server.address().port}/ (Ctrl-C stops it)`)
})

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stop)
