// How many connections a server has at the moment: what a dial leaves open shows at the other end.
// Counted by events, as they are gone a moment after they were destroyed.

import type { Server, Socket } from 'node:net'
import { expect } from 'vitest'

export class SocketCount {
  open = 0
  /** All that there ever were. */
  total = 0

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      this.open++
      this.total++
      socket.once('close', () => this.open--)
    })
  }

  /** Some seconds at most. */
  async becomes(count: number): Promise<void> {
    for (let i = 0; i < 1000 && this.open !== count; i++)
      await new Promise((resolve) => setTimeout(resolve, 5))
    expect(this.open).toBe(count)
  }
}
