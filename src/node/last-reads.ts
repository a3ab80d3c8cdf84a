// A write that fails does not tear a socket down before what has arrived is read: the peer's Close frame may be there.
// RFC 6455 §7.1.1: whoever closes with unread bytes in its buffers resets the connection, right behind its Close frame.

import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

type Done = (error?: Error | null) => void
type Chunks = { chunk: Buffer; encoding: BufferEncoding }[]

const writing = Symbol('gibbon-ws.writing')

interface Writing {
  readonly done: Done
  readonly onWritten: Done
  error: Error | undefined
}

type Patched = Socket & { [writing]?: Writing }

/** Turns of the loop without a byte after which none will come: the first may have looked before the write failed. */
const IDLE_TURNS = 2
/** Some sockets that cannot be written can be read for ever; a turn reads up to 2 MiB. */
const MAX_TURNS = 100

/** Destroys the socket once what has arrived is read, or nobody reads it. */
function destroyLater(socket: Socket, error: Error): void {
  let { bytesRead } = socket
  let idle = 0
  let turns = 0
  const turn = () => {
    if (socket.destroyed) return
    idle = socket.bytesRead === bytesRead ? idle + 1 : 0
    bytesRead = socket.bytesRead
    if (idle === IDLE_TURNS || ++turns === MAX_TURNS) socket.destroy(error)
    else setImmediate(turn)
  }
  setImmediate(turn)
}

/** `done`, but for errors: a stream that is not told of them goes on reading. */
function withoutErrors(socket: Patched, done: Done): Done {
  // A stream gives the same function to each of its writes.
  const known = socket[writing]
  if (known?.done === done) return known.onWritten
  const made: Writing = {
    done,
    onWritten(error) {
      if (!error) {
        done()
        return
      }
      made.error = error
      destroyLater(socket, error)
    },
    error: undefined,
  }
  socket[writing] = made
  return made.onWritten
}

function write(this: Socket, chunk: Buffer, encoding: BufferEncoding, done: Done): void {
  Socket.prototype._write.call(this, chunk, encoding, withoutErrors(this, done))
}

function writev(this: Socket, chunks: Chunks, done: Done): void {
  Socket.prototype._writev?.call(this, chunks, withoutErrors(this, done))
}

/**
 * From now on a failed write ends the socket, with its error, a few turns of the loop later. A socket whose writes
 * somebody else has replaced stays as it is.
 */
export function readBeforeFailing(socket: Socket): void {
  if (socket._write !== Socket.prototype._write || socket._writev !== Socket.prototype._writev) return
  socket._write = write
  socket._writev = writev
}

/** What a write failed with that will end the socket. */
export function writeErrorOf(stream: Duplex): Error | undefined {
  return (stream as Patched)[writing]?.error
}
