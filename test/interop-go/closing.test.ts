// Both ways to close, with every code: who sees which, and what gorilla's errors say.
// RFC 6455 §5.5.1, §7.1, §7.4. gorilla answers with the code alone, and so do we.

import { describe, expect, test } from 'vitest'
import type { Conn } from '../../src/index.ts'
import { SOON, timed } from '../integration/timed.ts'
import { describeWithGorilla, roles } from './gorilla.ts'

/** Each code that both may send, and gorilla's name of it. */
const names: [code: number, name: string][] = [
  [1000, ' (normal)'],
  [1001, ' (going away)'],
  [1002, ' (protocol error)'],
  [1003, ' (unsupported data)'],
  [1007, ' (invalid payload data)'],
  [1008, ' (policy violation)'],
  [1009, ' (message too big)'],
  [1010, ' (mandatory extension missing)'],
  [1011, ' (internal server error)'],
  // It knows these two codes and has no names for them.
  [1012, ''],
  [1013, ''],
  [3000, ''],
  [3999, ''],
  [4000, ''],
  [4999, ''],
]

/** 123 bytes, the most there may be, with characters of every length. */
const LONGEST = `${'aé你🐒'.repeat(12)}end`

const cases = names.flatMap(([code]) =>
  ['', LONGEST].map((reason): [number, string, string] => [code, `${reason.length > 0 ? 123 : 0}`, reason]),
)

const nameOf = (code: number) => new Map(names).get(code)!

/** gorilla's text of a received Close frame. */
function textOf(code: number, reason: string): string {
  return `websocket: close ${code}${nameOf(code)}${reason === '' ? '' : `: ${reason}`}`
}

/** Reads once; gives the error. */
async function readError(conn: Conn): Promise<Error> {
  return conn.readMessage().then(
    () => {
      throw new Error('a message')
    },
    (error) => error,
  )
}

