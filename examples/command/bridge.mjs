// Joins one WebSocket and one process: messages are lines of its input, lines of its outputs are messages.
// Each side waits for the other (a peer that does not read, a process that does not), and ends with it (RFC 6455 §7.1.2).

import { spawn } from 'node:child_process'
import { CloseInternalServerErr, CloseNormalClosure, CloseUnsupportedData, PingMessage } from 'gibbon-ws'
import { endProcess, hasGroups } from './ending.mjs'
import { lines } from './lines.mjs'

/** Pause between the pings to a peer that is not read, in milliseconds. */
const PING_PERIOD = 1_000
/** What stands in front of a line of the process's stderr. */
const STDERR_PREFIX = 'stderr: '

/** Waits until the process takes input again, or takes none any more. */
async function drained(stdin, conn) {
  // The connection is not read meanwhile: that the peer is gone shows only in what is sent to it.
  const pinging = setInterval(() => conn.writeControl(PingMessage), PING_PERIOD)
  await new Promise((resolve) => {
    const done = () => {
      stdin.off('drain', done)
      stdin.off('close', done)
      resolve()
    }
    stdin.on('drain', done)
    stdin.on('close', done)
  })
  clearInterval(pinging)
}

async function toProcess(conn, stdin) {
  try {
    for await (const message of conn) {
      if (!message.isText) {
        conn.close(CloseUnsupportedData, 'text only')
        return
      }
      // A process that has closed its input still has something to say.
      if (!stdin.writable) continue
      if (!stdin.write(`${message.text()}\n`)) await drained(stdin, conn)
    }
  } catch {
    // `conn.closed` tells that it is over.
  }
}

async function fromProcess(stream, prefix, conn) {
  try {
    for await (const line of lines(stream)) {
      // Read on without a peer: a process that cannot get rid of its output does not end.
      if (conn.state === 'open') await conn.writeMessage(prefix + line).catch(() => {})
    }
  } catch {
    // The output was taken away from somebody who held it longer than the process lived.
  }
}

/**
 * Runs a command for the peer of `conn`, until one of the two ends, and then ends the other.
 *
 * @param command the program and its arguments
 */
export async function bridge(conn, [program, ...args]) {
  const child = spawn(program, args, { detached: hasGroups })
  // A process that does not read its input is no failure.
  child.stdin.on('error', () => {})
  let end
  const exited = new Promise((resolve) => {
    child.once('exit', (status, signal) => {
      const how = signal === null ? `exit status ${status}` : `ended by ${signal}`
      end = { code: CloseNormalClosure, reason: how }
      resolve()
    })
    child.on('error', (error) => {
      end ??= { code: CloseInternalServerErr, reason: `the command does not run: ${error.code}` }
      resolve()
    })
  })
  const gone = new Promise((resolve) => child.once('close', resolve))
  toProcess(conn, child.stdin)
  const outputs = Promise.all([
    gone,
    fromProcess(child.stdout, '', conn),
    fromProcess(child.stderr, STDERR_PREFIX, conn),
  ])

  await Promise.race([exited, conn.closed])
  const ending = endProcess(child, gone)
  // What the process has said before its end is sent before the Close frame.
  await Promise.race([outputs, conn.closed])
  if (end !== undefined) await conn.close(end.code, end.reason)
  await ending
  // Somebody who has left the process's group may still hold its outputs, and this program with them.
  child.stdout.destroy()
  child.stderr.destroy()
}
