// The handlers of pings and pongs: what they replace, and how they fail. And that no handler leaves anything behind.
// RFC 6455 §5.5.2, §5.5.3; gorilla/websocket's SetPingHandler and SetPongHandler.

import { describe, expect, test } from 'vitest'
import { counted, failure, Solo, stalled, watch } from './connections.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

describe('a ping handler', () => {
  test('takes the place of the answer; null restores that', async () => {
    const solo = new Solo()
    const met: string[] = []
    solo.conn.setPingHandler((data) => void met.push(text(data)))
    await solo.receive(solo.frame(9, 'a'), solo.frame(9))
    expect([met, solo.log]).toEqual([['a', ''], []])
    solo.conn.setPingHandler(null)
    await solo.receive(solo.frame(9, 'b'))
    expect([met, solo.log]).toEqual([['a', ''], ['pong b']])
  })

  test('may call the default, which the getter gives, and chains of those', async () => {
    const solo = new Solo()
    const met: string[] = []
    for (const name of ['inner', 'outer']) {
      const before = solo.conn.pingHandler
      solo.conn.setPingHandler((data) => {
        met.push(name)
        return before(data)
      })
    }
    await solo.receive(solo.frame(9, 'x'))
    expect([met, solo.log]).toEqual([['outer', 'inner'], ['pong x']])
    const mine = () => {}
    solo.conn.setPingHandler(mine)
    expect(solo.conn.pingHandler).toBe(mine)
  })

  test('gets bytes that it may keep, in whatever memory they came', async () => {
    const solo = new Solo()
    const met: Uint8Array[] = []
    solo.conn.setPingHandler((data) => void met.push(data))
    solo.transport.receiveReusable(solo.frame(9, 'kept'))
    solo.transport.receiveReusable(solo.frame(9, 'too'))
    expect(met.map(text)).toEqual(['kept', 'too'])
    expect(solo.transport.misuse).toEqual([])
  })

  test('that is set behind a ping hears of none that was answered', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(9, 'a'))
    const met: string[] = []
    solo.conn.setPingHandler((data) => void met.push(text(data)))
    await solo.settle()
    expect([met, solo.log]).toEqual([[], ['pong a']])
  })

  test.each([[false], [true]])(
    'that is set or taken away in the middle of a read: each ping has one answer (lent: %s)',
    async (borrow) => {
      const solo = new Solo()
      const met: string[] = []
      solo.conn.onMessage(
        (message) => {
          if (message.text() === 'set') solo.conn.setPingHandler((data) => void met.push(text(data)))
          else solo.conn.setPingHandler(null)
        },
        { borrow },
      )
      await solo.receive(solo.frame(1, 'set'), solo.frame(9, 'a'))
      await solo.receive(solo.frame(9, 'b'), solo.frame(1, 'null'), solo.frame(9, 'c'))
      const pongs = solo.log.map((words) => words.replace('pong ', ''))
      expect([...met, ...pongs].sort()).toEqual(['a', 'b', 'c'])
      expect([met.includes('b'), pongs.includes('c')]).toEqual([true, true])
    },
  )

  test('that throws, or rejects, ends the connection with 1011', async () => {
    for (const handler of [
      () => {
        throw new Error('mine')
      },
      async () => {
        throw new Error('mine')
      },
    ]) {
      const solo = new Solo()
      const read = watch(solo.conn.readMessage())
      solo.conn.setPingHandler(handler)
      await solo.receive(solo.frame(9), solo.frame(9))
      expect(solo.log).toEqual(['close 1011'])
      expect(read.error).toEqual(failure('ERR_WS_HANDLER', { cause: new Error('mine') }))
      solo.transport.receiveEnd()
      expect(await solo.conn.closed).toMatchObject({ code: 1011, wasClean: false })
      expect(solo.clock.timerCount).toBe(0)
    }
  })

  test('is not waited for', async () => {
    const solo = new Solo()
    let count = 0
    solo.conn.setPingHandler(() => {
      count++
      return new Promise(() => {})
    })
    await solo.receive(solo.frame(9), solo.frame(9), solo.frame(1, 'x'))
    expect([count, await solo.conn.readText()]).toEqual([2, 'x'])
  })

  test('whose own answer comes behind our Close is no failure', async () => {
    const solo = new Solo()
    solo.conn.setPingHandler((data) => solo.conn.writeControl(10, data))
    solo.conn.close()
    await solo.receive(solo.frame(9, 'x'))
    await solo.receiveClose(1000)
    solo.transport.receiveEnd()
    expect((await solo.conn.closed).wasClean).toBe(true)
    expect(solo.log).toEqual(['close 1000'])
  })
})

