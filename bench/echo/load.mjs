// The load generator for machines without a C compiler: same command line, same output as load.c, but slower, so that
// it limits fast servers more often. CPU times come from /proc, so it needs Linux as well.
//
// node load.mjs PORT SERVER_PID CONNECTIONS IN_FLIGHT SIZE REPLY_BYTES WARM_UP_SECONDS SECONDS

import assert from 'node:assert'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'

const [port, serverPid, connections, inFlight, size, replyBytes, warmUp, seconds] = process.argv
  .slice(2)
  .map(Number)
assert(seconds > 0, 'load.mjs PORT SERVER_PID CONNECTIONS IN_FLIGHT SIZE REPLY_BYTES WARM_UP_SECONDS SECONDS')

const KEY = Buffer.from([0x37, 0xfa, 0x21, 0x3d])
const REQUEST =
  'GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n'
const PATIENCE_MS = 10000
const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

const payload = Buffer.from(Array.from({ length: size }, (_, i) => (i * 131 + (i >> 8)) & 255))
const frame = Buffer.concat([header(0x80), KEY, xor(payload, KEY)])
let messages = 0

function header(maskBit) {
  if (size < 126) return Buffer.from([0x82, maskBit | size])
  if (size < 65536) return Buffer.from([0x82, maskBit | 126, size >> 8, size & 255])
  const bytes = Buffer.from([0x82, maskBit | 127, 0, 0, 0, 0, 0, 0, 0, 0])
  bytes.writeUInt32BE(size, 6)
  return bytes
}

function xor(bytes, key) {
  return bytes.map((byte, i) => byte ^ key[i & 3])
}

async function open() {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  socket.on('close', () => assert.fail('the server closed a connection'))
  socket.write(REQUEST)
  const head = await take(socket, (bytes) => bytes.includes('\r\n\r\n'))
  assert(
    head.includes('HTTP/1.1 101 ') && head.includes('s3pPLMBiTxaQ9kYGzzhZRbK+xOo='),
    'the upgrade was refused',
  )

  socket.write(frame)
  const echo = await take(socket, (bytes) => bytes.length >= replyBytes)
  const masked = replyBytes === frame.length
  const expected = masked ? frame : Buffer.concat([header(0), payload])
  assert.deepStrictEqual(echo, expected, 'the first echo is wrong')
  return socket
}

/** Bytes from the socket until `enough` of them are there. */
async function take(socket, enough) {
  let bytes = Buffer.alloc(0)
  while (!enough(bytes)) {
    const [chunk] = await once(socket, 'data', { signal: AbortSignal.timeout(PATIENCE_MS) })
    bytes = Buffer.concat([bytes, chunk])
  }
  return bytes
}

/** Keeps `inFlight` messages on their way from now on. */
function start(socket) {
  const frames = Buffer.concat(Array(inFlight).fill(frame))
  let partial = 0
  socket.on('data', (chunk) => {
    partial += chunk.length
    const replies = Math.floor(partial / replyBytes)
    if (replies === 0) return
    partial -= replies * replyBytes
    messages += replies
    socket.write(frames.subarray(0, replies * frame.length))
  })
  socket.write(frames)
}

/** User and system time of the server, in seconds; fields 14 and 15 of proc(5)'s stat, the name may hold blanks. */
function serverCpu() {
  const stat = readFileSync(`/proc/${serverPid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

function reading() {
  const { user, system } = process.cpuUsage()
  return {
    messages,
    seconds: performance.now() / 1e3,
    serverCpu: serverCpu(),
    loadCpu: (user + system) / 1e6,
  }
}

const sockets = await Promise.all(Array.from({ length: connections }, open))
for (const socket of sockets) start(socket)
await setTimeout(warmUp * 1e3)
const begin = reading()
await setTimeout(seconds * 1e3)
const end = reading()
assert(end.messages > begin.messages, 'the server has stalled')
console.log(JSON.stringify(Object.fromEntries(Object.keys(end).map((key) => [key, end[key] - begin[key]]))))
process.exit()
