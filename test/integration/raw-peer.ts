// A peer made of a bare socket: it says and reads bytes, reads nothing it was not asked to, and can be rude.
// RFC 6455 §5.2 (the frames it takes apart).

import { type AddressInfo, connect as connectTcp, type Server, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { onTestFinished } from 'vitest'
import { frameBytes } from '../fuzz/frames.ts'
import { trust } from './certificate.ts'

export interface RawFrame {
  readonly fin: boolean
  /** The four low bits of the first byte. */
  readonly opcode: number
  /** RSV1 to RSV3 where they were. */
  readonly reserved: number
  readonly masked: boolean
  readonly payload: Buffer
}

/** The request of RFC 6455 §1.3; `headers` are lines without their ends. */
export function requestText(path = '/', headers: readonly string[] = []): string {
  return [
    `GET ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
    ...headers,
    '',
    '',
  ].join('\r\n')
}

/** A frame as a client sends it, masked, or as a server does. */
export function frame(role: 'client' | 'server', opcode: number, payload: Uint8Array | string, fin = true) {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload
  return frameBytes({
    fin,
    opcode,
    payload: bytes,
    key: role === 'client' ? Uint8Array.of(0xa1, 0x5c, 0x00, 0x37) : undefined,
  })
}

export class RawPeer {
  readonly socket: Socket
  private held: Buffer[] = []
  private heldBytes = 0
  private failure: Error | undefined

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('error', (error) => {
      this.failure = error
    })
    onTestFinished(() => {
      socket.destroy()
    })
  }

  /** Connects to a server of this test and says nothing yet. */
  static async connect(port: number, tls = false): Promise<RawPeer> {
    const target = { port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true }
    const peer = new RawPeer(tls ? connectTls({ ...target, ...trust }) : connectTcp(target))
    await new Promise((resolve, reject) => {
      peer.socket.once(tls ? 'secureConnect' : 'connect', resolve).once('error', reject)
    })
    return peer
  }

  /** Connects and completes the opening handshake as a client. */
  static async open(port: number, path = '/', tls = false): Promise<RawPeer> {
    const peer = await RawPeer.connect(port, tls)
    peer.send(requestText(path))
    const head = await peer.head()
    if (!head.startsWith('HTTP/1.1 101 ')) throw new Error(`no 101 but ${head}`)
    return peer
  }

  send(bytes: Uint8Array | string): void {
    this.socket.write(bytes)
  }

  /** Sends the parts so that each arrives by itself, as far as one machine can do that. */
  async sendParts(parts: readonly Uint8Array[], pause = 5): Promise<void> {
    for (const part of parts) {
      this.send(part)
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }

  /** The next `count` bytes; rejects when the stream ends before. */
  async take(count: number): Promise<Buffer> {
    while (this.heldBytes < count) {
      if (!(await this.more())) {
        throw this.failure ?? new Error(`the stream ended ${count - this.heldBytes} bytes early`)
      }
    }
    const all = this.held.length === 1 ? this.held[0] : Buffer.concat(this.held)
    const rest = all.subarray(count)
    this.held = rest.length > 0 ? [rest] : []
    this.heldBytes = rest.length
    return all.subarray(0, count)
  }

  /** Everything up to the end of the stream, be it ordinary or not. */
  async rest(): Promise<Buffer> {
    while (await this.more());
    return this.take(this.heldBytes)
  }

  /** The text of an HTTP head, with the empty line that ends it. */
  async head(): Promise<string> {
    let text = ''
    while (!text.endsWith('\r\n\r\n')) text += (await this.take(1)).toString('latin1')
    return text
  }

  /** The next frame, unmasked. */
  async frame(): Promise<RawFrame> {
    const [first, second] = await this.take(2)
    const masked = (second & 0x80) !== 0
    const short = second & 0x7f
    let length = short
    if (short === 126) length = (await this.take(2)).readUInt16BE()
    if (short === 127) length = Number((await this.take(8)).readBigUInt64BE())
    const key = masked ? await this.take(4) : undefined
    const payload = Buffer.from(await this.take(length))
    if (key !== undefined) for (let i = 0; i < length; i++) payload[i] ^= key[i % 4]
    return { fin: first >= 0x80, opcode: first & 0x0f, reserved: first & 0x70, masked, payload }
  }

  /** The next frame, which must be a Close frame: its code (1005 for none) and reason. */
  async closeFrame(): Promise<{ code: number; reason: string }> {
    const { opcode, payload } = await this.frame()
    if (opcode !== 8) throw new Error(`opcode ${opcode} instead of a Close frame`)
    return {
      code: payload.length === 0 ? 1005 : payload.readUInt16BE(),
      reason: payload.subarray(2).toString(),
    }
  }

  /** Reads one chunk; false at the end of the stream. */
  private async more(): Promise<boolean> {
    const { socket } = this
    for (;;) {
      const chunk: Buffer | null = socket.read()
      if (chunk !== null) {
        this.held.push(chunk)
        this.heldBytes += chunk.length
        return true
      }
      if (socket.readableEnded || socket.destroyed) return false
      await new Promise<void>((resolve) => {
        const events = ['readable', 'end', 'close']
        const woken = () => {
          for (const event of events) socket.removeListener(event, woken)
          resolve()
        }
        for (const event of events) socket.on(event, woken)
      })
    }
  }
}

/** The port that `server` listens on. */
export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}
