// One chatter's way out: lines wait in a bounded queue while a write is under way, and leave together in one message.
// A chatter whose queue is full is too slow: close code 1013 (IANA's registry, RFC 6455 §7.4.2), and nobody waited for him.

import { CloseTryAgainLater } from 'gibbon-ws'

/** Lines that may wait for a chatter. */
export const QUEUE_LIMIT = 256
/** How long a chatter may take for what is sent to him at once, in milliseconds. */
const WRITE_WAIT = 10_000

export class Client {
  name
  #conn
  #queue = []
  #isWriting = false

  /** @param conn with `highWaterMark` 0, so that a write is done once the operating system has it */
  constructor(conn, name) {
    this.#conn = conn
    this.name = name
  }

  /** Queues a line. False when the queue is full: the chatter is then being closed, and what waited is forgotten. */
  send(line) {
    // He is leaving already, and his loop will tell the hub.
    if (this.#conn.state !== 'open') return true
    if (this.#queue.length === QUEUE_LIMIT) {
      this.#queue = []
      this.#conn.close(CloseTryAgainLater, 'too slow')
      return false
    }
    this.#queue.push(line)
    if (!this.#isWriting) this.#write()
    return true
  }

  async #write() {
    this.#isWriting = true
    try {
      while (this.#queue.length > 0 && this.#conn.state === 'open') {
        const text = this.#queue.join('\n')
        this.#queue = []
        await this.#conn.writeMessage(text, { timeout: WRITE_WAIT })
      }
    } catch {
      // The connection is over, and its own loop knows why.
      this.#queue = []
    }
    this.#isWriting = false
  }
}
