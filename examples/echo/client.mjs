// The echo example's client: dials, sends the time every second and prints what comes back (RFC 6455 §5.6).
// Ctrl-C closes with 1000 (RFC 6455 §7.4.1) and waits at most a second for the server's answer.

import { CloseNormalClosure, dial } from 'gibbon-ws'

/** How long the server has to answer our Close frame, in milliseconds. */
const FAREWELL = 1000

const url = process.argv[2] ?? 'ws://localhost:8080/echo'

let conn
try {
  conn = await dial(url, { closeTimeout: FAREWELL })
} catch (error) {
  console.error(`ERROR ${url}: ${error.message}`)
  process.exit(1)
}

const sending = setInterval(() => conn.writeMessage(new Date().toISOString()), 1000)

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    clearInterval(sending)
    conn.close(CloseNormalClosure)
  })
}

console.log(`OPEN ${url}`)
try {
  for await (const message of conn) console.log(`RESPONSE ${message.text()}`)
} catch (error) {
  console.error(`ERROR ${error.message}`)
  process.exitCode = 1
}
clearInterval(sending)
const { code, reason } = await conn.closed
console.log(`CLOSE ${code} ${reason}`.trimEnd())
