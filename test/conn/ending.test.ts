// The end of a connection, whatever brings it: one outcome in `closed`, no promise left pending, no timer left.
// RFC 6455 §7.1.4 to §7.1.7.

import { describe, expect, test } from 'vitest'
import type { CloseInfo } from '../../src/conn/close-info.ts'
import { counted, failure, Pair, Solo, watch } from './connections.ts'

const endings: [string, (solo: Solo) => void, Partial<CloseInfo>][] = [
  [
    'a closing handshake of ours',
    (solo) => {
      solo.conn.close(1000)
      solo.transport.receive(solo.frame(8, Uint8Array.of(3, 0xe8)))
      solo.transport.receiveEnd()
    },
    { code: 1000, wasClean: true },
  ],
  [
    'a closing handshake of the peer',
    (solo) => {
      solo.transport.receive(solo.frame(8))
      solo.transport.receiveEnd()
    },
    { code: 1005, wasClean: true },
  ],
  ['the end of the stream', (solo) => solo.transport.receiveEnd(), { code: 1006, wasClean: false }],
  ['a reset', (solo) => solo.transport.gone(new Error('reset')), { code: 1006, wasClean: false }],
  ['the transport going away', (solo) => solo.transport.gone(), { code: 1006, wasClean: false }],
  ['terminate()', (solo) => solo.conn.terminate(), { code: 1006, wasClean: false }],
  [
    'a fault',
    (solo) => {
      solo.transport.receive(solo.frame(3))
      solo.transport.receiveEnd()
    },
    { code: 1002, wasClean: false },
  ],
  ['a silent peer while we close', (solo) => void solo.conn.close(), { code: 1006, wasClean: false }],
]

describe.each(endings)('when a connection ends by %s', (_, end, expected) => {
  test('every promise that is pending settles, and later ones do at once', async () => {
    const solo = new Solo({ highWaterMark: 10, closeTimeout: 50 })
    solo.transport.holds = true
    const forever = { timeout: 1_000_000, signal: new AbortController().signal }
    const pending = {
      read: watch(solo.conn.readMessage(forever)),
      write: watch(solo.conn.writeMessage(counted(100))),
      timed: watch(solo.conn.writeMessage(counted(100), forever)),
      borrowed: watch(solo.conn.writeMessage(counted(100_000))),
      control: watch(solo.conn.writeControl(9, 'x', forever)),
      flush: watch(solo.conn.flush(forever)),
      ping: watch(solo.conn.ping('a', forever)),
      closed: watch(solo.conn.closed),
    }
    await solo.settle()
    expect(Object.values(pending).map(({ state }) => state)).toEqual(Array(8).fill('pending'))
    end(solo)
    await solo.clock.advance(50)
    const { closed, ...others } = pending
    expect(Object.values(others).map(({ state }) => state)).toEqual(Array(7).fill('rejected'))
    expect(closed.value).toMatchObject(expected)
    expect(solo.conn.bufferedAmount).toBe(0)
    const { error } = pending.read
    await expect(solo.conn.readMessage()).rejects.toBe(error)
    await expect(solo.conn.writeMessage('x')).rejects.toBe(error)
    await expect(solo.conn.writeControl(9)).rejects.toBe(error)
    await expect(solo.conn.ping()).rejects.toBe(error)
    await expect(solo.conn.flush()).rejects.toBe(error)
    expect(await solo.conn.close()).toBe(closed.value)
  })

  test('`closed` gives the same when it is asked for late, and again', async () => {
    const solo = new Solo({ closeTimeout: 50 })
    end(solo)
    await solo.clock.advance(50)
    const info = await solo.conn.closed
    expect(info).toMatchObject(expected)
    expect(await solo.conn.closed).toBe(info)
    expect(solo.conn.state).toBe('closed')
  })

  test('no timer is left, no promise is unhandled, and nothing is asked of the transport any more', async () => {
    const solo = new Solo({ closeTimeout: 50, keepAlive: { interval: 10_000, timeout: 10_000 } })
    // Nobody looks at these: a rejection of theirs must not count as unhandled.
    solo.conn.readMessage({ timeout: 1_000_000 })
    solo.conn.ping('x', { timeout: 1_000_000 })
    solo.conn.writeMessage(counted(100_000))
    end(solo)
    await solo.clock.advance(50)
    await solo.conn.closed
    const calls = solo.transport.calls.length
    solo.conn.writeMessage('x')
    solo.conn.ping()
    solo.conn.flush()
    solo.conn.terminate()
    solo.conn.close()
    await solo.clock.advance(100_000)
    expect(solo.transport.calls.length).toBe(calls)
    expect([solo.clock.timerCount, solo.conn.bufferedAmount, solo.transport.misuse]).toEqual([0, 0, []])
  })
})

describe('close() with limits', () => {
  test('gives up its promise and nothing else', async () => {
    const solo = new Solo({ closeTimeout: 1000 })
    const reason = new Error('enough')
    const controller = new AbortController()
    const closes = [
      watch(solo.conn.close(1000, '', { timeout: 100 })),
      watch(solo.conn.close(1000, '', { signal: controller.signal })),
      watch(solo.conn.close(1000, '', { signal: AbortSignal.abort(reason) })),
      watch(solo.conn.close()),
    ]
    controller.abort(reason)
    await solo.clock.advance(100)
    expect(closes.map(({ error }) => error)).toEqual([failure('ERR_WS_TIMEOUT'), reason, reason, undefined])
    expect(solo.log).toEqual(['close 1000'])
    await solo.receiveClose(1000)
    solo.transport.receiveEnd()
    await solo.settle()
    expect([closes[3].value, solo.clock.timerCount]).toEqual([await solo.conn.closed, 0])
  })

  test('resolves within them, with no timer left', async () => {
    const solo = new Solo()
    const closed = watch(solo.conn.close(1000, '', { timeout: 100, signal: new AbortController().signal }))
    await solo.receiveClose(1000)
    solo.transport.receiveEnd()
    await solo.settle()
    expect([closed.value, solo.clock.timerCount]).toEqual([await solo.conn.closed, 0])
    expect(() => solo.conn.close(1000, '', { timeout: -1 })).toThrow(failure('ERR_WS_ARGUMENT') as Error)
  })
})