test('D5: a handler that calls the default keeps its bound: of a peer that does not read, the newest 16 pings', async () => {
  const solo = stalled()
  const standard = solo.conn.pingHandler
  solo.conn.setPingHandler((data) => standard(data))
  solo.conn.writeMessage(counted(70_000))
  await solo.settle()
  for (let i = 0; i < 100; i++) await solo.receive(solo.frame(9, String(i)))
  expect(solo.conn.bufferedAmount).toBeLessThan(72_000)
  solo.transport.holds = false
  solo.transport.handOver()
  await solo.settle()
  const pongs = solo.log.filter((word) => word.startsWith('pong'))
  expect(pongs).toEqual(Array.from({ length: 16 }, (_, i) => `pong ${84 + i}`))
})

describe('a pong handler', () => {
  test('hears every pong, and ping() goes on working', async () => {
    const solo = new Solo()
    const met: string[] = []
    solo.conn.setPongHandler((data) => void met.push(text(data)))
    const ping = solo.conn.ping('mine')
    await solo.receive(solo.frame(10, 'stray'), solo.frame(10, 'mine'))
    expect([met, await ping]).toEqual([['stray', 'mine'], 0])
    solo.conn.setPongHandler(null)
    await solo.receive(solo.frame(10, 'unheard'))
    expect(met.length).toBe(2)
    expect(solo.conn.pongHandler(counted(1))).toBe(undefined)
  })

  test('that fails ends the connection with 1011', async () => {
    const solo = new Solo()
    const cause = new Error('mine')
    solo.conn.setPongHandler(() => {
      throw cause
    })
    await solo.receive(solo.frame(10))
    solo.transport.receiveEnd()
    expect((await solo.conn.closed).error).toEqual(failure('ERR_WS_HANDLER', { cause }))
  })
})

test.each([['setPingHandler'], ['setPongHandler'], ['setCloseHandler']] as const)(
  '%s throws at once for what is no function and not null',
  (name) => {
    const { conn } = new Solo()
    for (const value of [undefined, 'x', 1, {}]) {
      const set = () => conn[name](value as unknown as null)
      expect(set).toThrow(TypeError)
      expect(set).toThrow(failure('ERR_WS_ARGUMENT') as Error)
    }
  },
)

test('1,000 connections that ended with readers half read and handlers pending leave no timer', async () => {
  const ends = [
    (solo: Solo) => solo.conn.terminate(),
    (solo: Solo) => solo.transport.gone(new Error('reset')),
    (solo: Solo) => solo.receiveClose(1000),
    (solo: Solo) => void solo.conn.close(),
    (solo: Solo) => solo.receive(solo.frame(3)),
  ]
  let timers = 0
  for (let i = 0; i < 1000; i++) {
    const solo = new Solo({ closeTimeout: 20, keepAlive: { interval: 50_000, timeout: 1000 } })
    const never = () => new Promise(() => {})
    solo.conn.setPingHandler(never)
    solo.conn.setPongHandler(never)
    solo.conn.setCloseHandler(never)
    await solo.receive(solo.frame(1, 'first'), solo.frame(1, 'half', false), solo.frame(9))
    const reader = await solo.conn.nextReader()
    if (i % 2 === 0) await reader.read()
    if (i % 3 === 0) solo.conn.nextReader({ timeout: 1_000_000, signal: new AbortController().signal })
    else if (i % 3 === 1) reader.read({ timeout: 1_000_000 })
    else solo.conn.onMessage(never, { borrow: i % 2 === 0 })
    solo.conn.ping('x', { timeout: 1_000_000 })
    ends[i % ends.length](solo)
    await solo.clock.advance(20)
    await solo.conn.closed
    timers += solo.clock.timerCount
  }
  expect(timers).toBe(0)
})
