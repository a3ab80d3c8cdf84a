// Read limits, texts that are none, and pings between us and gorilla/websocket.
// RFC 6455 §5.5.2, §5.5.3, §7.4.1 (1009), §8.1 (1007).

import { describe, expect, test } from 'vitest'
import { patternOf, same } from '../integration/bytes.ts'
import { SOON, timed } from '../integration/timed.ts'
import { describeWithGorilla, roles } from './gorilla.ts'

const LIMIT = 1_000

describeWithGorilla('what gorilla/websocket and we refuse and answer', (gorilla) => {
  describe.each(roles)('%s', (_, role) => {
    test.each([
      ['in one frame', 4_096],
      ['in fragments', 16],
    ])('C11, E5: it exceeds our read limit %s', async (_, writeBufferSize) => {
      const { conn, go } = await gorilla.pair(role, { ours: { readLimit: LIMIT }, go: { writeBufferSize } })
      const end = go.readToEnd()
      // What it writes behind our Close frame may fail.
      const written = go
        .writeParts(2, [patternOf(LIMIT)])
        .then(() => go.writeParts(2, [patternOf(LIMIT + 1)]))
        .catch(() => undefined)
      expect((await conn.readMessage()).byteLength).toBe(LIMIT)
      await expect(conn.readMessage()).rejects.toMatchObject({
        code: 'ERR_WS_MESSAGE_TOO_BIG',
        closeCode: 1009,
        remote: true,
      })
      await written
      const { closeCode, error } = (await end).end
      expect(closeCode).toBe(1009)
      expect(error).toMatch(/^websocket: close 1009 \(message too big\): ./)
      expect(await conn.closed).toMatchObject({ code: 1009, wasClean: false })
    })

    test('we exceed its read limit, and hear its 1009', async () => {
      const { conn, go } = await gorilla.pair(role, { go: { readLimit: LIMIT } })
      const end = go.readToEnd()
      await conn.writeMessage(patternOf(LIMIT))
      await conn.writeMessage(patternOf(LIMIT + 1))
      await expect(conn.readMessage()).rejects.toMatchObject({
        code: 'ERR_WS_CLOSED',
        closeCode: 1009,
        reason: '',
      })
      expect(await end).toMatchObject({ count: 1, end: { error: 'websocket: read limit exceeded' } })
      const { value, milliseconds } = await timed(conn.closed)
      expect(value).toEqual({ code: 1009, reason: '', wasClean: true })
      expect(milliseconds).toBeLessThan(SOON)
    })

    test('we exceed its read limit by far: it resets the transport, which may outrun its 1009', async () => {
      const { conn, go } = await gorilla.pair(role, { go: { readLimit: LIMIT } })
      const end = go.readToEnd()
      const reading = conn.readMessage()
      for (let i = 0; i < 4; i++) conn.writeMessage(patternOf(1 << 20))
      const error = await reading.then(
        () => undefined,
        (error) => error,
      )
      expect(error.closeCode).toBeOneOf([1009, 1006])
      expect((await end).end).toEqual({ error: 'websocket: read limit exceeded' })
      const { value, milliseconds } = await timed(conn.closed)
      expect(value).toMatchObject({ code: error.closeCode, wasClean: error.closeCode === 1009 })
      expect(milliseconds).toBeLessThan(SOON)
    })

    test.each<[string, number[]]>([
      ['F1: a byte that no UTF-8 has', [0x61, 0xff]],
      ['F1: a surrogate', [0xed, 0xa0, 0x80]],
      ['F3: a cut character', [0x61, 0xf0, 0x9f]],
    ])('%s in a text of its, which it does not check', async (_, bytes) => {
      const { conn, go } = await gorilla.pair(role)
      const end = go.readToEnd()
      await go.write(1, 'good')
      await go.write(1, Uint8Array.from(bytes))
      expect((await conn.readMessage()).text()).toBe('good')
      await expect(conn.readMessage()).rejects.toMatchObject({
        code: 'ERR_WS_INVALID_UTF8',
        closeCode: 1007,
      })
      expect((await end).end.error).toMatch(/^websocket: close 1007 \(invalid payload data\): ./)
      expect(await conn.closed).toMatchObject({ code: 1007, wasClean: false })
    })

    test('F9: texts that are none pass both ways where checkUtf8 is off', async () => {
      const { conn, go } = await gorilla.pair(role, { ours: { checkUtf8: false } })
      const bytes = Uint8Array.of(0x61, 0xff)
      await go.write(1, bytes)
      const message = await conn.readMessage()
      expect([message.type, same(message.data, bytes)]).toEqual([1, true])
      await conn.writeMessage(1, bytes)
      expect(await go.read()).toEqual({ type: 1, data: Buffer.from(bytes) })
    })

    test('a text that is none is not sent', async () => {
      const { conn, go } = await gorilla.pair(role)
      await expect(conn.writeMessage(1, Uint8Array.of(0x61, 0xff))).rejects.toMatchObject({
        code: 'ERR_WS_INVALID_UTF8',
      })
      await conn.writeMessage('lone \ud800 surrogate')
      expect(await go.read()).toEqual({ type: 1, data: Buffer.from('lone \ufffd surrogate') })
    })

    const payloads = ['', 'a', '🐒'.repeat(31), 'x'.repeat(125)]

    test('its pings get their payload back, read or not', async () => {
      const { conn, go } = await gorilla.pair(role)
      go.readToEnd()
      for (const data of payloads) {
        await go.control(9, data)
        expect(await go.heard('pong')).toBe(data)
      }
      const reading = conn.readMessage()
      await go.control(9, 'reading')
      expect(await go.heard('pong')).toBe('reading')
      await go.write(1, 'done')
      expect((await reading).text()).toBe('done')
    })

    test('our pings get their payload back', async () => {
      const { conn, go } = await gorilla.pair(role)
      go.readToEnd()
      const trips = await Promise.all(payloads.map((data) => conn.ping(data, { timeout: 20_000 })))
      for (const data of payloads) expect(await go.heard('ping')).toBe(data)
      for (const milliseconds of trips) expect(milliseconds).toBeGreaterThan(0)
    })

    test('pongs that nobody asked for reach its handler, and harm nobody here', async () => {
      const { conn, go } = await gorilla.pair(role)
      const echo = go.echo()
      await conn.writeControl(10, 'ours')
      expect(await go.heard('pong')).toBe('ours')
      await go.control(10, 'its')
      await conn.writeMessage('still here')
      expect((await conn.readMessage()).text()).toBe('still here')
      await conn.close()
      expect(await echo).toMatchObject({ count: 1, end: { closeCode: 1000 } })
    })

    test('its control frames in the middle of many messages are answered in order', async () => {
      const { conn, go } = await gorilla.pair(role)
      go.readToEnd()
      const written = go.writeCounted(1, 2_000)
      const pings = Array.from({ length: 50 }, (_, i) => `ping ${i}`)
      for (const data of pings) go.control(9, data)
      for (let n = 0; n < 2_000; n++) await conn.readMessage()
      await written
      for (const data of pings) expect(await go.heard('pong')).toBe(data)
    })
  })
})
