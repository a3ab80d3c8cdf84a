// Messages in batches: all that are here at each step, in order, none lost at the end or at a limit.
// RFC 6455 §7.1.5 (the close code), §7.1.7 (failing the connection).

import { describe, expect, test } from 'vitest'
import type { Conn } from '../../src/conn/conn.ts'
import { counted, failure, Solo, watch } from './connections.ts'

/** Collects the batches of a connection, each as its texts. */
function collect(conn: Conn): { batches: string[][]; done: Promise<void> } {
  const batches: string[][] = []
  const done = (async () => {
    for await (const batch of conn.batches()) batches.push(batch.map((message) => message.text()))
  })()
  done.catch(() => {})
  return { batches, done }
}

test('each step gives all messages that are here, 1 or more', async () => {
  const solo = new Solo()
  await solo.receiveTexts('1', '2')
  await solo.receiveTexts('3')
  const { batches, done } = collect(solo.conn)
  await solo.settle()
  await solo.receiveTexts('4')
  await solo.receive(solo.frame(1, '5'), solo.frame(9, 'p'), solo.frame(1, '6', false), solo.frame(0, '7'))
  await solo.receive(solo.frame(9, 'q'))
  await solo.receive(solo.frame(1, '8', false))
  await solo.receive(solo.frame(0, '9'))
  await solo.receiveClose()
  await done
  expect(batches).toEqual([['1', '2', '3'], ['4'], ['5', '67'], ['89']])
})

test('what came in one read with the Close frame is given before the loop ends', async () => {
  const solo = new Solo()
  const { batches, done } = collect(solo.conn)
  await solo.receive(solo.frame(1, '1'), solo.frame(1, '2'), solo.frame(8))
  await done
  expect(batches).toEqual([['1', '2']])
})

test.each([
  ['a bad frame', 'ERR_WS_OPCODE', (solo: Solo) => [solo.frame(3)]],
  ['bad UTF-8', 'ERR_WS_INVALID_UTF8', (solo: Solo) => [solo.frame(1, Uint8Array.of(0xff))]],
  ['a message past the limit', 'ERR_WS_MESSAGE_TOO_BIG', (solo: Solo) => [solo.frame(2, counted(101))]],
])('what came in one read with %s is given before the loop throws', async (_, code, bad) => {
  const solo = new Solo({ readLimit: 100 })
  const { batches, done } = collect(solo.conn)
  await solo.receive(solo.frame(1, '1'), solo.frame(1, '2'), ...bad(solo))
  await expect(done).rejects.toEqual(failure(code))
  expect(batches).toEqual([['1', '2']])
  await expect(collect(solo.conn).done).rejects.toEqual(failure(code))
})

test.each([
  ['the end of the stream', (solo: Solo) => solo.transport.receiveEnd()],
  ['a reset', (solo: Solo) => solo.transport.gone(new Error('reset'))],
  ['terminate()', (solo: Solo) => solo.conn.terminate()],
])('it throws on %s, behind what is here', async (_, end) => {
  const solo = new Solo()
  await solo.receiveTexts('1', '2')
  end(solo)
  const late = collect(solo.conn)
  await expect(late.done).rejects.toEqual(failure('ERR_WS_ABNORMAL_CLOSURE'))
  expect(late.batches).toEqual([['1', '2']])
  const waiting = new Solo()
  const { batches, done } = collect(waiting.conn)
  await waiting.receiveTexts('1')
  end(waiting)
  await expect(done).rejects.toEqual(failure('ERR_WS_ABNORMAL_CLOSURE'))
  expect(batches).toEqual([['1']])
})

test('it ends in order behind our own Close', async () => {
  const solo = new Solo()
  const { batches, done } = collect(solo.conn)
  const closed = solo.conn.close()
  await solo.receiveTexts('1', '2')
  await solo.receiveClose(1000)
  solo.transport.receiveEnd()
  await done
  expect([batches, (await closed).code]).toEqual([[['1', '2']], 1000])
})

test('it makes a paused transport go on', async () => {
  const solo = new Solo()
  await solo.receive(solo.frame(2, counted(40_000)), solo.frame(2, counted(40_000)))
  expect(solo.transport.isPaused).toBe(true)
  const iterator = solo.conn.batches()
  expect((await iterator.next()).value?.length).toBe(2)
  expect(solo.transport.isPaused).toBe(false)
})

