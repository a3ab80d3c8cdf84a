// Our handlers of pings, pongs and Close frames, in place of the defaults, and what gorilla/websocket sees of it.
// RFC 6455 §5.5. After its own Close frame gorilla reads on until ours.

import { describe, expect, test } from 'vitest'
import { PingMessage, PongMessage } from '../../src/index.ts'
import { SOON, timed } from '../integration/timed.ts'
import { describeWithGorilla, roles } from './gorilla.ts'

const textOf = (data: Uint8Array) => Buffer.from(data).toString()

describeWithGorilla('our handlers and gorilla/websocket', (gorilla) => {
  describe.each(roles)('%s', (_, role) => {
    describe('of pings and pongs', () => {
      test('a ping handler answers in place of the default, until null restores it', async () => {
        const { conn, go } = await gorilla.pair(role)
        go.readToEnd()
        conn.setPingHandler((data) => conn.writeControl(PongMessage, `got ${textOf(data)}`))
        for (const data of ['', 'one', 'x'.repeat(121)]) {
          await go.control(PingMessage, data)
          expect(await go.heard('pong')).toBe(`got ${data}`)
        }
        conn.setPingHandler(null)
        await go.control(PingMessage, 'two')
        expect(await go.heard('pong')).toBe('two')
      })

      test('one that does not answer is the only one that hears', async () => {
        const { conn, go } = await gorilla.pair(role)
        go.readToEnd()
        const heard: Uint8Array[] = []
        conn.setPingHandler((data) => heard.push(data))
        for (let i = 0; i < 100; i++) await go.control(PingMessage, `ping ${i}`)
        await expect.poll(() => heard.length).toBe(100)
        conn.setPingHandler(null)
        await go.control(PingMessage, 'the last')
        expect(await go.heard('pong')).toBe('the last')
        // To keep: later reads do not change them.
        expect(heard.map(textOf)).toEqual(Array.from({ length: 100 }, (_, i) => `ping ${i}`))
      })

      test('one around the default notes and answers', async () => {
        const { conn, go } = await gorilla.pair(role)
        go.readToEnd()
        const noted: string[] = []
        const { pingHandler } = conn
        conn.setPingHandler((data) => {
          noted.push(textOf(data))
          return pingHandler(data)
        })
        await go.control(PingMessage, 'hello')
        expect(await go.heard('pong')).toBe('hello')
        expect(noted).toEqual(['hello'])
      })

      test('a pong handler hears its pongs, asked for or not, and ping() works on', async () => {
        const { conn, go } = await gorilla.pair(role)
        go.readToEnd()
        const heard: string[] = []
        conn.setPongHandler((data) => heard.push(textOf(data)))
        await go.control(PongMessage, 'unasked')
        await expect.poll(() => heard).toEqual(['unasked'])
        expect(await conn.ping('asked')).toBeGreaterThan(0)
        await conn.writeControl(PingMessage, 'in other words')
        await expect.poll(() => heard).toEqual(['unasked', 'asked', 'in other words'])
        conn.setPongHandler(null)
        await go.control(PongMessage, 'unheard')
        await conn.ping('later')
        expect(heard.length).toBe(3)
      })

      test('handlers hear in the middle of its messages', async () => {
        const { conn, go } = await gorilla.pair(role, { go: { writeBufferSize: 16 } })
        const heard: string[] = []
        conn.setPingHandler((data) => heard.push(textOf(data)))
        const reading = conn.readMessage()
        await go.writeParts(1, ['x'.repeat(40)], { open: true })
        await go.control(PingMessage, 'within')
        await expect.poll(() => heard).toEqual(['within'])
        await go.writeParts(1, ['y'], { resume: true })
        expect((await reading).text()).toBe(`${'x'.repeat(40)}y`)
      })

      test.each([
        [
          'that throws',
          () => {
            throw new Error('mine')
          },
        ],
        ['whose promise is rejected', () => Promise.reject(new Error('mine'))],
      ])('one %s ends the connection with 1011', async (_, handler) => {
        const { conn, go } = await gorilla.pair(role)
        const end = go.readToEnd()
        conn.setPingHandler(handler)
        await go.control(PingMessage, '')
        expect((await end).end).toMatchObject({ closeCode: 1011 })
        expect(await conn.closed).toMatchObject({
          code: 1011,
          error: { code: 'ERR_WS_HANDLER', cause: { message: 'mine' } },
        })
      })
    })

    describe('of Close frames', () => {
      test('one writes a last message, later, and closes with a code of its own', async () => {
        const { conn, go } = await gorilla.pair(role)
        const heard: [number, string][] = []
        conn.setCloseHandler(async (code, reason) => {
          heard.push([code, reason])
          await conn.writeMessage('not yet')
          await new Promise((resolve) => setTimeout(resolve, 20))
          const writer = await conn.nextWriter(1)
          await writer.write('the ')
          await writer.write('last')
          await writer.close()
          await conn.close(4001, 'ours')
        })
        await go.close(4000, 'its')
        await expect(conn.readMessage()).rejects.toMatchObject({ code: 'ERR_WS_CLOSED', closeCode: 4000 })
        expect((await go.read()).data.toString()).toBe('not yet')
        expect((await go.read()).data.toString()).toBe('the last')
        expect((await go.readToEnd()).end).toMatchObject({ closeCode: 4001, closeText: 'ours' })
        expect(await conn.closed).toEqual({ code: 4000, reason: 'its', wasClean: true })
        expect(heard).toEqual([[4000, 'its']])
      })

      test.each([
        [1000, ''],
        [4999, 'its'],
        [1005, ''],
      ])('one that does not answer to %i leaves that to the default', async (code, reason) => {
        const { conn, go } = await gorilla.pair(role)
        const heard: [number, string][] = []
        conn.setCloseHandler((...args) => void heard.push(args))
        await go.close(code, reason)
        expect((await go.readToEnd()).end).toMatchObject({ closeCode: code, closeText: '' })
        expect(await conn.closed).toEqual({ code, reason, wasClean: true })
        expect(heard).toEqual([[code, reason]])
      })

      test('one that only waits is waited for, then the default answers', async () => {
        const { conn, go } = await gorilla.pair(role)
        let done!: () => void
        const waiting = new Promise<void>((resolve) => {
          done = resolve
        })
        conn.setCloseHandler(() => waiting)
        await go.close(1001)
        const end = go.readToEnd()
        await expect(conn.readMessage()).rejects.toMatchObject({ closeCode: 1001 })
        await conn.writeMessage('still here')
        done()
        expect(await end).toMatchObject({ count: 1, end: { closeCode: 1001 } })
        expect(await conn.closed).toMatchObject({ code: 1001, wasClean: true })
      })

      test('one that waits for ever has closeTimeout', async () => {
        const { conn, go } = await gorilla.pair(role, { ours: { closeTimeout: 100 } })
        conn.setCloseHandler(() => new Promise(() => undefined))
        await go.close(1001)
        const { value, milliseconds } = await timed(conn.closed)
        expect(value).toMatchObject({ code: 1001 })
        expect(milliseconds).toBeLessThan(SOON)
        expect((await go.readToEnd()).end).toMatchObject({ closeCode: 1006 })
      })

      test('one that fails is answered with 1011', async () => {
        const { conn, go } = await gorilla.pair(role)
        conn.setCloseHandler(async () => {
          throw new Error('mine')
        })
        await go.close(1000)
        expect((await go.readToEnd()).end).toMatchObject({ closeCode: 1011 })
        expect(await conn.closed).toMatchObject({ error: { code: 'ERR_WS_HANDLER' } })
      })

      test('one around the default notes and answers', async () => {
        const { conn, go } = await gorilla.pair(role)
        const noted: number[] = []
        const { closeHandler } = conn
        conn.setCloseHandler((code, reason) => {
          noted.push(code)
          return closeHandler(code, reason)
        })
        await go.close(4000, 'its')
        expect((await go.readToEnd()).end).toMatchObject({ closeCode: 4000, closeText: '' })
        expect(await conn.closed).toEqual({ code: 4000, reason: 'its', wasClean: true })
        expect(noted).toEqual([4000])
      })

      test('one hears the answer to our own Close frame', async () => {
        const { conn, go } = await gorilla.pair(role)
        const end = go.readToEnd()
        const heard: [number, string][] = []
        conn.setCloseHandler((...args) => void heard.push(args))
        expect(await conn.close(4002, 'we')).toEqual({ code: 4002, reason: '', wasClean: true })
        expect((await end).end).toMatchObject({ closeCode: 4002, closeText: 'we' })
        expect(heard).toEqual([[4002, '']])
      })
    })
  })
})
