// A byte transport over a Node socket: net, TLS, or any Duplex of bytes.
// Its listeners are shared functions that find their transport on the socket, so that a connection costs no closures.

import { Buffer } from 'node:buffer'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { typeError } from '../codec/errors.ts'
import type { Address, ByteReceiver, ByteTransport, Segment } from '../codec/ports.ts'

const transportOf = Symbol('gibbon-ws.transport')

type Attached = Duplex & { [transportOf]: SocketTransport }

const nothing = Buffer.alloc(0)

function addressOf(address: string | undefined, port: number | undefined): Address | undefined {
  return address === undefined || port === undefined ? undefined : { address, port }
}

/** Whether a stream gave bytes; one that was set to give strings or objects is destroyed. */
export function isBytes(stream: Duplex, chunk: unknown): chunk is Uint8Array {
  if (chunk instanceof Uint8Array) return true
  stream.destroy(typeError('the stream must be one of bytes'))
  return false
}

function onData(this: Attached, chunk: Buffer): void {
  if (!isBytes(this, chunk)) return
  const { receiver, isSocket } = this[transportOf]
  // A socket's chunk is a buffer of its own, never written to again.
  receiver.onBytes(chunk, 0, chunk.length, isSocket)
}

function onEnd(this: Attached): void {
  this[transportOf].receiver.onEnd()
}

function onError(this: Attached, error: Error): void {
  this[transportOf].error = error
}

function onClose(this: Attached): void {
  const { receiver, error } = this[transportOf]
  receiver.onClose(error)
}

export class SocketTransport implements ByteTransport {
  readonly raw: Duplex
  receiver!: ByteReceiver
  error: Error | undefined
  /** Another Duplex may hand on the memory it is given, and what it gives may still be that of whoever wrote it. */
  readonly isSocket: boolean
  /** A plain socket has copied everything to the kernel when its writableLength is 0 after a write; TLS has not. */
  private readonly isPlain: boolean
  /** Made when the first write does not leave at once. */
  private onWritten: ((error?: Error | null) => void) | undefined

  constructor(socket: Duplex) {
    this.raw = socket
    this.isSocket = socket instanceof Socket
    this.isPlain = this.isSocket && !(socket instanceof TLSSocket)
    if (socket instanceof Socket) {
      socket.setTimeout(0)
      socket.setNoDelay(true)
    }
  }

  get localAddress(): Address | undefined {
    const { localAddress, localPort } = this.raw as Partial<Socket>
    return addressOf(localAddress, localPort)
  }

  get remoteAddress(): Address | undefined {
    const { remoteAddress, remotePort } = this.raw as Partial<Socket>
    return addressOf(remoteAddress, remotePort)
  }

  start(receiver: ByteReceiver): void {
    const socket = this.raw as Attached
    this.receiver = receiver
    socket[transportOf] = this
    socket.on('error', onError)
    socket.on('close', onClose)
    if (socket.closed) {
      process.nextTick(onClose.bind(socket))
      return
    }
    socket.on('data', onData)
    socket.on('end', onEnd)
    // The end of a socket that was read before is not told again.
    if (socket.readableEnded) process.nextTick(onEnd.bind(socket))
  }

  write(segments: readonly Segment[]): boolean {
    const socket = this.raw
    // What comes too late stays where it is; 'close' settles it.
    if (!socket.writable) return false
    // Where bytes already wait, these will too: ask for the callback at once.
    const waits = !this.isPlain || socket.writableLength > 0
    const last = segments.length - 1
    if (last > 0) socket.cork()
    for (let i = 0; i <= last; i++) {
      const { bytes, start, end } = segments[i]
      let chunk = Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset + start, end - start)
      if (!this.isSocket) chunk = Buffer.from(chunk)
      if (waits && i === last) socket.write(chunk, this.written)
      else socket.write(chunk)
    }
    if (last > 0) socket.uncork()
    if (waits) return false
    if (socket.writableLength === 0) return true
    // The kernel took only a part; an empty write behind it tells when the rest has left.
    socket.write(nothing, this.written)
    return false
  }

  pause(): void {
    this.raw.pause()
  }

  resume(): void {
    this.raw.resume()
  }

  end(): void {
    if (!this.raw.writableEnded) this.raw.end()
  }

  destroy(): void {
    this.raw.destroy()
  }

  private get written(): (error?: Error | null) => void {
    this.onWritten ??= (error) => {
      // A destroyed socket calls this as well, and has handed over nothing.
      if (!error && !this.raw.destroyed) this.receiver.onWritten()
    }
    return this.onWritten
  }
}
