// Messages that our writers send in fragments, to gorilla/websocket and back, with control frames between the fragments.
// RFC 6455 §5.4. A writer sends no empty fragment but the last; a piece of `writeBufferSize` or more is one of its own.

import { describe, expect, test } from 'vitest'
import { type MessageWriter, PingMessage, PongMessage, PreparedMessage } from '../../src/index.ts'
import { patternOf, same } from '../integration/bytes.ts'
import { describeWithGorilla, roles } from './gorilla.ts'

const bufferSizes = [1, 16, 4_096]

/** Small ones before and behind large ones, empty ones everywhere. */
const sizes = [
  0, 1, 2, 70_000, 0, 15, 16, 17, 125, 126, 1, 4_095, 4_096, 4_097, 0, 3, 32_767, 32_768, 32_769, 9, 65_535,
  65_536, 0,
]

const TEXT = 'aé你🐒'.repeat(2_000)

/** Slices of a text, of so many code points in turn. */
function slices(text: string, lengths: readonly number[]): string[] {
  const points = [...text]
  const parts: string[] = []
  for (let at = 0, i = 0; at < points.length; at += lengths[i++ % lengths.length])
    parts.push(points.slice(at, at + lengths[i % lengths.length]).join(''))
  return parts
}

async function writeAll(writer: MessageWriter, pieces: readonly (string | Uint8Array)[]): Promise<void> {
  for (const piece of pieces) await writer.write(piece)
  await writer.close()
}

