// The handler of the peer's Close: its answer, the time that it has, and how it fails.
// RFC 6455 §5.5.1, §7.1; gorilla/websocket's SetCloseHandler.

import { describe, expect, test } from 'vitest'
import type { Conn } from '../../src/conn/conn.ts'
import { failure, Solo, watch } from './connections.ts'

const roles = [['server'], ['client']] as const

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
