// A server whose application listens for no error and handles none: what peers and its own mistakes do must not end it.
// Prints its port; writes every warning of the process to its standard error, as Node does.

import { createServer } from 'node:http'
import { Upgrader } from 'gibbon-ws'

/** Handlers by the path of the request; each makes its own mistake. */
const handlers = {
  '/echo': async (conn) => {
    for await (const message of conn) await conn.writeMessage(message)
  },
  '/forgets': (conn) => {
    // Nobody waits for these, nor looks at how they end.
    conn.readMessage()
    conn.ping()
    conn.flush()
    conn.writeMessage(new Uint8Array(100_000))
    conn.close(4000)
    conn.writeMessage('late')
  },
  '/throws': () => {
    throw new Error('a mistake of the handler')
  },
  '/rejects': async () => {
    throw new Error('a mistake of the async handler')
  },
}

const server = createServer()
const upgrader = new Upgrader()
for (const [path, handler] of Object.entries(handlers)) upgrader.attach(server, { path }, handler)
const authorize = () => Promise.reject(new Error('a mistake of authorize'))
upgrader.attach(server, { path: '/authorize', authorize }, handlers['/echo'])
const onError = () => {
  throw new Error('a mistake of onError')
}
upgrader.attach(server, { path: '/onError', onError }, handlers['/throws'])

// Without attach(), whose promises nobody waits for either.
server.on('upgrade', (request, socket, head) => {
  if (request.url === '/upgrade') upgrader.upgrade(request, socket, head)
})

server.listen(0, '127.0.0.1', () => console.log(server.address().port))