describeWithGorilla('closing with gorilla/websocket', (gorilla) => {
  describe.each(roles)('%s', (_, role) => {
    test.each(cases)('it closes with %i and a reason of %s bytes', async (code, _, reason) => {
      const { conn, go } = await gorilla.pair(role)
      await go.close(code, reason)
      const error = await readError(conn)
      expect(error).toMatchObject({ code: 'ERR_WS_CLOSED', closeCode: code, reason, remote: true })
      if (nameOf(code) !== '' || code >= 3000) expect(error.message).toBe(textOf(code, reason))
      expect(await go.readToEnd()).toEqual({
        id: expect.any(Number),
        count: 0,
        end: { error: textOf(code, ''), closeCode: code, closeText: '' },
      })
      const { value, milliseconds } = await timed(conn.closed)
      expect(value).toEqual({ code, reason, wasClean: true })
      expect(milliseconds).toBeLessThan(SOON)
    })

    test.each(cases)('we close with %i and a reason of %s bytes', async (code, _, reason) => {
      const { conn, go } = await gorilla.pair(role)
      const end = go.readToEnd()
      const { value, milliseconds } = await timed(conn.close(code, reason))
      expect(value).toEqual({ code, reason: '', wasClean: true })
      expect(milliseconds).toBeLessThan(SOON)
      expect((await end).end).toEqual({ error: textOf(code, reason), closeCode: code, closeText: reason })
    })

    test('it closes without a code, which is 1005', async () => {
      const { conn, go } = await gorilla.pair(role)
      await go.close(1005)
      const error = await readError(conn)
      expect(error).toMatchObject({ code: 'ERR_WS_CLOSED', closeCode: 1005, reason: '' })
      const end = { error: 'websocket: close 1005 (no status)', closeCode: 1005, closeText: '' }
      expect(error.message).toBe(end.error)
      expect((await go.readToEnd()).end).toEqual(end)
      expect(await conn.closed).toEqual({ code: 1005, reason: '', wasClean: true })
    })

    test('we close without a code, which is 1005', async () => {
      const { conn, go } = await gorilla.pair(role)
      const end = go.readToEnd()
      expect(await conn.close(1005)).toEqual({ code: 1005, reason: '', wasClean: true })
      expect((await end).end).toMatchObject({ closeCode: 1005, closeText: '' })
    })

    test('our 1014 it refuses with 1002', async () => {
      const { conn, go } = await gorilla.pair(role)
      const end = go.readToEnd()
      expect(await conn.close(1014, 'upstream')).toEqual({
        code: 1002,
        reason: 'bad close code 1014',
        wasClean: true,
      })
      expect((await end).end).toEqual({ error: 'websocket: bad close code 1014' })
    })

    test('its 1014 we take, and it refuses our answer', async () => {
      const { conn, go } = await gorilla.pair(role)
      await go.close(1014, 'upstream')
      expect((await go.readToEnd()).end).toEqual({ error: 'websocket: bad close code 1014' })
      expect(await conn.closed).toEqual({ code: 1014, reason: 'upstream', wasClean: true })
    })

    test.each([0, 999, 1004, 1006, 1015, 1016, 2999, 5000, 65_535])(
      'it closes with %i, which nobody may',
      async (code) => {
        const { conn, go } = await gorilla.pair(role)
        await go.close(code, 'x')
        expect((await go.readToEnd()).end).toMatchObject({
          closeCode: 1002,
          closeText: `bad close code ${code}`,
        })
        expect(await conn.closed).toMatchObject({
          code: 1002,
          wasClean: false,
          error: { code: 'ERR_WS_CLOSE_CODE' },
        })
      },
    )

    test.each<[string, number[], number, string]>([
      ['of one byte', [0x03], 1002, 'bad close payload'],
      ['whose reason is not UTF-8', [0x03, 0xe8, 0xff], 1007, 'close reason is not UTF-8'],
    ])('it closes with a payload %s', async (_, payload, closeCode, closeText) => {
      const { conn, go } = await gorilla.pair(role)
      await go.control(8, Uint8Array.from(payload))
      expect((await go.readToEnd()).end).toMatchObject({ closeCode, closeText })
      expect(await conn.closed).toMatchObject({ code: closeCode, wasClean: false })
    })

    test('both close at once, and each sees the code of the other', async () => {
      const { conn, go } = await gorilla.pair(role)
      // Nothing reads there until its own Close frame has left.
      const ours = go.close(4001, 'it')
      const closed = conn.close(4000, 'we')
      await ours
      expect((await go.readToEnd()).end).toMatchObject({ closeCode: 4000, closeText: 'we' })
      expect(await closed).toEqual({ code: 4001, reason: 'it', wasClean: true })
    })

    test('what was written before a Close frame is delivered, then loops end', async () => {
      const { conn, go } = await gorilla.pair(role)
      for (const text of ['one', 'two', 'three']) await go.write(1, text)
      await go.close(1001)
      const texts: string[] = []
      for await (const message of conn) texts.push(message.text())
      expect(texts).toEqual(['one', 'two', 'three'])

      const other = await gorilla.pair(role)
      const end = other.go.readToEnd()
      for (const text of texts) other.conn.writeMessage(text)
      await other.conn.close(1001)
      expect(await end).toMatchObject({ count: 3, end: { closeCode: 1001 } })
    })

    test('it ends the transport without a Close frame, which is 1006', async () => {
      const { conn, go } = await gorilla.pair(role)
      await go.terminate()
      expect(await readError(conn)).toMatchObject({ code: 'ERR_WS_ABNORMAL_CLOSURE', closeCode: 1006 })
      expect(await conn.closed).toMatchObject({ code: 1006, wasClean: false })
    })

    test('we end the transport without a Close frame, which is 1006', async () => {
      const { conn, go } = await gorilla.pair(role)
      const end = go.readToEnd()
      conn.terminate()
      expect((await end).end).toEqual({
        error: 'websocket: close 1006 (abnormal closure): unexpected EOF',
        closeCode: 1006,
        closeText: 'unexpected EOF',
      })
    })
  })
})
