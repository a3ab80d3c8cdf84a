// The filewatch example's server: a page at / and, at /file, a WebSocket that tells what a file holds, now and after every change.
// It only writes: what viewers may send is discarded, and `closed` tells when one has left (RFC 6455 §7.1.5).

import { Upgrader } from 'gibbon-ws'
import { LOCAL_HOST, refuseForeignHosts } from '../shared/local-only.mjs'
import { fail, readArguments, run } from '../shared/program.mjs'
import { createSite } from '../shared/site.mjs'
import { Viewer } from './viewer.mjs'
import { FileWatcher } from './watcher.mjs'

const USAGE = 'node examples/filewatch/server.mjs --port N FILE'
/** Bytes of the longest message that a viewer may send; nothing is expected. */
const READ_LIMIT = 512

const { port, positionals } = readArguments(USAGE, 8083, true)
if (positionals.length !== 1) fail(`Which file?\nUsage: ${USAGE}`)
const viewers = new Set()
const watcher = new FileWatcher(positionals[0], (version) => {
  for (const viewer of viewers) viewer.show(version)
})
const server = createSite(import.meta.url, '/file', refuseForeignHosts)
server.on('close', () => watcher.close())
const upgrader = new Upgrader({
  readLimit: READ_LIMIT,
  highWaterMark: 0,
  keepAlive: { interval: 30_000, timeout: 30_000 },
})
const options = { path: '/file', authorize: refuseForeignHosts }
const attachment = upgrader.attach(server, options, async (conn) => {
  const viewer = new Viewer(conn)
  viewers.add(viewer)
  if (watcher.version !== undefined) viewer.show(watcher.version)
  conn.discard()
  await conn.closed
  viewers.delete(viewer)
})
run('filewatch server', server, attachment, port, LOCAL_HOST)
