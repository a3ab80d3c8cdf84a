// All ways to receive many messages from gorilla/websocket, and all ways to send them back; it makes them, and judges.
// RFC 6455 §5.4, §5.6.

import { pipeline } from 'node:stream/promises'
import { describe, expect, test } from 'vitest'
import { type Conn, type Message, type MessageReader, nodeReadable, nodeWritable } from '../../src/index.ts'
import { describeWithGorilla, roles } from './gorilla.ts'

const MANY = 10_000

/** The n-th of many messages; gorilla's side makes the same. */
const counted = (n: number) => `message ${String(n).padStart(12, '0')}`

const isCounted = (message: Message, n: number) => Buffer.from(message.data).toString() === counted(n)

/** Readers of all messages, until the peer closes. */
async function* readersOf(conn: Conn): AsyncGenerator<MessageReader> {
  for (;;) {
    try {
      yield await conn.nextReader()
    } catch (error) {
      if ((error as { code?: string }).code === 'ERR_WS_CLOSED') return
      throw error
    }
  }
}

const echoes: [name: string, messages: number, echo: (conn: Conn) => Promise<unknown>][] = [
  [
    'onMessage',
    MANY,
    (conn) => {
      conn.onMessage((message) => conn.writeMessage(message))
      return conn.closed
    },
  ],
  [
    'onMessage, lent',
    MANY,
    (conn) => {
      conn.onMessage((message) => conn.writeMessage(message), { borrow: true })
      return conn.closed
    },
  ],
  [
    'batches',
    MANY,
    async (conn) => {
      for await (const batch of conn.batches())
        await Promise.all(batch.map((message) => conn.writeMessage(message)))
    },
  ],
  [
    'readMessage into memory that is used again',
    MANY,
    async (conn) => {
      const into = new Uint8Array(70_000)
      for (;;) {
        const message = await conn.readMessage({ into }).catch((error) => {
          if (error.code !== 'ERR_WS_CLOSED') throw error
        })
        if (message === undefined) return
        await conn.writeMessage(message.type, message.data, { copy: true })
      }
    },
  ],
  [
    'readers and writers',
    MANY,
    async (conn) => {
      for await (const reader of readersOf(conn)) {
        const writer = await conn.nextWriter(reader.type)
        for await (const piece of reader) await writer.write(piece)
        await writer.close()
      }
    },
  ],
  [
    'streams of the web platform',
    1_000,
    async (conn) => {
      for await (const reader of readersOf(conn)) {
        const writer = await conn.nextWriter(reader.type)
        await reader.readable.pipeTo(writer.writable)
      }
    },
  ],
  [
    'streams of Node',
    1_000,
    async (conn) => {
      for await (const reader of readersOf(conn)) {
        const writer = await conn.nextWriter(reader.type)
        await pipeline(nodeReadable(reader), nodeWritable(writer))
      }
    },
  ],
]

describeWithGorilla('many messages of gorilla/websocket', (gorilla) => {
  describe.each(roles)('%s', (_, role) => {
    describe.each([
      ['texts', 1],
      ['binary messages', 2],
    ] as const)('10,000 %s at once', (_, type) => {
      test('come in order to onMessage, to keep', async () => {
        const { conn, go } = await gorilla.pair(role)
        const messages: Message[] = []
        conn.onMessage((message) => messages.push(message))
        await go.writeCounted(type, MANY)
        await go.close(1000)
        await go.readToEnd()
        await conn.closed
        expect(messages.length).toBe(MANY)
        expect(messages.filter((message, n) => message.type !== type || !isCounted(message, n))).toEqual([])
      })

      test('come in order to onMessage, lent', async () => {
        const { conn, go } = await gorilla.pair(role)
        let [count, wrong] = [0, 0]
        let lent: Message | undefined
        conn.onMessage(
          (message) => {
            if (message.type !== type || !isCounted(message, count++)) wrong++
            lent = message
          },
          { borrow: true },
        )
        await go.writeCounted(type, MANY)
        await go.close(1000)
        await go.readToEnd()
        await conn.closed
        expect([count, wrong]).toEqual([MANY, 0])
        expect(() => lent!.data).toThrow(expect.objectContaining({ code: 'ERR_WS_MESSAGE_EXPIRED' }))
      })

      test('come in order in batches', async () => {
        const { conn, go } = await gorilla.pair(role)
        const written = go.writeCounted(type, MANY).then(() => go.close(1000))
        let [count, wrong, batches] = [0, 0, 0]
        for await (const batch of conn.batches()) {
          batches++
          expect(batch.length).toBeGreaterThan(0)
          for (const message of batch) if (message.type !== type || !isCounted(message, count++)) wrong++
        }
        await written
        expect([count, wrong]).toEqual([MANY, 0])
        expect(batches).toBeLessThan(MANY)
      })
    })

    test.each(echoes)('are sent back by %s: %i of 0 to 70,000 bytes', async (_, messages, echo) => {
      const { conn, go } = await gorilla.pair(role)
      const echoed = echo(conn)
      const [{ count }] = await Promise.all([go.readMixed(messages), go.writeMixed(messages)])
      expect(count).toBe(messages)
      await go.close(1000)
      expect(await go.readToEnd()).toMatchObject({ count: 0, end: { closeCode: 1000 } })
      await echoed
      expect(await conn.closed).toEqual({ code: 1000, reason: '', wasClean: true })
    })
  })
})
