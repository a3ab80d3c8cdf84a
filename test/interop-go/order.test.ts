// Many messages both ways without waiting, prepared messages, and JSON: in order, none lost, byte-exact.
// RFC 6455 §5.6.

import { describe, expect, test } from 'vitest'
import type { Conn } from '../../src/index.ts'
import { patternOf, same } from '../integration/bytes.ts'
import { open } from '../integration/serve.ts'
import { describeWithGorilla, roles } from './gorilla.ts'

const MANY = 10_000
const CLIENTS = 20

/** The n-th of many messages; gorilla's side makes the same. */
const counted = (n: number) => `message ${String(n).padStart(12, '0')}`

/** How many of the next `count` messages are not the counted ones. */
async function wrongCounted(conn: Conn, count: number): Promise<number> {
  let wrong = 0
  for (let n = 0; n < count; n++) {
    const { data } = await conn.readMessage()
    if (Buffer.from(data.buffer, data.byteOffset, data.length).toString() !== counted(n)) wrong++
  }
  return wrong
}

describeWithGorilla('in order, with gorilla/websocket', (gorilla) => {
  describe.each(roles)('%s', (_, role) => {
    test.each([
      ['texts', 1],
      ['binary messages', 2],
    ] as const)('10,000 %s of 20 bytes each way at once', async (_, type) => {
      const { conn, go } = await gorilla.pair(role)
      const [itsCount, , ourWrong] = await Promise.all([
        go.readCounted(MANY),
        go.writeCounted(type, MANY),
        wrongCounted(conn, MANY),
        ...Array.from({ length: MANY }, (_, n) =>
          conn.writeMessage(type, type === 1 ? counted(n) : Buffer.from(counted(n))),
        ),
      ])
      expect(itsCount.count).toBe(MANY)
      expect(ourWrong).toBe(0)
      const end = go.readToEnd()
      expect(await conn.close()).toMatchObject({ code: 1000, wasClean: true })
      expect((await end).count).toBe(0)
    })

    test('10,000 messages of 20 bytes are sent back', async () => {
      const { conn, go } = await gorilla.pair(role)
      const echo = go.echo()
      const reading = wrongCounted(conn, MANY)
      for (let n = 0; n < MANY; n++) await conn.writeMessage(counted(n))
      expect(await reading).toBe(0)
      await conn.close()
      expect((await echo).count).toBe(MANY)
    })

    test.each([0, 1, 125, 126, 4_096, 65_536, 1 << 20])('a prepared message of %i bytes', async (size) => {
      const { conn, go } = await gorilla.pair(role)
      const bytes = patternOf(size)
      const prepared = gorilla.prepared([go], 2, bytes, 3)
      for (let i = 0; i < 3; i++) {
        const message = await conn.readMessage()
        expect([message.type, same(message.data, bytes)]).toEqual([2, true])
      }
      await prepared
    })

    test('a prepared ping is answered', async () => {
      const { go } = await gorilla.pair(role)
      go.readToEnd()
      await gorilla.prepared([go], 9, 'prepared', 2)
      expect([await go.heard('pong'), await go.heard('pong')]).toEqual(['prepared', 'prepared'])
    })

    test('values in JSON', async () => {
      const { conn, go } = await gorilla.pair(role)
      const value = { text: 'größe 🐒 <&>', list: [1, 2.5, null, true], nested: { '': [] } }
      await go.writeJSON(value)
      const message = await conn.readMessage()
      expect([message.isText, message.json()]).toEqual([true, value])
      await conn.writeMessage(JSON.stringify(value))
      expect(await go.readJSON()).toEqual(value)
    })
  })

  test('a prepared message goes to 20 of our clients', async () => {
    const listener = await gorilla.listen()
    const conns = await Promise.all(Array.from({ length: CLIENTS }, () => open(listener.url)))
    const gos = await Promise.all(conns.map(() => listener.accept()))
    const text = 'für alle 🐒 '.repeat(1_000)
    await gorilla.prepared(gos, 1, text, 5)
    for (const conn of conns)
      for (let i = 0; i < 5; i++) expect((await conn.readMessage()).text() === text).toBe(true)
  })
})
