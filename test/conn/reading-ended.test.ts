// What is read once a connection has ended: what came before, then the same error always; and the ends that limits make.
// RFC 6455 §5.5.1, §7.1.7, §10.4.

import { describe, expect, test } from 'vitest'
import type { Message } from '../../src/codec/message.ts'
import { counted, failure, Solo } from './connections.ts'

describe('after the end', () => {
  const endings: [string, (solo: Solo) => Promise<void>, string][] = [
    ['a Close frame', (solo) => solo.receiveClose(1001, 'bye'), 'ERR_WS_CLOSED'],
    ['a fault', (solo) => solo.receive(Uint8Array.of(0x83, 0x80)), 'ERR_WS_OPCODE'],
    [
      'the end of the stream',
      async (solo) => {
        solo.transport.receiveEnd()
        await solo.settle()
      },
      'ERR_WS_ABNORMAL_CLOSURE',
    ],
    [
      'a reset',
      async (solo) => {
        solo.transport.gone(new Error('reset'))
        await solo.settle()
      },
      'ERR_WS_ABNORMAL_CLOSURE',
    ],
    [
      'terminate()',
      async (solo) => {
        solo.conn.terminate()
        await solo.settle()
      },
      'ERR_WS_ABNORMAL_CLOSURE',
    ],
  ]

  test.each(endings)(
    'N6: by %s messages that came before are delivered, then every read fails alike',
    async (_, end, code) => {
      const solo = new Solo()
      await solo.receiveTexts('one', 'two')
      await end(solo)
      const texts = [(await solo.conn.readMessage()).text(), (await solo.conn.readMessage()).text()]
      expect(texts).toEqual(['one', 'two'])
      const errors = [
        await solo.conn.readMessage().catch((error) => error),
        await solo.conn.readMessage({ timeout: 5 }).catch((error) => error),
        await solo.conn.readMessage().catch((error) => error),
      ]
      expect(errors[0]).toEqual(failure(code))
      expect(errors[1]).toBe(errors[0])
      expect(errors[2]).toBe(errors[0])
      await solo.clock.advance(5000)
      expect(await solo.conn.readMessage().catch((error) => error)).toBe(errors[0])
      expect(solo.clock.timerCount).toBe(0)
      expect(solo.transport.misuse).toEqual([])
    },
  )

  test.each(endings)(
    'by %s a read that was pending fails with the error that later ones get',
    async (_, end, code) => {
      const solo = new Solo()
      const pending = solo.conn.readMessage({ timeout: 60_000 }).catch((error) => error)
      await end(solo)
      expect(await pending).toEqual(failure(code))
      expect(await solo.conn.readMessage().catch((error) => error)).toBe(await pending)
    },
  )

  test('by a Close frame the error has the code and the reason of the peer', async () => {
    const solo = new Solo()
    await solo.receiveClose(4321, 'no more')
    const error = { closeCode: 4321, reason: 'no more', remote: true }
    await expect(solo.conn.readMessage()).rejects.toEqual(failure('ERR_WS_CLOSED', error))
  })

  test('by a reset the error has its cause', async () => {
    const solo = new Solo()
    const cause = new Error('reset')
    solo.transport.gone(cause)
    await expect(solo.conn.readMessage()).rejects.toEqual(
      failure('ERR_WS_ABNORMAL_CLOSURE', { closeCode: 1006, remote: true, cause }),
    )
  })

  test('E8: a message that was not complete is never delivered', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'whole'), solo.frame(1, 'torn', false))
    solo.transport.receiveEnd()
    expect((await solo.conn.readMessage()).text()).toBe('whole')
    await expect(solo.conn.readMessage()).rejects.toThrow(/unexpected EOF/)
  })

  test('C14, G7: nothing behind a Close frame or a bad frame in the same chunk is delivered', async () => {
    for (const last of [(solo: Solo) => solo.frame(8), () => Uint8Array.of(0xc1, 0x80, 0, 0, 0, 0)]) {
      const solo = new Solo()
      const messages: Message[] = []
      await solo.receive(solo.frame(1, 'before'), last(solo), solo.frame(1, 'behind'))
      messages.push(await solo.conn.readMessage())
      await expect(solo.conn.readMessage()).rejects.toThrow()
      expect(messages.map((message) => message.text())).toEqual(['before'])
    }
  })
})

describe('limits', () => {
  test('C11: a message longer than the read limit ends the connection with 1009', async () => {
    const solo = new Solo({ readLimit: 10 })
    await solo.receive(solo.frame(2, counted(10)), solo.frame(2, counted(11)))
    expect((await solo.conn.readMessage()).byteLength).toBe(10)
    await expect(solo.conn.readMessage()).rejects.toEqual(
      failure('ERR_WS_MESSAGE_TOO_BIG', { closeCode: 1009 }),
    )
    expect(solo.sentClose).toBe(1009)
  })

  test('setReadLimit holds for the messages that come after it', async () => {
    const solo = new Solo()
    solo.conn.setReadLimit(5)
    await solo.receive(solo.frame(2, counted(5)))
    solo.conn.setReadLimit(Number.POSITIVE_INFINITY)
    await solo.receive(solo.frame(2, counted(500)))
    solo.conn.setReadLimit(0)
    await solo.receive(solo.frame(2), solo.frame(2, counted(1)))
    expect((await solo.conn.readMessage()).byteLength).toBe(5)
    expect((await solo.conn.readMessage()).byteLength).toBe(500)
    expect((await solo.conn.readMessage()).byteLength).toBe(0)
    await expect(solo.conn.readMessage()).rejects.toEqual(failure('ERR_WS_MESSAGE_TOO_BIG'))
    expect(() => solo.conn.setReadLimit(-1)).toThrow(failure('ERR_WS_ARGUMENT') as Error)
  })

  test('E3: one fragment more than maxFragments ends the connection with 1008', async () => {
    const solo = new Solo({ maxFragments: 3 })
    const [first, middle, last] = [solo.frame(2, '', false), solo.frame(0, '', false), solo.frame(0)]
    await solo.receive(first, middle, last, first, middle, middle, last)
    expect((await solo.conn.readMessage()).byteLength).toBe(0)
    await expect(solo.conn.readMessage()).rejects.toEqual(
      failure('ERR_WS_TOO_MANY_FRAGMENTS', { closeCode: 1008 }),
    )
    expect(solo.sentClose).toBe(1008)
  })
})
