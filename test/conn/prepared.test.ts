// Prepared messages on connections: their place among other writes, and what each kind of them does.
// RFC 6455 §5.4, §5.5.

import { describe, expect, test } from 'vitest'
import { formatCloseMessage } from '../../src/codec/close-payload.ts'
import { PreparedMessage } from '../../src/codec/prepared-message.ts'
import { unmasked } from '../codec/sent-frames.ts'
import { counted, failure, Solo, watch } from './connections.ts'
import { drain, start, words } from './writers.ts'

const roles = ['server', 'client'] as const

describe.each(roles)('on a %s', (role) => {
  test.each([
    ['a text', 1, 'käse'],
    ['bytes', 2, counted(200)],
    ['large bytes', 2, counted(70_000)],
    ['a ping', 9, 'ping'],
    ['a pong', 10, counted(125)],
    ['a Close frame', 8, formatCloseMessage(4001, 'reason')],
  ] as const)('%s is what writeMessage() sends', async (_, type, data) => {
    const [{ solo: one }, { solo: other }] = [start({ role }), start({ role })]
    const prepared = one.conn.writePreparedMessage(new PreparedMessage(type, data))
    const plain = other.conn.writeMessage(type, data)
    for (const solo of [one, other]) await solo.settle()
    await Promise.all([prepared, plain])
    expect(unmasked(one.transport.written)).toEqual(unmasked(other.transport.written))
    expect(one.conn.state).toBe(other.conn.state)
  })

  test('N12: goes to many connections, each as its own, and changes with none', async () => {
    const data = counted(70_000)
    const message = new PreparedMessage(2, data)
    data.fill(0)
    const all = Array.from({ length: 20 }, () => start({ role }).solo)
    for (const solo of all) for (let i = 0; i < 3; i++) solo.conn.writePreparedMessage(message)
    const sent = new Set<string>()
    for (const solo of all) {
      await solo.settle()
      expect(solo.sent.map(({ type, data }) => [type, Buffer.compare(data!, counted(70_000))])).toEqual(
        Array(3).fill([2, 0]),
      )
      sent.add(Buffer.from(solo.transport.written).toString('base64'))
    }
    expect(sent.size).toBe(role === 'server' ? 1 : 20)
  })

  test('settles as any other message: its memory is never borrowed from the caller', async () => {
    const { solo } = start({ role }, true)
    const large = watch(solo.conn.writePreparedMessage(new PreparedMessage(2, counted(100_000))))
    await solo.settle()
    expect(large.state).toBe('resolved')
    const { solo: slow } = start({ role, highWaterMark: 10 }, true)
    const waiting = watch(slow.conn.writePreparedMessage(new PreparedMessage(2, counted(100))))
    await slow.settle()
    expect(waiting.state).toBe('pending')
    await drain(slow)
    expect(waiting.state).toBe('resolved')
  })

  test('a Close frame closes: behind it nothing is sent, and the peer has closeTimeout to answer', async () => {
    const { solo } = start({ role, closeTimeout: 800 })
    await solo.conn.writePreparedMessage(new PreparedMessage(8, formatCloseMessage(4001)))
    expect(solo.conn.state).toBe('closing')
    for (const type of [1, 8, 9] as const)
      await expect(solo.conn.writePreparedMessage(new PreparedMessage(type, ''))).rejects.toEqual(
        failure('ERR_WS_CLOSE_SENT'),
      )
    await solo.clock.advance(800)
    expect(words(solo)).toEqual(['8:2.'])
    expect(await solo.conn.closed).toMatchObject({ code: 1006 })
  })

  test('rejects with the error of a connection that has ended', async () => {
    const { solo } = start({ role })
    solo.conn.terminate()
    for (const type of [1, 9] as const)
      await expect(solo.conn.writePreparedMessage(new PreparedMessage(type, ''))).rejects.toEqual(
        failure('ERR_WS_ABNORMAL_CLOSURE'),
      )
  })
})

test('anything else throws at once', () => {
  const solo = new Solo()
  for (const bad of ['text', counted(3), null, undefined, { type: 1, payload: counted(1) }, PreparedMessage])
    expect(() => solo.conn.writePreparedMessage(bad as never)).toThrow(failure('ERR_WS_ARGUMENT') as Error)
  expect(() => solo.conn.writePreparedMessage(new PreparedMessage(1, ''), { timeout: -1 })).toThrow(
    failure('ERR_WS_ARGUMENT') as Error,
  )
  expect(solo.conn.bufferedAmount).toBe(0)
})

test('one of another copy of the library is as good', async () => {
  const { type, payload, frame } = new PreparedMessage(1, 'from afar')
  const { solo } = start()
  const brand = { [Symbol.for('gibbon-ws.PreparedMessage')]: true }
  await solo.conn.writePreparedMessage({ type, payload, frame, ...brand } as never)
  await solo.settle()
  expect(solo.log).toEqual(['text from afar'])
})

test('a random source that fails refuses a client’s, and only that one', async () => {
  let isBroken = true
  const random = {
    fill() {
      if (isBroken) throw new Error('no entropy')
    },
  }
  const { solo } = start({ role: 'client', random })
  const message = new PreparedMessage(1, 'prepared')
  await expect(solo.conn.writePreparedMessage(message)).rejects.toEqual(failure('ERR_WS_RANDOM_SOURCE'))
  isBroken = false
  await solo.conn.writePreparedMessage(message)
  await solo.settle()
  expect(solo.log).toEqual(['text prepared'])
})
