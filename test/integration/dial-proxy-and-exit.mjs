// Dials through proxies: such as never answer, one that refuses, and good ones; prints what came of it and what is left.
// Run as: node dial-proxy-and-exit.mjs '{ "mute": port, "url": server, "proxies": [url, …], "ca": PEM }'

import { dial } from 'gibbon-ws'

const { mute, url, proxies, ca } = JSON.parse(process.argv[2])
const handshakeTimeout = 60_000

for (const scheme of ['http', 'https', 'socks5']) {
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 50)
  const proxy = `${scheme}://127.0.0.1:${mute}`
  const error = await dial(url, { handshakeTimeout, proxy, signal: controller.signal }).catch(
    (error) => error,
  )
  console.log(scheme, error.name)
}

const refused = await dial('ws://127.0.0.1:1/', { handshakeTimeout, proxy: proxies[0] }).catch(
  (error) => error,
)
console.log(refused.code)

for (const proxy of proxies) {
  const conn = await dial(url, { handshakeTimeout, proxy, tls: { ca } })
  await conn.writeMessage('hello')
  console.log((await conn.readMessage()).text())
  await conn.close()
}

// Handles are closed a turn after they were destroyed.
await new Promise((resolve) => setTimeout(resolve, 100))
const left = process.getActiveResourcesInfo().filter((kind) => /TCP|TLS|Timeout|GetAddrInfo/.test(kind))
console.log('left:', left.join(' '))
