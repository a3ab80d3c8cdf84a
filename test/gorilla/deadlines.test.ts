// Deadlines that pass: a read's breaks nothing here, where gorilla/websocket's poisons the connection for good.
// No section of RFC 6455: it knows no deadlines.

import { describe, expect, test } from 'vitest'
import { failure, Solo, stalled, watch } from '../conn/connections.ts'
import { errorOf, readAll, roles } from './wire.ts'

const timeout = failure('ERR_WS_TIMEOUT')
const later = (ms: number) => new Date(Date.now() + ms)

describe.each(roles)('a %s', (role) => {
  test('TestDeadlinePoisoning: a read deadline between messages leaves the connection as it was', async () => {
    const solo = new Solo({ role })
    const { conn } = solo
    for (let i = 0; i < 3; i++) {
      conn.setReadDeadline(later(1_000))
      const reads = watch<unknown>(i === 1 ? conn.nextReader() : conn.readMessage())
      await solo.clock.advance(1_001)
      expect(reads.error).toEqual(timeout)
      const behind = watch(conn.readMessage())
      await solo.clock.advance(0)
      expect(behind.error).toEqual(timeout)
      conn.setReadDeadline(null)
      await solo.receiveTexts(`message ${i}`)
      expect((await conn.readMessage()).text()).toBe(`message ${i}`)
    }
    await conn.writeMessage('still open')
    await solo.settle()
    expect([conn.state, solo.log]).toEqual(['open', ['text still open']])
  })

  test('TestDeadlinePoisoning: inside of a frame, at every cut, nothing is lost', async () => {
    const bytes = new Solo({ role }).frame(1, 'a message of some length')
    for (let cut = 1; cut < bytes.length; cut++) {
      const solo = new Solo({ role })
      const read = watch(solo.conn.readMessage({ timeout: 50 }))
      await solo.receive(bytes.slice(0, cut))
      await solo.clock.advance(50)
      expect(read.error).toEqual(timeout)
      await solo.receive(bytes.slice(cut))
      expect((await solo.conn.readMessage()).text()).toBe('a message of some length')
    }
  })

  test('TestDeadlinePoisoning: a reader goes on where its read timed out', async () => {
    const solo = new Solo({ role })
    await solo.receive(solo.frame(2, 'begun ', false))
    const reader = await solo.conn.nextReader()
    expect(Buffer.from((await reader.read())!).toString()).toBe('begun ')
    const read = watch(reader.read({ timeout: 50 }))
    await solo.clock.advance(50)
    expect(read.error).toEqual(timeout)
    await solo.receive(solo.frame(0, 'and ended'))
    expect((await readAll(reader)).toString()).toBe('and ended')
  })

  test('TestDeadlinePoisoning: a loop throws at its timeout, and another one goes on', async () => {
    const solo = new Solo({ role })
    solo.conn.setReadTimeout(100)
    const texts: string[] = []
    const loop = async () => {
      for await (const message of solo.conn) texts.push(message.text())
    }
    const first = watch(loop())
    await solo.clock.advance(90)
    await solo.receiveTexts('in time')
    await solo.clock.advance(90)
    expect(first.state).toBe('pending')
    await solo.clock.advance(10)
    expect(first.error).toEqual(timeout)
    const second = watch(loop())
    await solo.receiveTexts('again')
    await solo.receiveClose(1000)
    expect(second.state).toBe('resolved')
    expect(texts).toEqual(['in time', 'again'])
  })

  test('TestDeadlinePoisoning: a message that a read has given up is the next one’s', async () => {
    const solo = new Solo({ role })
    const read = watch(solo.conn.readMessage({ deadline: later(50) }))
    await solo.clock.advance(51)
    expect(read.error).toEqual(timeout)
    await solo.receiveTexts('one', 'two')
    expect((await solo.conn.readMessage()).text()).toBe('one')
    expect((await solo.conn.readMessage()).text()).toBe('two')
  })

  test('TestDeadlinePoisoning: moved by a pong handler, a deadline keeps a connection alive', async () => {
    const solo = new Solo({ role })
    const { conn } = solo
    conn.setPongHandler(() => conn.setReadTimeout(1_000))
    conn.setReadTimeout(100)
    await solo.receive(solo.frame(10))
    const read = watch(conn.readMessage())
    await solo.clock.advance(900)
    expect(read.state).toBe('pending')
    await solo.clock.advance(100)
    expect(read.error).toEqual(timeout)
  })

  test('TestDeadlinePoisoning: a write that waits for its turn leaves no trace', async () => {
    const solo = new Solo({ role })
    const { conn } = solo
    const writer = await conn.nextWriter(1)
    await writer.write('first')
    conn.setWriteDeadline(later(50))
    const write = watch(conn.writeMessage('never sent'))
    await solo.clock.advance(51)
    expect(write.error).toEqual(timeout)
    conn.setWriteDeadline(null)
    await writer.close()
    await conn.writeMessage('second')
    await solo.settle()
    expect(solo.log).toEqual(['text first', 'text second'])
  })

  test('TestDeadlinePoisoning: one that is half way out fails the connection, since the peer cannot be told', async () => {
    const solo = stalled({ role, highWaterMark: 0 })
    const write = watch(solo.conn.writeMessage('held back', { timeout: 50 }))
    await solo.clock.advance(50)
    expect(write.error).toEqual(timeout)
    expect(await errorOf(solo.conn.writeMessage('late'))).toBe(write.error)
    expect(await errorOf(solo.conn.readMessage())).toBe(write.error)
    expect(await solo.conn.closed).toMatchObject({ code: 1006, wasClean: false })
  })
})
