// Received messages that wait for a reader, or the reader that waits for a message; never both.
// After the end of the connection the messages that are here can still be read, then every read fails alike.

import { WebSocketError } from '../codec/errors.ts'
import type { Message } from '../codec/message.ts'
import { rejected, Waiter } from './waiter.ts'

/** What a waiting message costs beside its payload, for the count of bytes read ahead. */
const MESSAGE_COST = 64

/** A read that waits. A loop's read ends with `done` when the connection ends in order; a plain one rejects. */
interface Reader {
  readonly loop: Waiter<IteratorResult<Message, undefined>> | undefined
  readonly plain: Waiter<Message> | undefined
}

export class Inbox {
  private queue: Message[] = []
  private next = 0
  private bytes = 0
  private reader: Reader | undefined
  private error: WebSocketError | undefined
  private isClean = false

  get isEmpty(): boolean {
    return this.queue.length === 0
  }

  /** Bytes of the messages that wait, with what keeping them costs. */
  get waitingBytes(): number {
    return this.bytes
  }

  get hasReader(): boolean {
    return this.reader !== undefined
  }

  /** Why reading has ended; undefined while it has not. */
  get failure(): WebSocketError | undefined {
    return this.error
  }

  push(message: Message): void {
    const { reader } = this
    if (reader === undefined) {
      this.queue.push(message)
      this.bytes += message.byteLength + MESSAGE_COST
      return
    }
    this.reader = undefined
    if (reader.loop !== undefined) reader.loop.resolve({ done: false, value: message })
    else reader.plain?.resolve(message)
  }

  /** The oldest waiting message. */
  take(): Message | undefined {
    const { queue } = this
    if (queue.length === 0) return undefined
    const message = queue[this.next++]
    this.bytes -= message.byteLength + MESSAGE_COST
    if (this.next === queue.length) {
      // An idle connection holds no array that a burst once made large.
      this.queue = []
      this.next = 0
    }
    return message
  }

  /** The next message of a loop; only when none waits. */
  waitInLoop(): Promise<IteratorResult<Message, undefined>> {
    if (this.reader !== undefined) return rejected(new WebSocketError('ERR_WS_CONCURRENT_READ'))
    if (this.error !== undefined) {
      return this.isClean ? Promise.resolve({ done: true, value: undefined }) : rejected(this.error)
    }
    const loop = new Waiter<IteratorResult<Message, undefined>>()
    this.reader = { loop, plain: undefined }
    return loop.promise
  }

  /** The next message; only when none waits. The waiter is returned to be armed, or the error that forbids it. */
  wait(): Waiter<Message> | WebSocketError {
    if (this.reader !== undefined) return new WebSocketError('ERR_WS_CONCURRENT_READ')
    if (this.error !== undefined) return this.error
    const plain = new Waiter<Message>()
    this.reader = { loop: undefined, plain }
    return plain
  }

  /** The waiting plain read gives up; the next one may wait again. */
  abandon(error: unknown): void {
    const plain = this.reader?.plain
    this.reader = undefined
    plain?.reject(error)
  }

  /**
   * Reading ends behind the messages that are here. The first call counts.
   * @param clean the peer closed in order: loops end instead of throwing
   */
  end(error: WebSocketError, clean: boolean): void {
    if (this.error !== undefined) return
    this.error = error
    this.isClean = clean
    const { reader } = this
    this.reader = undefined
    if (reader?.loop !== undefined && clean) reader.loop.resolve({ done: true, value: undefined })
    else if (reader?.loop !== undefined) reader.loop.reject(error)
    else reader?.plain?.reject(error)
  }
}
