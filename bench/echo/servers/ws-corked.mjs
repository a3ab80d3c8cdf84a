// Echo on the ws package by a careful user: everything that one turn answers leaves in one write.

import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { listen } from './listen.mjs'

const server = createServer()
new WebSocketServer({ server }).on('connection', (socket) => {
  const tcp = socket._socket
  let corked = false
  socket.on('message', (data, isBinary) => {
    if (!corked) {
      corked = true
      tcp.cork()
      process.nextTick(() => {
        corked = false
        tcp.uncork()
      })
    }
    socket.send(data, { binary: isBinary })
  })
})
listen(server)
