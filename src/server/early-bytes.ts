// Watches a socket while the application decides about its request: keeps what arrives, and sees the peer leave.
// Frames may come before the 101 is written (RFC 6455 §4.1 forbids them to clients, gorilla/websocket replays them).

import type { Duplex } from 'node:stream'
import { isBytes } from '../node/socket-transport.ts'

/** Bytes kept before the socket is paused. */
const MAX_BYTES = 64 * 1024

export class EarlyBytes {
  private readonly socket: Duplex
  private readonly chunks: Uint8Array[]
  private length: number
  private hasEnded = false

  /** @param head bytes that came in one piece with the request */
  constructor(socket: Duplex, head: Uint8Array) {
    this.socket = socket
    this.chunks = [head]
    this.length = head.length
    socket.on('data', this.onData)
    socket.on('end', this.onEnd)
  }

  /** The peer ended the connection, or it failed. */
  get hasPeerLeft(): boolean {
    return this.hasEnded || this.socket.destroyed
  }

  /** Stops watching; whoever reads on must listen before the turn is over. @returns all that came */
  take(): Uint8Array {
    this.socket.removeListener('data', this.onData)
    this.socket.removeListener('end', this.onEnd)
    this.socket.resume()
    if (this.chunks.length === 1) return this.chunks[0]
    // Not Buffer.concat(): messages will be views of this, and must not show memory that others share.
    const bytes = new Uint8Array(this.length)
    let at = 0
    for (const chunk of this.chunks) {
      bytes.set(chunk, at)
      at += chunk.length
    }
    return bytes
  }

  private readonly onData = (chunk: Uint8Array): void => {
    if (!isBytes(this.socket, chunk)) return
    this.chunks.push(chunk)
    this.length += chunk.length
    if (this.length >= MAX_BYTES) this.socket.pause()
  }

  private readonly onEnd = (): void => {
    this.hasEnded = true
  }
}
