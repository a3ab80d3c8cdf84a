// The closing handshake: in order behind what was written, within closeTimeout in every state.
// RFC 6455 §5.5.1, §7.1.

import { describe, expect, test } from 'vitest'
import { counted, failure, Solo } from './connections.ts'

describe('close()', () => {
  test('G12: sends Close at once behind everything written, and resolves with the peer’s answer', async () => {
    const solo = new Solo({ role: 'client' })
    for (let i = 0; i < 3; i++) solo.conn.writeMessage(`${i}`)
    const closed = solo.conn.close(4000, 'done')
    expect(solo.log).toEqual(['text 0', 'text 1', 'text 2', 'close 4000 done'])
    expect(solo.transport.writes.length).toBe(1)
    expect(solo.conn.state).toBe('closing')
    await solo.receiveClose(4000, 'heard')
    solo.transport.receiveEnd()
    expect(await closed).toEqual({ code: 4000, reason: 'heard', wasClean: true })
    expect([solo.conn.state, solo.clock.timerCount]).toEqual(['closed', 0])
  })

  test('defaults to 1000, and 1005 sends no code', async () => {
    const [normal, empty] = [new Solo(), new Solo()]
    normal.conn.close()
    empty.conn.close(1005)
    expect([...normal.transport.written]).toEqual([0x88, 2, 3, 0xe8])
    expect([...empty.transport.written]).toEqual([0x88, 0])
  })

  test('N9: again only waits: one Close frame, one outcome', async () => {
    const solo = new Solo()
    const first = solo.conn.close(1001, 'first')
    const second = solo.conn.close(4000, 'second')
    await solo.receiveClose(1001)
    expect(solo.log).toEqual(['close 1001 first'])
    solo.transport.receiveEnd()
    expect(await second).toBe(await first)
    expect(await solo.conn.close()).toBe(await first)
    expect(solo.log).toEqual(['close 1001 first'])
  })

  test.each([999, 1004, 1006, 1015, 1016, 2999, 5000, 1000.5, Number.NaN])(
    'G5: throws at once for the code %d',
    (code) => {
      const solo = new Solo()
      expect(() => solo.conn.close(code)).toThrow(RangeError)
      expect(() => solo.conn.close(code)).toThrow(failure('ERR_WS_ARGUMENT') as Error)
      expect([solo.conn.state, solo.transport.calls.length, solo.clock.timerCount]).toEqual(['open', 0, 0])
    },
  )

  test('G5, G6: throws at once for a reason that is too long or no string', () => {
    const solo = new Solo()
    expect(() => solo.conn.close(1000, 'é'.repeat(62))).toThrow(RangeError)
    expect(() => solo.conn.close(1000, 5 as unknown as string)).toThrow(TypeError)
    expect(() => solo.conn.close('1000' as unknown as number)).toThrow(TypeError)
    expect([solo.conn.state, solo.transport.calls.length]).toEqual(['open', 0])
    solo.conn.close(1000, 'é'.repeat(61))
    expect(solo.sent[0].reason).toBe('é'.repeat(61))
  })

  test('when the peer’s Close has come only waits for the end', async () => {
    const solo = new Solo({ role: 'client' })
    await solo.receiveClose(1001, 'theirs')
    const closed = solo.conn.close(4000, 'mine')
    expect(solo.log).toEqual(['close 1001'])
    solo.transport.receiveEnd()
    expect(await closed).toEqual({ code: 1001, reason: 'theirs', wasClean: true })
  })

  test('when the connection has ended gives the outcome, and asks nothing of the transport', async () => {
    const solo = new Solo()
    solo.transport.gone(new Error('reset'))
    const { code } = await solo.conn.close(1000)
    expect(code).toBe(1006)
    expect([solo.transport.calls.length, solo.clock.timerCount]).toEqual([0, 0])
  })

  test('N9: behind terminate() writes nothing to the transport that was torn down', async () => {
    const solo = new Solo()
    solo.transport.holdsClose = true
    solo.conn.terminate()
    const closed = solo.conn.close(1000)
    await solo.settle()
    solo.transport.gone()
    expect((await closed).code).toBe(1006)
    expect(solo.transport.calls).toEqual(['destroy'])
    expect(solo.clock.timerCount).toBe(0)
  })
})