describeWithGorilla('our writers and gorilla/websocket', (gorilla) => {
  describe.each(roles)('%s', (_, role) => {
    describe.each(bufferSizes)('with writeBufferSize %i', (writeBufferSize) => {
      const ours = { writeBufferSize }

      test('pieces of every size are one message, and our pings and pongs come between them', async () => {
        const { conn, go } = await gorilla.pair(role, { ours })
        const echoed = go.echoNoting()
        const writer = await conn.nextWriter(2)
        const pieces = sizes.map((size, i) => patternOf(size, i))
        for (const [i, piece] of pieces.entries()) {
          await writer.write(piece)
          // Control frames may pass what has not left.
          await conn.flush()
          await conn.writeControl(PingMessage, `behind piece ${i}`)
          await conn.writeControl(PongMessage, `behind ping ${i}`)
        }
        await writer.close()

        const noted = await echoed
        expect(noted.map(({ what, data }) => `${what} ${data}`)).toEqual(
          pieces.flatMap((_, i) => [`ping behind piece ${i}`, `pong behind ping ${i}`]),
        )
        let written = 0
        for (const [i, piece] of pieces.entries()) {
          written += piece.length
          // The buffer holds back what is in it.
          for (const { at } of noted.slice(2 * i, 2 * i + 2)) {
            expect(at).toBeLessThanOrEqual(written)
            expect(at).toBeGreaterThanOrEqual(written - writeBufferSize)
          }
        }
        const message = await conn.readMessage()
        expect([message.type, same(message.data, Buffer.concat(pieces))]).toEqual([2, true])
      })

      test.each<[string, (string | Uint8Array)[]]>([
        ['strings', slices(TEXT, [0, 1, 2, 3_000, 7, 1, 1_500])],
        ['single characters', slices('aé你🐒'.repeat(100), [1])],
        [
          'bytes that are cut inside of characters',
          [...Buffer.from('aé你🐒'.repeat(100))].map((b) => Buffer.of(b)),
        ],
        ['bytes and strings', [Buffer.from('für '), 'über 🐒', Buffer.from(TEXT), '', Buffer.alloc(0), 'x']],
      ])('a text of %s', async (_, pieces) => {
        const { conn, go } = await gorilla.pair(role, { ours })
        go.echo()
        await writeAll(await conn.nextWriter(1), pieces)
        const message = await conn.readMessage()
        const text = Buffer.concat(pieces.map((piece) => Buffer.from(piece))).toString()
        expect([message.isText, message.text() === text]).toEqual([true, true])
      })

      test.each<[string, Uint8Array[]]>([
        ['no piece', []],
        ['an empty piece', [patternOf(0)]],
        ['empty pieces', [patternOf(0), patternOf(0), patternOf(0)]],
        ['a large piece between empty ones', [patternOf(0), patternOf(5_000), patternOf(0)]],
        ['a piece that fills the buffer', [patternOf(writeBufferSize)]],
        ['two of those', [patternOf(writeBufferSize), patternOf(writeBufferSize)]],
        ['one byte more', [patternOf(writeBufferSize + 1)]],
        ['one byte more in front', [patternOf(1), patternOf(writeBufferSize)]],
      ])('%s and a message behind it', async (_, pieces) => {
        const { conn, go } = await gorilla.pair(role, { ours })
        go.echo()
        await writeAll(await conn.nextWriter(2), pieces)
        await conn.writeMessage('next')
        const message = await conn.readMessage()
        expect([message.type, same(message.data, Buffer.concat(pieces))]).toEqual([2, true])
        expect((await conn.readMessage()).text()).toBe('next')
      })

      test('a thousand messages, each of another cut, are sent back in order', async () => {
        const { conn, go } = await gorilla.pair(role, { ours })
        go.echo()
        const messageOf = (n: number) => patternOf((n * 37) % 5_003, n)
        const writing = (async () => {
          for (let n = 0; n < 1_000; n++) {
            const writer = await conn.nextWriter(2)
            const bytes = messageOf(n)
            for (let at = 0, size = n % 5; at < bytes.length; at += size, size = (size * 3 + 1) % 4_099)
              writer.write(bytes.subarray(at, at + size))
            await writer.close()
          }
        })()
        let wrong = 0
        for (let n = 0; n < 1_000; n++) if (!same((await conn.readMessage()).data, messageOf(n))) wrong++
        await writing
        expect(wrong).toBe(0)
      })
    })

    test('what waits behind a writer comes behind its message, in order, and pings pass', async () => {
      const { conn, go } = await gorilla.pair(role, { ours: { writeBufferSize: 16 } })
      go.echo()
      const writer = await conn.nextWriter(1)
      await writer.write('the first, ')
      const later = [
        conn.writeMessage('a message'),
        conn.nextWriter(2).then((second) => writeAll(second, [patternOf(5_000), 'x', patternOf(70_000)])),
        conn.writePreparedMessage(new PreparedMessage(1, 'a prepared one')),
        conn.nextWriter(1).then((third) => writeAll(third, [])),
        conn.writeJSON({ n: 5 }),
      ]
      await writer.write('which is longer than the buffer')
      expect(await conn.ping('passes')).toBeGreaterThan(0)
      expect(await go.heard('ping')).toBe('passes')
      await writer.write(' and ends here')
      await writer.close()
      await Promise.all(later)

      const texts = ['the first, which is longer than the buffer and ends here', 'a message']
      for (const text of texts) expect(await conn.readText()).toBe(text)
      const bytes = Buffer.concat([patternOf(5_000), Buffer.from('x'), patternOf(70_000)])
      expect(same((await conn.readMessage()).data, bytes)).toBe(true)
      for (const text of ['a prepared one', '']) expect(await conn.readText()).toBe(text)
      expect(await conn.readJSON()).toEqual({ n: 5 })
    })

    test('a writer that is given up before a part was sent leaves no trace', async () => {
      const { conn, go } = await gorilla.pair(role)
      const writer = await conn.nextWriter(1)
      await writer.write('never mind')
      writer.abort()
      await conn.writeMessage('next')
      expect((await go.read()).data.toString()).toBe('next')
    })

    test('a writer that is given up in the middle of its message fails the connection with 1011', async () => {
      const { conn, go } = await gorilla.pair(role, { ours: { writeBufferSize: 16 } })
      const end = go.readToEnd()
      const writer = await conn.nextWriter(1)
      await writer.write('longer than the buffer')
      writer.abort()
      expect(await end).toMatchObject({ count: 0, end: { closeCode: 1011 } })
      expect(await conn.closed).toMatchObject({ code: 1011, error: { code: 'ERR_WS_WRITER_ABORTED' } })
    })

    test('close() does not wait for an open writer, whose message never ends', async () => {
      const { conn, go } = await gorilla.pair(role, { ours: { writeBufferSize: 16 } })
      const end = go.readToEnd()
      await conn.writeMessage('whole')
      const writer = await conn.nextWriter(1)
      await writer.write('longer than the buffer')
      expect(await conn.close(1001, 'bye')).toEqual({ code: 1001, reason: '', wasClean: true })
      expect(await end).toMatchObject({ count: 1, end: { closeCode: 1001, closeText: 'bye' } })
      await expect(writer.write('late')).rejects.toMatchObject({ code: 'ERR_WS_CLOSE_SENT' })
    })
  })
})
