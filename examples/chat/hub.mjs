// The hub owns every chatter: who comes, who leaves, and what all of them are told, in one order for all.
// It waits for no chatter's connection; it is only the talkers that wait, when they talk faster than one turn can carry.

import { setImmediate as nextTurn } from 'node:timers/promises'
import { Client, QUEUE_LIMIT } from './client.mjs'

/** Lines that one turn of the event loop carries: a queue that is empty at its beginning is never full at its end. */
const LINES_PER_TURN = QUEUE_LIMIT / 2

export class Hub {
  #clients = new Set()
  #linesThisTurn = 0
  #turn

  /** A chatter comes; all are told, he too. */
  join(conn, name) {
    const client = new Client(conn, name)
    this.#clients.add(client)
    this.#tell(`* ${name} joined, ${this.#clients.size} here`)
    return client
  }

  /** A chatter has left, or was found to be too slow before. */
  leave(client) {
    if (this.#clients.delete(client)) this.#tell(`* ${client.name} left, ${this.#clients.size} here`)
  }

  /** Tells all what a chatter says. The promise settles when he may say more; false: he is no longer here. */
  async say(client, text) {
    while (this.#linesThisTurn >= LINES_PER_TURN) await this.#turn
    if (!this.#clients.has(client)) return false
    this.#tell(`${client.name}: ${text}`)
    return true
  }

  #tell(line) {
    this.#countLine()
    const slow = []
    for (const client of this.#clients) if (!client.send(line)) slow.push(client)
    for (const client of slow) this.#clients.delete(client)
    for (const client of slow) this.#tell(`* ${client.name} was too slow, ${this.#clients.size} here`)
  }

  #countLine() {
    this.#linesThisTurn++
    this.#turn ??= nextTurn().then(() => {
      this.#linesThisTurn = 0
      this.#turn = undefined
    })
  }
}