describe('behind our Close', () => {
  test('G8, N1: writes are refused', async () => {
    const solo = new Solo()
    solo.conn.close()
    const sent = failure('ERR_WS_CLOSE_SENT', { remote: false })
    await expect(solo.conn.writeMessage('late')).rejects.toEqual(sent)
    await expect(solo.conn.writeControl(9)).rejects.toEqual(sent)
    await solo.conn.flush()
    await solo.settle()
    expect(solo.log).toEqual(['close 1000'])
  })

  test('a read that is pending still gets a message, later ones are dropped', async () => {
    const solo = new Solo()
    const read = solo.conn.readMessage()
    solo.conn.close()
    await solo.receiveTexts('last', 'lost')
    await solo.receiveTexts('lost too')
    expect((await read).text()).toBe('last')
    await solo.receiveClose(1000)
    await expect(solo.conn.readMessage()).rejects.toEqual(failure('ERR_WS_CLOSED'))
  })

  test('messages that waited before are still read', async () => {
    const solo = new Solo()
    await solo.receiveTexts('1', '2')
    solo.conn.close()
    await solo.receiveClose(1000)
    const texts: string[] = []
    for await (const message of solo.conn) texts.push(message.text())
    expect(texts).toEqual(['1', '2'])
  })

  test('drain reads no faster than the application: the transport is paused and resumed as before', async () => {
    const solo = new Solo()
    solo.conn.close(1000, '', { drain: true })
    await solo.receive(solo.frame(2, counted(40_000)), solo.frame(2, counted(40_000)))
    expect(solo.transport.isPaused).toBe(true)
    await solo.conn.readMessage()
    await solo.conn.readMessage()
    expect(solo.transport.isPaused).toBe(false)
  })

  test('drain delivers what arrives until the peer’s Close', async () => {
    const solo = new Solo()
    const closed = solo.conn.close(1000, '', { drain: true })
    await solo.receiveTexts('1', '2')
    await solo.receive(solo.frame(1, '3'), solo.frame(8))
    const texts: string[] = []
    for await (const message of solo.conn) texts.push(message.text())
    expect(texts).toEqual(['1', '2', '3'])
    solo.transport.receiveEnd()
    expect((await closed).code).toBe(1005)
  })

  test.each([
    [true, ['1', '2']],
    [false, []],
  ])('the first call says whether messages are wanted: drain %s', async (drain, expected) => {
    const solo = new Solo()
    solo.conn.close(1000, '', { drain })
    solo.conn.close(1000, '', { drain: !drain })
    await solo.receiveTexts('1', '2')
    await solo.receiveClose(1000)
    const texts: string[] = []
    for await (const message of solo.conn) texts.push(message.text())
    expect(texts).toEqual(expected)
  })

  test('the peer’s Close is found behind any number of messages that nobody reads', async () => {
    const solo = new Solo()
    const closed = solo.conn.close()
    for (let i = 0; i < 50; i++) await solo.receive(solo.frame(2, counted(10_000)))
    await solo.receiveClose(1000)
    solo.transport.receiveEnd()
    expect(await closed).toEqual({ code: 1000, reason: '', wasClean: true })
    expect(solo.transport.calls).not.toContain('pause')
  })
})

describe('the peer’s Close', () => {
  test.each([
    [1000, 1000],
    [3000, 3000],
    [1014, 1014],
    [undefined, 1005],
  ])('G3, G13: with the code %s is answered with the same', async (code, answer) => {
    const solo = new Solo()
    await solo.receiveClose(code)
    expect(solo.log).toEqual([`close ${answer}`])
  })

  test('G10: is answered by a server, which then ends the transport first', async () => {
    const solo = new Solo({ role: 'server' })
    await solo.receiveClose(1000)
    expect(solo.transport.calls).toEqual(['write', 'end'])
    solo.transport.receiveEnd()
    expect((await solo.conn.closed).wasClean).toBe(true)
  })

  test('G10: is answered by a client, which waits for the server to end the transport', async () => {
    const solo = new Solo({ role: 'client' })
    await solo.receiveClose(1000)
    expect(solo.transport.calls).toEqual(['write'])
    solo.transport.receiveEnd()
    expect(solo.transport.calls).toEqual(['write', 'end', 'destroy'])
    expect((await solo.conn.closed).wasClean).toBe(true)
  })

  test('leaves behind what was written in the same turn', async () => {
    const solo = new Solo()
    solo.conn.writeMessage('still')
    solo.transport.receive(solo.frame(8))
    await solo.settle()
    expect(solo.log).toEqual(['text still', 'close 1005'])
  })

  test('E7: in the middle of a message ends the connection cleanly; the part is dropped', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'part', false), solo.frame(8))
    await expect(solo.conn.readMessage()).rejects.toEqual(failure('ERR_WS_CLOSED'))
    solo.transport.receiveEnd()
    expect((await solo.conn.closed).wasClean).toBe(true)
  })

  test('N1: makes every later write reject with the error of the reads', async () => {
    const solo = new Solo()
    await solo.receiveClose(4001, 'away')
    const error = await solo.conn.readMessage().catch((e) => e)
    expect(error).toEqual(failure('ERR_WS_CLOSED', { closeCode: 4001, reason: 'away' }))
    for (const call of [
      () => solo.conn.writeMessage('x'),
      () => solo.conn.ping(),
      () => solo.conn.writeControl(9),
    ])
      await expect(call()).rejects.toBe(error)
  })

  test('G11: crossing ours: both were sent before either came, and the end is clean', async () => {
    const solo = new Solo()
    const closed = solo.conn.close(4000)
    await solo.receiveClose(4001)
    solo.transport.receiveEnd()
    expect(await closed).toEqual({ code: 4001, reason: '', wasClean: true })
    expect(solo.log).toEqual(['close 4000'])
  })
})