describe.each([
  ['a loop', (conn: Conn): AsyncIterator<unknown> => conn[Symbol.asyncIterator]()],
  ['a loop over batches', (conn: Conn): AsyncIterator<unknown> => conn.batches()],
])('%s', (_, iterate) => {
  test('throws at the limits of all reads, and the connection stays', async () => {
    const solo = new Solo()
    solo.conn.setReadTimeout(10)
    const next = watch(iterate(solo.conn).next())
    await solo.clock.advance(10)
    expect(next.error).toEqual(failure('ERR_WS_TIMEOUT'))
    solo.conn.setReadTimeout(null)
    solo.conn.setReadDeadline(new Date(Date.now() + 20))
    const second = watch(iterate(solo.conn).next())
    await solo.clock.advance(25)
    expect(second.error).toEqual(failure('ERR_WS_TIMEOUT'))
    await solo.receiveTexts('here')
    expect((await iterate(solo.conn).next()).done).toBe(false)
    expect([solo.clock.timerCount, solo.conn.state]).toEqual([0, 'open'])
  })

  test.each([[true], [false]])(
    'that is left while it waits lets the next read wait (a limit: %s)',
    async (limited) => {
      const solo = new Solo()
      if (limited) solo.conn.setReadTimeout(1000)
      const iterator = iterate(solo.conn)
      const next = iterator.next()
      expect(await iterator.return?.()).toEqual({ done: true, value: undefined })
      expect(await next).toEqual({ done: true, value: undefined })
      const read = solo.conn.readText()
      await solo.receiveTexts('for the next')
      expect(await read).toBe('for the next')
      expect(solo.clock.timerCount).toBe(0)
    },
  )

  test('that is left leaves the read of somebody else alone', async () => {
    const solo = new Solo()
    const read = solo.conn.readText()
    const iterator = iterate(solo.conn)
    await expect(iterator.next()).rejects.toEqual(failure('ERR_WS_CONCURRENT_READ'))
    await iterator.return?.()
    await solo.receiveTexts('mine')
    expect(await read).toBe('mine')
  })

  test('with a limit ends in order on the peer’s Close, and again', async () => {
    const solo = new Solo()
    solo.conn.setReadTimeout(1000)
    const iterator = iterate(solo.conn)
    const next = iterator.next()
    await solo.receiveClose(1000)
    expect(await next).toEqual({ done: true, value: undefined })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    solo.transport.receiveEnd()
    await solo.conn.closed
    expect(solo.clock.timerCount).toBe(0)
  })

  test('may close, ping and flush in its steps', async () => {
    const solo = new Solo()
    const done: string[] = []
    const loop = (async () => {
      const iterator = iterate(solo.conn)
      for (let step = 0; !(await iterator.next()).done; step++) {
        if (step === 0) done.push(`ping ${await solo.conn.ping('x')}`)
        if (step === 1) await solo.conn.flush()
        if (step === 1)
          done.push(`closed ${(await solo.conn.close()).code} ${(await solo.conn.close()).code}`)
      }
    })()
    // The queue is full and the transport paused when the first step pings.
    await solo.receive(solo.frame(2, counted(10)))
    await solo.receive(solo.frame(2, counted(70_000)))
    await solo.receive(solo.frame(10, 'x'))
    await solo.receive(solo.frame(2, counted(70_000)), solo.frame(2, counted(70_000)))
    await solo.receiveClose(1000)
    solo.transport.receiveEnd()
    await solo.settle()
    await loop
    expect(done).toEqual(['ping 0', 'closed 1000 1000'])
    expect(solo.clock.timerCount).toBe(0)
  })
})

test('limits and signal of a step leave the connection as it was', async () => {
  const solo = new Solo()
  const reason = new Error('enough')
  const controller = new AbortController()
  const limited = watch(solo.conn.batches({ timeout: 100 }).next())
  await solo.clock.advance(100)
  const aborted = watch(solo.conn.batches({ signal: controller.signal }).next())
  controller.abort(reason)
  await solo.settle()
  expect([limited.error, aborted.error]).toEqual([failure('ERR_WS_TIMEOUT'), reason])
  await solo.receiveTexts('a', 'b')
  const { value } = await solo.conn.batches({ timeout: 100 }).next()
  expect([value?.length, solo.clock.timerCount]).toEqual([2, 0])
})
