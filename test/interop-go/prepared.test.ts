// A prepared message of ours goes to twenty connections with gorilla/websocket at the other end: data and control frames.
// RFC 6455 §5.2, §5.3. A server's frame is made once; a client's is masked anew each time.

import { describe, expect, test } from 'vitest'
import {
  BinaryMessage,
  CloseMessage,
  type Conn,
  formatCloseMessage,
  PingMessage,
  PongMessage,
  PreparedMessage,
  TextMessage,
} from '../../src/index.ts'
import { patternOf, same } from '../integration/bytes.ts'
import { open, serve } from '../integration/serve.ts'
import type { GoConn } from './go-conn.ts'
import { describeWithGorilla, type GorillaPeer, type Role, roles } from './gorilla.ts'

const MANY = 20

interface Ends {
  readonly conn: Conn
  readonly go: GoConn
}

/** Connections to one server, ours or its. */
async function pairs(gorilla: GorillaPeer, role: Role): Promise<Ends[]> {
  const ends: Ends[] = []
  if (role === 'client') {
    const listener = await gorilla.listen()
    for (let i = 0; i < MANY; i++) ends.push({ conn: await open(listener.url), go: await listener.accept() })
    return ends
  }
  let opened!: (conn: Conn) => void
  const { url } = await serve((conn) => opened(conn), { attach: { keepAlive: false } })
  for (let i = 0; i < MANY; i++) {
    const conn = new Promise<Conn>((resolve) => {
      opened = resolve
    })
    ends.push({ go: await gorilla.dial(url), conn: await conn })
  }
  return ends
}

describeWithGorilla('our prepared messages and gorilla/websocket', (gorilla) => {
  describe.each(roles)('%s', (_, role) => {
    test('twenty peers get the same messages, between others', async () => {
      const ends = await pairs(gorilla, role)
      const text = 'für alle 🐒 '.repeat(1_000)
      const payloads = [text, patternOf(70_000), '', patternOf(125), patternOf(126)]
      const prepared = payloads.map(
        (payload) => new PreparedMessage(typeof payload === 'string' ? TextMessage : BinaryMessage, payload),
      )
      for (const [i, { conn }] of ends.entries()) {
        for (const message of prepared) {
          conn.writePreparedMessage(message)
          conn.writeMessage(`to ${i} alone`)
        }
      }
      for (const [i, { go }] of ends.entries()) {
        for (const payload of payloads) {
          const { type, data } = await go.read()
          expect([type, same(data, Buffer.from(payload))]).toEqual([
            typeof payload === 'string' ? 1 : 2,
            true,
          ])
          expect((await go.read()).data.toString()).toBe(`to ${i} alone`)
        }
      }
    })

    test('twenty peers get the same pings, pongs, and Close frame', async () => {
      const ends = await pairs(gorilla, role)
      const ping = new PreparedMessage(PingMessage, 'a ping for all')
      const pong = new PreparedMessage(PongMessage, 'a pong for all')
      const close = new PreparedMessage(CloseMessage, formatCloseMessage(4000, 'that is all'))
      const pongs: string[] = []
      const ended = ends.map(({ go }) => go.readToEnd())
      for (const { conn } of ends) {
        conn.setPongHandler((data) => pongs.push(Buffer.from(data).toString()))
        await conn.writePreparedMessage(ping)
        await conn.writePreparedMessage(pong)
      }
      for (const { go } of ends) {
        expect(await go.heard('ping')).toBe('a ping for all')
        expect(await go.heard('pong')).toBe('a pong for all')
      }
      await expect.poll(() => pongs).toEqual(Array<string>(MANY).fill('a ping for all'))

      for (const { conn } of ends) await conn.writePreparedMessage(close)
      for (const [i, { conn }] of ends.entries()) {
        expect((await ended[i]).end).toMatchObject({ closeCode: 4000, closeText: 'that is all' })
        expect(await conn.closed).toEqual({ code: 4000, reason: '', wasClean: true })
        await expect(conn.writePreparedMessage(ping)).rejects.toMatchObject({ code: 'ERR_WS_CLOSED' })
      }
    })
  })
})
