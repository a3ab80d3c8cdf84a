// Messages of every size around an edge, to gorilla/websocket and back, byte-exact.
// RFC 6455 §5.2 (the three forms of a length), §5.6 (texts); the other edges are those of buffers, ours and gorilla's.

import { describe, expect, test } from 'vitest'
import type { Conn, Message } from '../../src/index.ts'
import { patternOf, same } from '../integration/bytes.ts'
import { describeWithGorilla, roles } from './gorilla.ts'

const MIB = 1 << 20

/** All whole numbers from `first` to `last`. */
const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i)

const sizes = [
  ...range(0, 2),
  ...range(124, 129),
  ...range(1023, 1025),
  ...range(4095, 4097),
  ...range(16_383, 16_385),
  ...range(32_767, 32_769),
  ...range(65_534, 65_537),
  ...range(131_071, 131_073),
  MIB,
]

const kinds: [name: string, make: (size: number) => string | Buffer][] = [
  ['binary messages', (size) => patternOf(size, size)],
  [
    'texts of ASCII',
    (size) =>
      patternOf(Math.ceil(size / 2), size)
        .toString('hex')
        .slice(0, size),
  ],
  ['texts beyond ASCII', (size) => 'x'.repeat(size % 10) + 'aé你🐒'.repeat(size / 10)],
]

function isEcho(message: Message, sent: string | Buffer): boolean {
  return typeof sent === 'string'
    ? message.isText && message.text() === sent
    : !message.isText && same(message.data, sent)
}

/** The sizes of the messages that did not come back as they were sent. */
async function wrongSizes(conn: Conn, messages: readonly (string | Buffer)[]): Promise<number[]> {
  const wrong: number[] = []
  for (const sent of messages)
    if (!isEcho(await conn.readMessage(), sent)) wrong.push(Buffer.byteLength(sent))
  return wrong
}

describeWithGorilla('gorilla/websocket sends everything back', (gorilla) => {
  describe.each(roles)('%s', (_, role) => {
    test.each(kinds)('%s, one after the other', async (_, make) => {
      const { conn, go } = await gorilla.pair(role)
      const echo = go.echo()
      for (const size of sizes) {
        const sent = make(size)
        expect(Buffer.byteLength(sent)).toBe(size)
        await conn.writeMessage(sent)
        expect(await wrongSizes(conn, [sent])).toEqual([])
      }
      expect(await conn.close()).toEqual({ code: 1000, reason: '', wasClean: true })
      expect(await echo).toMatchObject({ count: sizes.length, end: { closeCode: 1000 } })
    })

    test.each(kinds)('%s, all at once', async (_, make) => {
      const { conn, go } = await gorilla.pair(role)
      const messages = [...sizes, ...[...sizes].reverse()].map(make)
      go.echo()
      const reading = wrongSizes(conn, messages)
      await Promise.all(messages.map((sent) => conn.writeMessage(sent)))
      expect(await reading).toEqual([])
    })
  })
})
