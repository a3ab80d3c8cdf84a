// What handlers of control frames may do in their call: ping, close, read and terminate, in the middle of a read of bytes.
// RFC 6455 §5.5.

import { describe, expect, test } from 'vitest'
import type { Message } from '../../src/codec/message.ts'
import type { Conn } from '../../src/conn/conn.ts'
import { counted, failure, Solo } from './connections.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

describe('in the call of a handler of pings, pongs and Close', () => {
  const sets: [string, number, (conn: Conn, handler: () => unknown) => void][] = [
    ['ping', 9, (conn, handler) => conn.setPingHandler(handler)],
    ['pong', 10, (conn, handler) => conn.setPongHandler(handler)],
    ['close', 8, (conn, handler) => conn.setCloseHandler(handler)],
  ]

  test.each(sets)('(%s) close() and ping() end promptly, twice', async (name, opcode, set) => {
    const solo = new Solo({ closeTimeout: 1000 })
    const done: unknown[] = []
    let count = 0
    set(solo.conn, async () => {
      if (count++ > 0) return
      done.push(await solo.conn.ping('x').catch((error) => error.code))
      done.push(await solo.conn.ping('y').catch((error) => error.code))
      done.push((await solo.conn.close(1000)).code, (await solo.conn.close(1000)).code)
    })
    await solo.receive(solo.frame(opcode))
    await solo.receive(solo.frame(10, 'x'))
    await solo.receive(solo.frame(10, 'y'))
    await solo.receiveClose(1000)
    solo.transport.receiveEnd()
    await solo.settle()
    const pings = name === 'close' ? ['ERR_WS_CLOSED', 'ERR_WS_CLOSED'] : [0, 0]
    const code = name === 'close' ? 1005 : 1000
    expect(done).toEqual([...pings, code, code])
    expect(solo.clock.timerCount).toBe(0)
  })

  test.each(sets.slice(0, 2))(
    '(%s) with a full queue and a paused transport they do too',
    async (_, opcode, set) => {
      const solo = new Solo()
      const done: unknown[] = []
      set(solo.conn, async () => {
        if (done.length > 0) return
        done.push('called', await solo.conn.ping('x'), (await solo.conn.close(1000)).code)
      })
      await solo.receive(solo.frame(opcode), solo.frame(2, counted(70_000)))
      await solo.receive(solo.frame(2, counted(70_000)), solo.frame(10, 'x'))
      await solo.receive(solo.frame(2, counted(70_000)))
      await solo.receiveClose(1000)
      solo.transport.receiveEnd()
      await solo.settle()
      expect(done).toEqual(['called', 0, 1000])
    },
  )

  test.each(sets.slice(0, 2))(
    '(%s) a read gets the next message of the same read, and nothing is lost',
    async (_, opcode, set) => {
      for (const how of ['message', 'reader', 'batch', 'loop', 'piece'] as const) {
        const solo = new Solo()
        const met: string[] = []
        // A message half read, whose rest stands around the control frame.
        await solo.receive(solo.frame(1, 'half ', false))
        const reader = await solo.conn.nextReader()
        await reader.read()
        const piece = (bytes: Uint8Array | null) => void met.push(bytes === null ? 'null' : text(bytes))
        set(solo.conn, () => {
          set(solo.conn, () => {})
          if (how === 'message') solo.conn.readText().then((text) => met.push(text))
          if (how === 'reader')
            solo.conn
              .nextReader()
              .then((reader) => reader.read())
              .then(piece)
          if (how === 'batch')
            solo.conn
              .batches()
              .next()
              .then(({ value }) => met.push(...value!.map((each: Message) => each.text())))
          if (how === 'loop')
            solo.conn[Symbol.asyncIterator]()
              .next()
              .then(({ value }) => met.push(value!.text()))
          if (how === 'piece') reader.read().then(piece)
        })
        await solo.receive(
          solo.frame(0, 'read ', false),
          solo.frame(opcode),
          solo.frame(0, 'message'),
          solo.frame(2, 'next'),
          solo.frame(1, 'la', false),
        )
        await solo.receive(solo.frame(0, 'st'))
        if (how === 'piece') met.push(text((await reader.read()) ?? counted(0)), await solo.conn.readText())
        met.push(await solo.conn.readText())
        const expected = how === 'piece' ? ['read message', '', 'next', 'last'] : ['next', 'last']
        expect([how, met]).toEqual([how, expected])
      }
    },
  )

  test.each(sets.slice(0, 2))(
    '(%s) a reader that is asked for gets the message before the one that has begun',
    async (_, opcode, set) => {
      const solo = new Solo()
      let asked: Promise<[number, string]> | undefined
      set(solo.conn, () => {
        asked ??= solo.conn.nextReader().then(async (reader) => [reader.type, text((await reader.read())!)])
      })
      await solo.receive(solo.frame(opcode), solo.frame(1, 'whole'), solo.frame(2, 'begun', false))
      expect(await asked).toEqual([1, 'whole'])
      await solo.receive(solo.frame(0, '!'))
      expect(await solo.conn.readText()).toBe('begun!')
    },
  )

  test.each(sets.slice(0, 2))('(%s) messages can begin to be pushed', async (_, opcode, set) => {
    for (const borrow of [false, true]) {
      const solo = new Solo()
      const met: string[] = []
      await solo.receive(solo.frame(1, 'half', false))
      await solo.conn.nextReader()
      set(solo.conn, () => solo.conn.onMessage((message) => void met.push(message.text()), { borrow }))
      await solo.receive(
        solo.frame(opcode),
        solo.frame(0, ' read'),
        solo.frame(1, 'a'),
        solo.frame(1, 'b', false),
      )
      await solo.receive(solo.frame(0, 'c'))
      expect(met).toEqual(['a', 'bc'])
    }
  })

  test.each(sets.slice(0, 2))(
    '(%s) terminate() leaves what came before to be read, and nothing from behind',
    async (_, opcode, set) => {
      const solo = new Solo()
      set(solo.conn, () => solo.conn.terminate())
      await solo.receive(
        solo.frame(1, 'before'),
        solo.frame(opcode),
        solo.frame(1, 'dropped'),
        solo.frame(1, 'part', false),
      )
      expect(await solo.conn.readText()).toBe('before')
      await expect(solo.conn.nextReader()).rejects.toEqual(failure('ERR_WS_ABNORMAL_CLOSURE'))
      const kept = new Solo()
      await kept.receive(kept.frame(1, 'a', false))
      const reader = await kept.conn.nextReader()
      set(kept.conn, () => kept.conn.terminate())
      await kept.receive(kept.frame(0, 'b', false), kept.frame(opcode))
      expect(text((await reader.read())!)).toBe('ab')
      await expect(reader.read()).rejects.toEqual(failure('ERR_WS_ABNORMAL_CLOSURE'))
    },
  )

  test('a part that comes behind a failed handler is no message of its own', async () => {
    const solo = new Solo()
    solo.conn.setPingHandler(() => {
      throw new Error('mine')
    })
    await solo.receive(solo.frame(9))
    await solo.receive(solo.frame(1, 'late', false))
    await expect(solo.conn.nextReader()).rejects.toEqual(failure('ERR_WS_HANDLER'))
    expect(solo.held()).toBe(0)
  })
})
