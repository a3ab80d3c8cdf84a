// Messages that gorilla/websocket's NextWriter sends in fragments, with pings between them, are put together.
// RFC 6455 §5.4. gorilla sends a fragment whenever its write buffer is full, and cannot send an empty one but the last.

import { describe, expect, test } from 'vitest'
import { patternOf, same } from '../integration/bytes.ts'
import type { Means } from './go-conn.ts'
import { describeWithGorilla, roles } from './gorilla.ts'

const meansOfWriting: Means[] = ['Write', 'WriteString', 'ReadFrom']
const TEXT = 'über 🐒 alles — '.repeat(15)

describeWithGorilla('fragments of gorilla/websocket', (gorilla) => {
  describe.each(roles)('%s', (_, role) => {
    /** Whether a message is delivered where `maxFragments` are allowed; else it fails with 1008. */
    async function passes(
      maxFragments: number,
      writeBufferSize: number,
      parts: readonly (string | Uint8Array)[],
      means: Means,
    ): Promise<boolean> {
      const { conn, go } = await gorilla.pair(role, { ours: { maxFragments }, go: { writeBufferSize } })
      const end = go.readToEnd()
      // What it writes behind our Close frame may fail.
      const written = go.writeParts(2, parts, { means }).catch(() => undefined)
      const outcome = await conn.readMessage().then(
        (message) => {
          expect(same(message.data, Buffer.concat(parts.map((part) => Buffer.from(part))))).toBe(true)
          return true
        },
        (error) => {
          expect(error).toMatchObject({ code: 'ERR_WS_TOO_MANY_FRAGMENTS', closeCode: 1008 })
          return false
        },
      )
      await written
      if (!outcome) expect((await end).end).toMatchObject({ closeCode: 1008 })
      return outcome
    }

    test('of one byte each, which cut every character of a text', async () => {
      const { conn, go } = await gorilla.pair(role, { go: { writeBufferSize: 1 } })
      await go.writeParts(1, [TEXT])
      const message = await conn.readMessage()
      expect([message.isText, message.text()]).toEqual([true, TEXT])
      await go.write(1, 'next')
      expect((await conn.readMessage()).text()).toBe('next')

      expect(await passes(100, 1, [patternOf(100)], 'WriteString')).toBe(true)
      expect(await passes(99, 1, [patternOf(100)], 'WriteString')).toBe(false)
    })

    test('of which the last is empty', async () => {
      // It sees the end only behind a full buffer: 16, 16, 0.
      expect(await passes(3, 16, [patternOf(32)], 'ReadFrom')).toBe(true)
      expect(await passes(2, 16, [patternOf(32)], 'ReadFrom')).toBe(false)
      if (role === 'server') return
      // Its server sends much at once as it is: 1000, 0.
      expect(await passes(2, 16, [patternOf(1000)], 'Write')).toBe(true)
      expect(await passes(1, 16, [patternOf(1000)], 'Write')).toBe(false)
    })

    test.each(meansOfWriting)('of every size, by %s, with pings between them', async (means) => {
      const { conn, go } = await gorilla.pair(role, { go: { writeBufferSize: 16 } })
      go.readToEnd()
      const bytes = patternOf(5_000)
      const parts: Buffer[] = []
      for (let at = 0, size = 0; at < bytes.length; at += size, size = (size * 2 + 1) % 1_021)
        parts.push(bytes.subarray(at, at + size))
      const pings = parts.map((_, i) => `behind part ${i}`)
      for (const type of [1, 2]) {
        // A text must be one.
        const hex = (part: Buffer) => (type === 1 ? Buffer.from(part.toString('hex')) : part)
        const reading = conn.readMessage()
        await go.writeParts(type, parts.map(hex), { means, pings })
        const message = await reading
        expect(message.type).toBe(type)
        expect(same(message.data, hex(bytes))).toBe(true)
        for (const ping of pings) expect(await go.heard('pong')).toBe(ping)
      }
    })

    test('pings are answered while a message is half way', async () => {
      const { conn, go } = await gorilla.pair(role, { go: { writeBufferSize: 16 } })
      go.readToEnd()
      let delivered = false
      const reading = conn.readMessage().then((message) => {
        delivered = true
        return message
      })
      await go.writeParts(1, ['x'.repeat(40)], { open: true })
      await go.control(9, 'in the middle')
      expect(await go.heard('pong')).toBe('in the middle')
      expect(delivered).toBe(false)
      // NextWriter ends the message of a writer that was left open.
      await go.writeParts(1, [])
      expect((await reading).text()).toBe('x'.repeat(40))
      expect((await conn.readMessage()).text()).toBe('')
    })

    test('none at all, of a writer that was given nothing, is an empty message', async () => {
      const { conn, go } = await gorilla.pair(role)
      await go.writeParts(2, [])
      await go.writeParts(1, ['', ''])
      const [first, second] = [await conn.readMessage(), await conn.readMessage()]
      expect([first.type, first.byteLength, second.type, second.byteLength]).toEqual([2, 0, 1, 0])
    })

    test('E7: with a Close frame between them are no message', async () => {
      const { conn, go } = await gorilla.pair(role, { go: { writeBufferSize: 16 } })
      await go.writeParts(1, ['x'.repeat(40)], { open: true })
      await go.close(1000, 'hello')
      await expect(conn.readMessage()).rejects.toMatchObject({
        code: 'ERR_WS_CLOSED',
        closeCode: 1000,
        reason: 'hello',
      })
      expect(await go.readToEnd()).toMatchObject({ end: { closeCode: 1000 } })
      expect(await conn.closed).toEqual({ code: 1000, reason: 'hello', wasClean: true })
    })
  })
})
