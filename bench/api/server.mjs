// Echo by each way to read and write that the public interface has; the first argument names it.

import { createServer } from 'node:http'
import { Upgrader } from '../../dist.esm/node-entry.mjs'
import { listen } from '../echo/servers/listen.mjs'

const WAYS = {
  push(conn) {
    conn.onMessage((message) => {
      conn.writeMessage(message)
    })
  },

  'push, borrowed'(conn) {
    conn.onMessage(
      (message) => {
        conn.writeMessage(message)
      },
      { borrow: true },
    )
  },

  async batches(conn) {
    for await (const batch of conn.batches()) {
      let written
      for (const message of batch) written = conn.writeMessage(message)
      await written
    }
  },

  async 'for await'(conn) {
    for await (const message of conn) await conn.writeMessage(message)
  },

  async readMessage(conn) {
    for (;;) await conn.writeMessage(await conn.readMessage())
  },

  async streams(conn) {
    for (;;) {
      const reader = await conn.nextReader()
      const writer = await conn.nextWriter(reader.type)
      for (;;) {
        const piece = await reader.read()
        if (piece === null) break
        await writer.write(piece)
      }
      await writer.close()
    }
  },
}

const upgrader = new Upgrader({ readLimit: 1 << 20 })
const server = createServer()
upgrader.attach(server, { path: '/echo' }, WAYS[process.argv[2]])
listen(server)
