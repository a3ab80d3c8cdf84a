// A WebSocket client of the tests, made of ws, that keeps what arrives until it is asked for.
// RFC 6455 §5.6 (texts), §7.1.5 (the close code).

import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'

export class Talker {
  readonly socket: WebSocket
  /** The texts that arrived, as they came in messages. */
  readonly messages: string[] = []
  readonly closed: Promise<{ code: number; reason: string }>
  private readonly watchers = new Set<() => void>()

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data) => {
      this.messages.push(String(data))
      this.look()
    })
    socket.on('error', () => {})
    this.closed = once(socket, 'close').then(([code, reason]) => {
      this.look()
      return { code: Number(code), reason: String(reason) }
    })
    onTestFinished(() => socket.terminate())
  }

  static async open(url: string): Promise<Talker> {
    const talker = new Talker(new WebSocket(url))
    await once(talker.socket, 'open')
    return talker
  }

  /** What arrived, a line each. */
  get lines(): string[] {
    return this.messages.flatMap((message) => message.split('\n'))
  }

  /** Waits until what arrived is as wanted; rejects when the connection ends before. */
  until(isThere: (talker: this) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (isThere(this)) resolve()
        else if (this.socket.readyState === WebSocket.CLOSED) {
          reject(new Error(`closed behind ${this.messages.length} messages: ${this.messages.slice(-3)}`))
        } else return
        this.watchers.delete(look)
      }
      this.watchers.add(look)
      look()
    })
  }

  /** Waits for a line. */
  line(wanted: string): Promise<void> {
    return this.until(({ lines }) => lines.includes(wanted))
  }

  private look(): void {
    for (const watcher of [...this.watchers]) watcher()
  }
}
