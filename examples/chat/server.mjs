// The chat example's server: a page at / and, at /chat?name=…, a WebSocket on which everybody hears everybody.
// Text only (else close code 1003, RFC 6455 §7.4.1), at most 512 bytes a message (1009); a dead peer is found by pings (§5.5.2).

import { CloseUnsupportedData, Upgrader } from 'gibbon-ws'
import { readArguments, run } from '../shared/program.mjs'
import { createSite } from '../shared/site.mjs'
import { Hub } from './hub.mjs'

/** Bytes of the longest message that a chatter may send. */
const READ_LIMIT = 512
/** A chatter of whom nothing was heard for so long is gone, in milliseconds. */
const PONG_WAIT = 60_000
/** Pause between two pings, in milliseconds; a little less, so that a living one is heard in time. */
const PING_PERIOD = 54_000
/** Characters of the longest name. */
const NAME_LIMIT = 24

/** A name in which nothing looks like the end of one, or like a note of the server's, which begins with an asterisk. */
function nameOf(request) {
  const asked = new URLSearchParams(request.url.split('?')[1]).get('name') ?? ''
  const name = asked.replaceAll(/[\p{C}\p{Z}:*]+/gu, ' ').trim()
  return [...name].slice(0, NAME_LIMIT).join('').trim() || 'somebody'
}

const { port } = readArguments('node examples/chat/server.mjs --port N', 8081)
const server = createSite(import.meta.url, '/chat')
const hub = new Hub()
const upgrader = new Upgrader({
  readLimit: READ_LIMIT,
  highWaterMark: 0,
  keepAlive: { interval: PING_PERIOD, timeout: PONG_WAIT - PING_PERIOD },
})
const chat = upgrader.attach(
  server,
  { path: '/chat', authorize: (request) => ({ data: nameOf(request) }) },
  async (conn) => {
    const client = hub.join(conn, conn.data)
    try {
      for await (const message of conn) {
        if (!message.isText) {
          conn.close(CloseUnsupportedData, 'text only')
          break
        }
        // Lines share messages, so that a line has no break of its own.
        const text = message.text().replaceAll(/\s+/g, ' ').trim()
        if (text !== '' && !(await hub.say(client, text))) break
      }
    } finally {
      hub.leave(client)
    }
  },
)
run('chat', server, chat, port)
