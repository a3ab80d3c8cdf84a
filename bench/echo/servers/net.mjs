// The floor: an opening handshake by hand (RFC 6455 §4.2.2), then every chunk goes back as it came, frames unread.
// Replies are therefore still masked; the load generator is told so.

import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import { listen } from './listen.mjs'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

const server = createServer({ noDelay: true }, (socket) => {
  let head = ''
  const onHead = (chunk) => {
    head += chunk.toString('latin1')
    if (!head.includes('\r\n\r\n')) return
    const [, key] = /^sec-websocket-key: *(\S+)/im.exec(head)
    const accept = createHash('sha1')
      .update(key + GUID)
      .digest('base64')
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
    )
    socket.off('data', onHead)
    socket.on('data', (bytes) => socket.write(bytes))
  }
  socket.on('data', onHead)
  socket.on('error', () => socket.destroy())
})
listen(server)
