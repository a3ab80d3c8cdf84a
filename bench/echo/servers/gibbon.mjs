// Echo on this library's public interface, as its documentation shows it.

import { createServer } from 'node:http'
import { Upgrader } from '../../../dist.esm/node-entry.mjs'
import { listen } from './listen.mjs'

const upgrader = new Upgrader({ readLimit: 1 << 20 })
const server = createServer()
upgrader.attach(server, { path: '/echo' }, async (conn) => {
  for await (const message of conn) await conn.writeMessage(message)
})
listen(server)
