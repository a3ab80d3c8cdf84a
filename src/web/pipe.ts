// Two connections joined in memory, for tests of applications: all of a connection but the network (RFC 6455 §5 to §7).
// Bytes arrive a turn later, in order, and a reader that is behind holds the writer back, as over a socket.

import type { ByteReceiver, ByteTransport, Segment } from '../codec/ports.ts'
import type { Conn, ConnOptions } from '../conn/index.ts'
import { connFrom } from './conn-from.ts'

/** Bytes under way from which on a write has to wait, as the buffers of a socket have an end. */
const ROOM = 64 * 1024
/** Deliveries by microtask in a row; then timers and the rest of the runtime get their turn. */
const HASTY = 100

let deliveries = 0

class PipeEnd implements ByteTransport {
  readonly raw: undefined
  peer!: PipeEnd
  #receiver: ByteReceiver | undefined
  /** What the peer has written. */
  #arriving: Uint8Array[] = []
  #bytes = 0
  /** Our last write waits until the peer has taken it. */
  #isWaiting = false
  #isPaused = false
  #hasEnded = false
  #hasToldEnd = false
  #isGone = false
  #isScheduled = false

  start(receiver: ByteReceiver): void {
    this.#receiver = receiver
    this.#schedule()
  }

  write(segments: readonly Segment[]): boolean {
    if (this.#isGone || this.#hasEnded) return false
    const { peer } = this
    if (peer.#isGone) {
      this.destroy()
      return false
    }
    for (const { bytes, start, end } of segments) {
      // Not slice(): of a Node Buffer that would be a view.
      peer.#arriving.push(new Uint8Array(bytes.subarray(start, end)))
      peer.#bytes += end - start
    }
    peer.#schedule()
    this.#isWaiting = peer.#bytes > ROOM
    return !this.#isWaiting
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#schedule()
  }

  end(): void {
    this.#hasEnded = true
    this.peer.#schedule()
  }

  /** The peer gets what was written, and then the end; unless it has written what nobody will read, as over TCP. */
  destroy(): void {
    const { peer } = this
    if (this.#arriving.length > 0 || peer.#isGone) peer.#reset()
    this.#hasEnded = true
    this.#reset()
    peer.#schedule()
  }

  #reset(): void {
    this.#isGone = true
    this.#arriving = []
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled || this.#receiver === undefined) return
    this.#isScheduled = true
    if (++deliveries % HASTY === 0) setTimeout(() => this.#deliver(), 0)
    else Promise.resolve().then(() => this.#deliver())
  }

  #deliver(): void {
    this.#isScheduled = false
    const receiver = this.#receiver
    if (receiver === undefined) return
    const { peer } = this
    while (!this.#isPaused && this.#arriving.length > 0) {
      const chunk = this.#arriving.shift() as Uint8Array
      this.#bytes -= chunk.length
      receiver.onBytes(chunk, 0, chunk.length, true)
    }
    if (peer.#isWaiting && this.#bytes <= ROOM && !peer.#isGone) {
      peer.#isWaiting = false
      peer.#receiver?.onWritten()
    }
    if (peer.#hasEnded && !this.#hasToldEnd && this.#arriving.length === 0 && !this.#isGone) {
      this.#hasToldEnd = true
      receiver.onEnd()
    }
    if (this.#hasEnded && this.#hasToldEnd) this.#leave()
    if (this.#isGone) {
      this.#receiver = undefined
      receiver.onClose()
    }
  }

  /** Both directions have ended. */
  #leave(): void {
    this.#isGone = true
    this.peer.#schedule()
  }
}

/**
 * Two connections joined in memory: a server's, then a client's. Everything works as over a socket, without a port, a
 * handshake or a wait: for the tests of whoever is given a connection.
 *
 * @param options of both connections
 * @throws TypeError, RangeError ERR_WS_ARGUMENT for options that are none
 */
export function pipe(options: ConnOptions = {}): [server: Conn, client: Conn] {
  const server = new PipeEnd()
  const client = new PipeEnd()
  server.peer = client
  client.peer = server
  return [connFrom(server, { ...options, role: 'server' }), connFrom(client, { ...options, role: 'client' })]
}
