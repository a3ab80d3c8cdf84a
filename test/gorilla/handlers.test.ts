// What gorilla/websocket does by default about control frames and its own tests leave out: the three handlers.
// RFC 6455 §5.5.1 to §5.5.3.

import { describe, expect, test } from 'vitest'
import { PongMessage } from '../../src/index.ts'
import { counted, failure, Solo } from '../conn/connections.ts'
import { errorOf, roles } from './wire.ts'

const texts = (into: string[]) => (data: Uint8Array) => {
  into.push(Buffer.from(data).toString())
}

describe.each(roles)('a %s', (role) => {
  test('TestDefaultHandlers: a ping gets a pong with its payload, whether somebody reads or not', async () => {
    const solo = new Solo({ role })
    await solo.receive(solo.frame(9), solo.frame(9, 'payload'), solo.frame(9, counted(125)))
    expect(solo.sent.map(({ type, data }) => [type, Buffer.from(data!)])).toEqual([
      [10, Buffer.alloc(0)],
      [10, Buffer.from('payload')],
      [10, Buffer.from(counted(125))],
    ])
  })

  test('TestDefaultHandlers: a pong that nobody asked for is nothing', async () => {
    const solo = new Solo({ role })
    await solo.receive(solo.frame(10), solo.frame(10, 'unasked'), solo.frame(1, 'behind'))
    expect((await solo.conn.readMessage()).text()).toBe('behind')
    expect([solo.log, solo.conn.state]).toEqual([[], 'open'])
  })

  test.each([
    ['without a code', undefined, '', 'close 1005', 1005],
    ['with a code', 1000, '', 'close 1000', 1000],
    ['with a code and a reason', 4321, 'because', 'close 4321', 4321],
  ])(
    'TestDefaultHandlers: a Close frame %s is answered with its code and no reason; reads reject with it',
    async (_, code, reason, answer, closeCode) => {
      const solo = new Solo({ role })
      const failed = errorOf(solo.conn.readMessage())
      await solo.receiveClose(code, reason)
      expect(solo.log).toEqual([answer])
      const error = await failed
      expect(error).toEqual(failure('ERR_WS_CLOSED', { closeCode, reason, remote: true }))
      expect(await errorOf(solo.conn.readMessage())).toBe(error)
    },
  )

  test('TestDefaultHandlers: a ping handler replaces the pong; null brings it back', async () => {
    const solo = new Solo({ role })
    const seen: string[] = []
    solo.conn.setPingHandler(texts(seen))
    await solo.receive(solo.frame(9, 'one'))
    expect([seen, solo.log]).toEqual([['one'], []])
    solo.conn.setPingHandler(null)
    await solo.receive(solo.frame(9, 'two'))
    expect([seen, solo.log]).toEqual([['one'], ['pong two']])
  })

  test('TestDefaultHandlers: the handler that was there can be called by the one that replaces it', async () => {
    const solo = new Solo({ role })
    const { pingHandler, pongHandler, closeHandler } = solo.conn
    const seen: string[] = []
    solo.conn.setPingHandler((data) => {
      texts(seen)(data)
      return pingHandler(data)
    })
    solo.conn.setPongHandler((data) => {
      texts(seen)(data)
      return pongHandler(data)
    })
    solo.conn.setCloseHandler((code, reason) => {
      seen.push(`${code} ${reason}`)
      return closeHandler(code, reason)
    })
    await solo.receive(solo.frame(9, 'ping'), solo.frame(10, 'pong'))
    await solo.receiveClose(4000, 'bye')
    // The default handler of Close frames closes, and its promise waits for the transport's end.
    solo.transport.receiveEnd()
    await solo.settle()
    expect(seen).toEqual(['ping', 'pong', '4000 bye'])
    expect(solo.log).toEqual(['pong ping', 'close 4000'])
    expect(await solo.conn.closed).toEqual({ code: 4000, reason: 'bye', wasClean: true })
  })

  test('TestDefaultHandlers: a pong handler gets pongs, those that ping() waits for included; null removes it', async () => {
    const solo = new Solo({ role })
    const seen: string[] = []
    solo.conn.setPongHandler(texts(seen))
    const roundTrip = solo.conn.ping('asked')
    await solo.receive(solo.frame(10, 'unasked'), solo.frame(10, 'asked'))
    expect(await roundTrip).toBeGreaterThanOrEqual(0)
    expect(seen).toEqual(['unasked', 'asked'])
    solo.conn.setPongHandler(null)
    await solo.receive(solo.frame(10, 'late'))
    expect(seen.length).toBe(2)
  })

  test('TestDefaultHandlers: a Close handler may write and close with a code of its own', async () => {
    const solo = new Solo({ role })
    const seen: unknown[] = []
    solo.conn.setCloseHandler(async (code, reason) => {
      seen.push(code, reason)
      await solo.conn.writeMessage('last words')
      solo.conn.close(4001, 'mine')
    })
    await solo.receiveClose(4000, 'theirs')
    expect(seen).toEqual([4000, 'theirs'])
    expect(solo.log).toEqual(['text last words', 'close 4001 mine'])
    solo.transport.receiveEnd()
    expect(await solo.conn.closed).toEqual({ code: 4000, reason: 'theirs', wasClean: true })
  })

  test('TestDefaultHandlers: one that does not close, and null, leave the default answer', async () => {
    for (const restores of [false, true]) {
      const solo = new Solo({ role })
      solo.conn.setCloseHandler(() => {})
      if (restores) solo.conn.setCloseHandler(null)
      await solo.receiveClose(4000, 'theirs')
      expect(solo.log).toEqual(['close 4000'])
    }
  })

  test.each(['Ping', 'Pong', 'Close'] as const)(
    'TestDefaultHandlers: a %s handler that fails ends the connection with 1011',
    async (kind) => {
      for (const fail of [
        () => {
          throw new Error('mine')
        },
        () => Promise.reject(new Error('mine')),
      ]) {
        const solo = new Solo({ role })
        solo.conn[`set${kind}Handler`](fail)
        await solo.receive(solo.frame(kind === 'Ping' ? 9 : kind === 'Pong' ? PongMessage : 8))
        expect(solo.sentClose).toBe(1011)
        solo.transport.receiveEnd()
        const { error, wasClean } = await solo.conn.closed
        expect(wasClean).toBe(false)
        expect(error).toMatchObject({ code: 'ERR_WS_HANDLER', cause: { message: 'mine' } })
      }
    },
  )
})
