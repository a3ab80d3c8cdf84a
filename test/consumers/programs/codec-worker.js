// A worker's program: the two ends of a connection over gibbon-ws/codec, and what came through.

import { kernelName, kernelReason, Protocol } from 'gibbon-ws/codec'

const client = new Protocol({ role: 'client' })
const server = new Protocol({ role: 'server' })
const seen = []

function receive(end, bytes) {
  for (const event of end.receive(bytes)) {
    if (event.type === 1) seen.push(`text of ${event.text().length}: ${event.text().slice(0, 8)}`)
    else if (event.type === 2)
      seen.push(`binary of ${event.byteLength}: ${event.data.every((byte) => byte === 7)}`)
    else if (event.type === 8) seen.push(`Close ${event.code}`)
    else if (event.type === 0) seen.push(event.error.code)
    else seen.push(event.type === 9 ? 'Ping' : 'Pong')
  }
}

client.send(1, 'short')
client.send(1, 'höher 🐒 '.repeat(500))
client.send(2, new Uint8Array(100_000).fill(7))
client.ping()
receive(server, client.output())
receive(client, server.output())
client.close(1000)
receive(server, client.output())
receive(client, server.output())
receive(new Protocol({ role: 'server' }), new Uint8Array([0xc1, 0x80, 0, 0, 0, 0]))

postMessage(JSON.stringify({ kernel: kernelName(), reason: kernelReason(), seen }))