describe('terminate()', () => {
  test('N9: sends no Close, only what was written before, and may be called again', async () => {
    const solo = new Solo()
    await solo.conn.writeMessage('last words')
    solo.conn.terminate()
    solo.conn.terminate()
    await solo.settle()
    expect([solo.transport.calls, solo.log]).toEqual([['write', 'destroy'], ['text last words']])
    const { code, error } = await solo.conn.closed
    expect([code, error]).toEqual([1006, failure('ERR_WS_ABNORMAL_CLOSURE', { remote: false })])
  })

  test('during the closing handshake cuts it short', async () => {
    const solo = new Solo()
    const closed = solo.conn.close()
    solo.conn.terminate()
    expect((await closed).code).toBe(1006)
    expect(solo.clock.timerCount).toBe(0)
  })

  test('behind the peer’s Close keeps the peer’s outcome', async () => {
    const solo = new Solo()
    await solo.receiveClose(4000, 'done')
    solo.conn.terminate()
    expect(await solo.conn.closed).toEqual({ code: 4000, reason: 'done', wasClean: true })
  })

  test('N9: from inside a handler of a message is harmless', async () => {
    const solo = new Solo()
    const handler = (async () => {
      for await (const _ of solo.conn) solo.conn.terminate()
    })()
    const ended = expect(handler).rejects.toEqual(failure('ERR_WS_ABNORMAL_CLOSURE'))
    await solo.receiveTexts('1', '2')
    await ended
  })
})

test('the state goes from open to closing to closed', async () => {
  const solo = new Solo({ role: 'client' })
  const states = [solo.conn.state]
  await solo.receiveClose()
  states.push(solo.conn.state)
  solo.transport.receiveEnd()
  await solo.conn.closed
  states.push(solo.conn.state)
  expect(states).toEqual(['open', 'closing', 'closed'])
})

test('what was agreed in the handshake and the application’s data stay with the connection', () => {
  const solo = new Solo()
  solo.conn.data = { user: 'ada' }
  expect([solo.conn.subprotocol, Object.isFrozen(solo.conn.handshake)]).toEqual(['chat', true])
  expect(solo.conn.data).toEqual({ user: 'ada' })
  expect(solo.conn.socket).toBe(solo.transport.raw)
})

describe('a pair of connections', () => {
  test('echoes messages of every size in both directions', async () => {
    const pair = new Pair()
    const echo = (async () => {
      for await (const message of pair.server) await pair.server.writeMessage(message)
    })()
    const sizes = [0, 1, 125, 126, 65_535, 65_536, 300_000]
    for (const size of sizes) {
      pair.client.writeMessage(counted(size))
      await pair.settle()
      expect(Buffer.compare((await pair.client.readMessage()).data, counted(size))).toBe(0)
    }
    pair.client.close()
    await pair.settle()
    await echo
    expect(pair.server.state).toBe('closed')
  })

  test.each([
    ['the client', 'client', 'server'],
    ['the server', 'server', 'client'],
  ] as const)(
    'closes from %s: both ends are clean, and the server ends the transport first',
    async (_, from, to) => {
      const pair = new Pair()
      const ends: string[] = []
      for (const role of ['server', 'client'] as const) {
        const transport = pair.transports[role]
        const end = transport.end.bind(transport)
        transport.end = () => {
          ends.push(role)
          end()
        }
      }
      const closed = pair[from].close(4000, 'why')
      await pair.settle()
      expect(await closed).toEqual({ code: 4000, reason: '', wasClean: true })
      expect(await pair[to].closed).toEqual({ code: 4000, reason: 'why', wasClean: true })
      expect(ends[0]).toBe('server')
      expect(pair.clock.timerCount).toBe(0)
    },
  )

  test('G11: closes from both ends at once', async () => {
    const pair = new Pair()
    const both = [pair.client.close(4001), pair.server.close(4002)]
    await pair.settle()
    const [client, server] = await Promise.all(both)
    expect([client.code, client.wasClean, server.code, server.wasClean]).toEqual([4002, true, 4001, true])
    expect(pair.clock.timerCount).toBe(0)
  })

  test('a reader that stops makes the writer wait, and neither loses anything', async () => {
    const pair = new Pair({ highWaterMark: 100_000 })
    const { server } = pair.transports
    let written = 0
    const writer = (async () => {
      for (let i = 0; i < 100; i++) {
        await pair.client.writeMessage(counted(10_000, i))
        written++
      }
    })()
    // The pipe between them holds what the paused server does not take.
    pair.transports.client.holds = true
    for (let i = 0; i < 20; i++) {
      await pair.settle()
      if (!server.isPaused) pair.transports.client.handOver()
    }
    expect(server.isPaused).toBe(true)
    expect(written).toBeLessThan(50)
    for (let i = 0; i < 100; i++) {
      const read = watch(pair.server.readMessage())
      while (read.state === 'pending') {
        pair.transports.client.handOver()
        await pair.settle()
      }
      expect(Buffer.compare(read.value!.data, counted(10_000, i))).toBe(0)
    }
    await writer
  })
})
