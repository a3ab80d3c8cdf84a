// Echo on the ws package as its documentation shows it; with bufferutil, which ws finds by itself.

import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { listen } from './listen.mjs'

const server = createServer()
new WebSocketServer({ server }).on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
})
listen(server)
