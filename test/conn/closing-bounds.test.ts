// What bounds the end of a connection: closeTimeout in every state, and a fault, behind which there is silence.
// RFC 6455 §7.1.1, §7.1.7.

import { describe, expect, test } from 'vitest'
import { counted, failure, Solo, watch } from './connections.ts'

const abnormal = failure('ERR_WS_ABNORMAL_CLOSURE')

describe('closeTimeout ends', () => {
  const closeTimeout = 800

  async function endsAt(solo: Solo, info: unknown): Promise<void> {
    const closed = watch(solo.conn.closed)
    await solo.clock.advance(closeTimeout - 1)
    expect(closed.state).toBe('pending')
    await solo.clock.advance(1)
    expect(closed.value).toMatchObject(info as object)
    expect(solo.transport.calls.at(-1)).toBe('destroy')
    expect(solo.clock.timerCount).toBe(0)
  }

  test('G9: a connection whose peer stays silent', async () => {
    const solo = new Solo({ closeTimeout })
    solo.conn.close()
    await endsAt(solo, { code: 1006, wasClean: false, error: abnormal })
  })

  test('G9, G12: a connection whose peer neither reads nor answers; pending writes reject', async () => {
    const solo = new Solo({ closeTimeout, highWaterMark: 10 })
    solo.transport.holds = true
    const write = watch(solo.conn.writeMessage(counted(1000)))
    solo.conn.close()
    await endsAt(solo, { code: 1006, wasClean: false })
    expect(write.error).toEqual(abnormal)
  })

  test('a connection that was paused, when the peer sends messages and no Close', async () => {
    const solo = new Solo({ closeTimeout })
    await solo.receive(solo.frame(2, counted(70_000)))
    expect(solo.transport.isPaused).toBe(true)
    solo.conn.close()
    expect(solo.transport.isPaused).toBe(false)
    await solo.receiveTexts('and so on')
    await endsAt(solo, { code: 1006, wasClean: false })
  })

  test('G10: a server whose peer has sent Close and keeps the transport open; the outcome is the peer’s', async () => {
    const solo = new Solo({ closeTimeout })
    await solo.receiveClose(1001, 'bye')
    await endsAt(solo, { code: 1001, reason: 'bye', wasClean: true })
  })

  test('G10: a client whose server has answered and does not end the transport', async () => {
    const solo = new Solo({ role: 'client', closeTimeout })
    solo.conn.close()
    await solo.clock.advance(0)
    solo.transport.receive(solo.frame(8))
    await endsAt(solo, { code: 1005, wasClean: true })
  })

  test('a connection that failed, when the peer does not end it', async () => {
    const solo = new Solo({ closeTimeout })
    await solo.receive(solo.frame(3))
    await endsAt(solo, { code: 1002, wasClean: false, error: failure('ERR_WS_OPCODE') })
  })

  test('counts from our Close, not from the peer’s answer', async () => {
    const solo = new Solo({ role: 'client', closeTimeout })
    solo.conn.close()
    await solo.clock.advance(500)
    await solo.receiveClose(1000)
    await solo.clock.advance(299)
    expect(solo.conn.state).toBe('closing')
    await solo.clock.advance(1)
    expect(solo.conn.state).toBe('closed')
  })
})

describe('a fault', () => {
  test.each<[string, (solo: Solo) => Uint8Array, number]>([
    ['a reserved bit', (solo) => solo.frame(0x41), 1002],
    ['an unknown opcode', (solo) => solo.frame(5), 1002],
    ['bad UTF-8', (solo) => solo.frame(1, Uint8Array.of(0xc0)), 1007],
    ['a message past the limit', (solo) => solo.frame(2, counted(1001)), 1009],
    ['a Close frame with a bad code', (solo) => solo.frame(8, Uint8Array.of(0, 0)), 1002],
  ])(
    'by %s is answered with a Close frame that says so, then silence, then the end',
    async (_, bad, code) => {
      for (const role of ['server', 'client'] as const) {
        const solo = new Solo({ role, readLimit: 1000 })
        const write = watch(solo.conn.writeMessage('before'))
        await solo.settle()
        await solo.receive(bad(solo))
        expect(write.state).toBe('resolved')
        expect(solo.log[0]).toBe('text before')
        expect([solo.sent.length, solo.sentClose]).toEqual([2, code])
        expect(solo.sent[1].reason!.length).toBeGreaterThan(0)
        expect(solo.transport.calls).toEqual(['write', 'write', 'end'])
        await solo.receive(solo.frame(9, 'ping'), solo.frame(1, 'more'))
        await expect(solo.conn.writeMessage('late')).rejects.toEqual(expect.any(Error))
        expect([solo.sent.length, solo.transport.calls.length]).toEqual([2, 3])
        solo.transport.receiveEnd()
        expect(await solo.conn.closed).toMatchObject({ code, reason: '', wasClean: false })
        expect([solo.clock.timerCount, solo.transport.misuse]).toEqual([0, []])
      }
    },
  )

  test('behind our Close sends nothing more', async () => {
    const solo = new Solo()
    solo.conn.close()
    await solo.receive(solo.frame(3))
    expect(solo.log).toEqual(['close 1000'])
    solo.transport.receiveEnd()
    expect(await solo.conn.closed).toMatchObject({ code: 1002, wasClean: false })
  })

  test('lets messages leave that were written in the same turn', async () => {
    const solo = new Solo()
    solo.conn.writeMessage('first')
    solo.transport.receive(solo.frame(3))
    await solo.settle()
    expect(solo.log[0]).toBe('text first')
    expect(solo.sentClose).toBe(1002)
  })
})
