// The handlers of pings, pongs and the peer's Close: what they replace, what they may do in their call, and how they fail.
// RFC 6455 §5.5; gorilla/websocket's SetPingHandler, SetPongHandler and SetCloseHandler.

import { describe, expect, test } from 'vitest'
import type { Message } from '../../src/codec/message.ts'
import type { Conn } from '../../src/conn/conn.ts'
import { counted, failure, Solo, watch } from './connections.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()
const roles = [['server'], ['client']] as const

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

describe.each(roles)('the close handler of a %s', (role) => {
  /** The peer has sent Close and ends as its role asks of it; the connection's outcome, without a timer left. */
  async function end(solo: Solo): Promise<Record<string, unknown>> {
    solo.transport.receiveEnd()
    await solo.settle()
    const info = await solo.conn.closed
    expect([solo.clock.timerCount, solo.transport.misuse]).toEqual([0, []])
    return { ...info }
  }

  test('gets code and reason once; without an answer of its own the default is sent', async () => {
    for (const [code, reason] of [[4001, 'bye'] as const, [undefined, ''] as const]) {
      const solo = new Solo({ role })
      const met: unknown[] = []
      solo.conn.setCloseHandler((...args) => void met.push(args))
      await solo.receiveClose(code, reason)
      expect([met, solo.log]).toEqual([[[code ?? 1005, reason]], [`close ${code ?? 1005}`]])
      expect(await end(solo)).toEqual({ code: code ?? 1005, reason, wasClean: true })
    }
  })

  test('may close with a code of its own', async () => {
    const solo = new Solo({ role })
    solo.conn.setCloseHandler(() => void solo.conn.close(4002, 'mine'))
    await solo.receiveClose(4001, 'theirs')
    expect(solo.log).toEqual(['close 4002 mine'])
    expect(await end(solo)).toEqual({ code: 4001, reason: 'theirs', wasClean: true })
  })

  test('may write before it closes, and take its time', async () => {
    const solo = new Solo({ role, closeTimeout: 1000 })
    let go = () => {}
    const wait = new Promise<void>((resolve) => {
      go = resolve
    })
    solo.conn.setCloseHandler(async () => {
      await solo.conn.writeMessage('last')
      await wait
      await solo.conn.writeMessage('words')
      solo.conn.close(4002)
    })
    await solo.receiveClose(4001)
    expect([solo.log, solo.conn.state]).toEqual([['text last'], 'closing'])
    await solo.clock.advance(900)
    go()
    await solo.settle()
    expect(solo.log).toEqual(['text last', 'text words', 'close 4002'])
    expect(await end(solo)).toEqual({ code: 4001, reason: '', wasClean: true })
  })

  test('that takes its time gets the default answer behind it', async () => {
    const solo = new Solo({ role })
    solo.conn.setCloseHandler(async () => {
      await solo.conn.writeMessage('last')
    })
    await solo.receiveClose(4001)
    expect(solo.log).toEqual(['text last', 'close 4001'])
    expect((await end(solo)).wasClean).toBe(true)
  })

  test('that never settles is given closeTimeout', async () => {
    const solo = new Solo({ role, closeTimeout: 1000 })
    solo.conn.setCloseHandler(() => new Promise(() => {}))
    await solo.receiveClose(4001)
    const closed = watch(solo.conn.closed)
    await solo.clock.advance(999)
    expect(closed.state).toBe('pending')
    await solo.clock.advance(1)
    expect(closed.value).toEqual({ code: 4001, reason: '', wasClean: true })
    expect(solo.clock.timerCount).toBe(0)
  })

  test('that throws or rejects ends the connection with 1011', async () => {
    const cause = new Error('mine')
    for (const handler of [
      () => {
        throw cause
      },
      async () => {
        throw cause
      },
    ]) {
      const solo = new Solo({ role })
      solo.conn.setCloseHandler(handler)
      await solo.receiveClose(4001)
      expect(solo.log).toEqual(['close 1011'])
      expect((await end(solo)).error).toEqual(failure('ERR_WS_HANDLER', { cause }))
    }
  })

  test.each<[string, (conn: Conn) => Promise<unknown>]>([
    ['a read', (conn) => conn.readMessage()],
    ['a ping', (conn) => conn.ping()],
    ['a reader', (conn) => conn.nextReader()],
  ])(
    'that rejects because of %s behind the end is no failure: the default answer is sent',
    async (_, read) => {
      const solo = new Solo({ role })
      solo.conn.setCloseHandler(async () => {
        await read(solo.conn)
      })
      await solo.receiveClose(4001)
      expect(solo.log).toEqual(['close 4001'])
      expect(await end(solo)).toEqual({ code: 4001, reason: '', wasClean: true })
    },
  )

  test('reads have ended when it is called', async () => {
    const solo = new Solo({ role })
    const all: string[] = []
    const loop = (async () => {
      for await (const message of solo.conn) all.push(message.text())
      all.push('end')
    })()
    let atCall: string[] = []
    solo.conn.setCloseHandler(async () => {
      await undefined
      await loop
      atCall = [...all]
    })
    await solo.receive(solo.frame(1, 'a'), solo.frame(8))
    await end(solo)
    expect(atCall).toEqual(['a', 'end'])
  })

  test('null restores the default, and the getter gives it to chains', async () => {
    const solo = new Solo({ role })
    const met: unknown[] = []
    const standard = solo.conn.closeHandler
    solo.conn.setCloseHandler((code, reason) => {
      met.push(code)
      return standard(code, reason)
    })
    await solo.receiveClose(1001)
    expect([met, solo.log]).toEqual([[1001], ['close 1001']])
    await end(solo)
    const other = new Solo({ role })
    other.conn.setCloseHandler(() => void met.push('never'))
    other.conn.setCloseHandler(null)
    await other.receiveClose(1001)
    expect([met, other.log]).toEqual([[1001], ['close 1001']])
    await end(other)
  })

  test.each([['end'], ['reset']] as const)('is pending when the transport meets its %s', async (how) => {
    const solo = new Solo({ role, closeTimeout: 1000 })
    let go = () => {}
    solo.conn.setCloseHandler(
      () =>
        new Promise<void>((resolve) => {
          go = resolve
        }),
    )
    await solo.receiveClose(4001)
    if (how === 'end') solo.transport.receiveEnd()
    else solo.transport.gone(new Error('reset'))
    await solo.settle()
    go()
    await solo.settle()
    if (how === 'end') expect(solo.log).toEqual(['close 4001'])
    expect(await solo.conn.closed).toEqual({ code: 4001, reason: '', wasClean: true })
    await solo.settle()
    expect([solo.clock.timerCount, solo.transport.misuse, solo.conn.state]).toEqual([0, [], 'closed'])
  })

  test('in which the connection is terminated keeps the peer’s outcome', async () => {
    const solo = new Solo({ role })
    solo.conn.setCloseHandler(async () => solo.conn.terminate())
    await solo.receiveClose(4001)
    expect(await solo.conn.closed).toEqual({ code: 4001, reason: '', wasClean: true })
    expect([solo.log, solo.clock.timerCount]).toEqual([[], 0])
  })

  test('is called behind a Close of ours too', async () => {
    const solo = new Solo({ role })
    const met: unknown[] = []
    solo.conn.setCloseHandler((code) => void met.push(code))
    const closed = solo.conn.close(1000)
    await solo.receiveClose(1000)
    await end(solo)
    expect([met, (await closed).code, solo.log]).toEqual([[1000], 1000, ['close 1000']])
  })
})

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
