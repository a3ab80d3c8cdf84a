// The command example's server: a page at / and, at /command, a WebSocket that is a process's input and output.
// Only pages of this machine may connect (RFC 6455 §10.2), since whoever does runs the command; a dead peer is found by pings (§5.5.2).

import { Upgrader } from 'gibbon-ws'
import { LOCAL_HOST, refuseForeignHosts } from '../shared/local-only.mjs'
import { fail, readArguments, run } from '../shared/program.mjs'
import { createSite } from '../shared/site.mjs'
import { bridge } from './bridge.mjs'

const USAGE = 'node examples/command/server.mjs --port N -- COMMAND [ARGUMENT…]'
/** Bytes of the longest line that a peer may send. */
const READ_LIMIT = 64 * 1024
/** Bytes that may wait for a peer before the process has to, too. */
const HIGH_WATER_MARK = 64 * 1024
/** How long a peer may take to answer the Close frame behind the end of its process, in milliseconds. */
const GRACE = 10_000
/** Processes at once. */
const MOST = 16

const { port, positionals: command } = readArguments(USAGE, 8082, true)
if (command.length === 0) fail(`Which command?\nUsage: ${USAGE}`)
const server = createSite(import.meta.url, '/command', refuseForeignHosts, {
  '/command-line': command.join(' '),
})
const upgrader = new Upgrader({
  readLimit: READ_LIMIT,
  highWaterMark: HIGH_WATER_MARK,
  closeTimeout: GRACE,
  keepAlive: { interval: 30_000, timeout: 30_000 },
})
const options = { path: '/command', maxConnections: MOST, authorize: refuseForeignHosts }
const attachment = upgrader.attach(server, options, (conn) => bridge(conn, command))
run('command server', server, attachment, port, LOCAL_HOST)
