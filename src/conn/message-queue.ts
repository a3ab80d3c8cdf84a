// Received messages that nobody has asked for yet, first in, first out.
// Read and filled in turns, mostly empty: an idle connection holds no array that a burst once made large.

import type { Message } from '../codec/message.ts'

/** What a waiting message costs beside its payload, for the count of bytes read ahead. */
const MESSAGE_COST = 64
/** Read messages at the front from which on the array is made anew, once they are half of it. */
const COMPACT_FROM = 32

export class MessageQueue {
  /** Bytes of the messages, with what keeping them costs. */
  bytes = 0
  /** From `head` on; what was read is cleared, so that it can be let go. */
  #messages: (Message | undefined)[] = []
  #head = 0

  get isEmpty(): boolean {
    return this.#messages.length === 0
  }

  push(message: Message): void {
    this.#messages.push(message)
    this.bytes += message.byteLength + MESSAGE_COST
  }

  /** The oldest message. */
  take(): Message | undefined {
    const messages = this.#messages
    const message = messages[this.#head]
    if (message === undefined) return undefined
    messages[this.#head++] = undefined
    this.bytes -= message.byteLength + MESSAGE_COST
    if (this.#head === messages.length) {
      this.#messages = []
      this.#head = 0
    } else if (this.#head >= COMPACT_FROM && this.#head * 2 >= messages.length) {
      // A reader that is always a little behind would never see the queue empty.
      this.#messages = messages.slice(this.#head)
      this.#head = 0
    }
    return message
  }

  takeAll(): Message[] {
    const all = this.#head === 0 ? this.#messages : this.#messages.slice(this.#head)
    this.#messages = []
    this.#head = 0
    this.bytes = 0
    return all as Message[]
  }
}
