// Dials what fails in different ways, with a timeout of a minute each, and prints how each failed.
// Run as: node dial-and-exit.mjs <url that never answers> <url with an untrusted certificate> <url that never connects>

import { createServer } from 'node:http'
import { dial } from 'gibbon-ws'

const [mute, untrusted, deaf] = process.argv.slice(2)
const handshakeTimeout = 60_000

async function fail(url, options) {
  const error = await dial(url, { handshakeTimeout, ...options }).catch((error) => error)
  console.log(error.code?.startsWith?.('ERR_WS') ? error.code : error.name)
}

for (const url of [mute, deaf]) {
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 50)
  await fail(url, { signal: controller.signal })
}
await fail(untrusted)

const server = createServer()
// The body that it announces never comes.
server.on('upgrade', (_, socket) => socket.write('HTTP/1.1 503 Later\r\nContent-Length: 100\r\n\r\nbusy'))
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
await fail(`ws://127.0.0.1:${server.address().port}/`)
server.close()
