// Whoever awaits something on a connection gets an answer, although the writing side is full, held or abandoned.
// What may wait for ever without a limit of its own ends by itself: a pong, a close, a turn behind an idle writer.

import { describe, expect, test } from 'vitest'
import type { Conn } from '../../src/conn/conn.ts'
import type { MessageWriter } from '../../src/conn/message-writer.ts'
import { counted, failure, type Outcome, type Solo, watch } from './connections.ts'
import { drain, start, words } from './writers.ts'

/** How the writing side stands when somebody begins to wait; returns the open writer, where there is one. */
const states: [string, (solo: Solo) => Promise<MessageWriter | undefined>][] = [
  ['an idle writing side', async () => undefined],
  [
    'a full outgoing queue',
    async (solo) => {
      solo.transport.holds = true
      while (solo.conn.bufferedAmount <= 1000) solo.conn.writeMessage(counted(100))
      await solo.settle()
      return undefined
    },
  ],
  [
    'an own writer that has sent nothing',
    async (solo) => {
      const writer = await solo.conn.nextWriter(1)
      await writer.write('a')
      return writer
    },
  ],
  [
    'an own writer that has sent a part, and messages behind it',
    async (solo) => {
      const writer = await solo.conn.nextWriter(2)
      await writer.write(counted(50))
      solo.conn.writeMessage('behind')
      solo.conn.nextWriter(1)
      return writer
    },
  ],
  [
    'an own writer and a full outgoing queue',
    async (solo) => {
      solo.transport.holds = true
      const writer = await solo.conn.nextWriter(2)
      while (solo.conn.bufferedAmount <= 1000) writer.write(counted(100))
      solo.conn.writeMessage('behind')
      await solo.settle()
      return writer
    },
  ],
]

const options = { writeBufferSize: 10, highWaterMark: 100, hardLimit: 1000 }

/** The peer answers what it gets: pings by pongs, a Close by its own. */
async function answer(solo: Solo): Promise<void> {
  for (const { data } of solo.sent.filter(({ type }) => type === 9)) await solo.receive(solo.frame(10, data!))
  if (solo.sentClose !== undefined) {
    await solo.receiveClose(1000)
    solo.transport.receiveEnd()
    await solo.settle()
  }
}

describe.each(['server', 'client'] as const)('on a %s with', (role) => {
  describe.each(states)('%s', (_, prepare) => {
    test('ping() has its pong once the peer reads: it waits for no message', async () => {
      const { solo } = start({ ...options, role })
      const writer = await prepare(solo)
      const pings = [watch(solo.conn.ping()), watch(solo.conn.ping('mine'))]
      await solo.settle()
      await drain(solo)
      await answer(solo)
      expect(pings.map(({ state }) => state)).toEqual(['resolved', 'resolved'])
      writer?.abort()
    })

    test('ping() rejects at its limit when the peer never reads', async () => {
      const { solo } = start({ ...options, role })
      await prepare(solo)
      solo.transport.holds = true
      const pings = [watch(solo.conn.ping()), watch(solo.conn.ping('x', { timeout: 500 }))]
      await solo.clock.advance(500)
      expect(pings.map(({ state }) => state)).toEqual(['pending', 'rejected'])
      await solo.clock.advance(29_500)
      expect(pings[0].error).toEqual(failure('ERR_WS_TIMEOUT'))
      expect(solo.conn.state).toBe('open')
    })

    test('close() ends, twice and by everybody, whether the peer reads again or not', async () => {
      for (const reads of [true, false]) {
        const { solo } = start({ ...options, role })
        await prepare(solo)
        if (!reads) solo.transport.holds = true
        const closes = [
          watch(solo.conn.close(4000)),
          watch(solo.conn.close()),
          watch(solo.conn.closed),
          watch(solo.conn.writeControl(8)),
          watch(solo.conn.flush()),
          watch(solo.conn.readMessage()),
        ]
        await solo.settle()
        if (reads) {
          await drain(solo)
          await answer(solo)
        } else await solo.clock.advance(5000)
        expect(closes.slice(0, 3).map(({ value }) => (value as { code: number }).code)).toEqual(
          Array(3).fill(reads ? 1000 : 1006),
        )
        expect(closes.every(({ state }) => state !== 'pending')).toBe(true)
        expect(closes[3].error).toEqual(failure('ERR_WS_CLOSE_SENT'))
      }
    })

    test('flush() waits for what was accepted, not for a writer nor for what stands behind it', async () => {
      const { solo } = start({ ...options, role })
      const writer = await prepare(solo)
      const flushed = watch(solo.conn.flush())
      await solo.settle()
      expect(flushed.state).toBe(solo.transport.holds ? 'pending' : 'resolved')
      await drain(solo)
      expect(flushed.state).toBe('resolved')
      writer?.abort()
    })

    test('a write behind it ends: sent, or with an error at its limit, or after 30 s', async () => {
      const { solo } = start({ ...options, role })
      const writer = await prepare(solo)
      const isFull = solo.transport.holds
      const waits: Outcome<unknown>[] = [
        watch(solo.conn.writeMessage('x')),
        watch(solo.conn.nextWriter(1)),
        watch(solo.conn.writeMessage('y', { timeout: 100 })),
      ]
      await solo.clock.advance(100)
      if (isFull) for (const { error } of waits) expect(error).toEqual(failure('ERR_WS_BUFFER_FULL'))
      else if (writer !== undefined) {
        expect(waits.map(({ state }) => state)).toEqual(['pending', 'pending', 'rejected'])
        await solo.clock.advance(30_000)
        for (const { error } of waits) expect(error).toEqual(failure('ERR_WS_TIMEOUT'))
        expect(solo.conn.state).toBe('open')
        await writer.close()
        await solo.conn.writeMessage('works')
        await solo.settle()
        expect(solo.log.at(-1)).toBe('text works')
      }
    })
  })

  test('a handler that pings and closes while its own messages wait comes back', async () => {
    const { solo } = start({ ...options, role })
    const log: string[] = []
    solo.conn.setPingHandler(async (data) => {
      await solo.conn.writeControl(10, data)
      log.push(`rtt ${await solo.conn.ping()}`)
      log.push(`closed ${(await solo.conn.close()).code}`)
    })
    const writer = await solo.conn.nextWriter(1)
    solo.conn.writeMessage('behind')
    await solo.receive(solo.frame(9, 'ping'))
    await answer(solo)
    await answer(solo)
    expect(log).toEqual(['rtt 0', 'closed 1000'])
    expect(solo.log).toEqual(['pong ping', 'ping \0\0\0\x01', 'text behind', 'close 1000'])
    await expect(writer.close()).rejects.toEqual(failure('ERR_WS_CLOSE_SENT'))
  })
})

describe('inside of a stream into a writer', () => {
  /** Writes a message from a stream whose second chunk is made by `act`. */
  async function stream(solo: Solo, act: (conn: Conn) => Promise<unknown>): Promise<unknown> {
    let pulls = 0
    let result: unknown
    const source = new ReadableStream<string>(
      {
        async pull(controller) {
          if (++pulls === 2) result = await act(solo.conn)
          if (pulls > 3) controller.close()
          else controller.enqueue(`chunk ${pulls}, `)
        },
      },
      { highWaterMark: 0 },
    )
    const writer = await solo.conn.nextWriter(1)
    const piped = source.pipeTo(writer.writable).then(
      () => 'done',
      (error) => error.code,
    )
    const outcome = watch(piped)
    for (let i = 0; i < 70 && outcome.state === 'pending'; i++) {
      await solo.settle()
      await answer(solo)
      await solo.clock.advance(500)
    }
    return [outcome.value, result]
  }

  test('a ping is answered, and the message goes on', async () => {
    const { solo } = start(options)
    expect(await stream(solo, (conn) => conn.ping())).toEqual(['done', 0])
    expect(words(solo)).toEqual(['9:4.', '1:9', '0:9', '0:9.'])
  })

  test('a close ends the connection and the stream', async () => {
    const { solo } = start(options)
    const [outcome, info] = (await stream(solo, (conn) => conn.close())) as [string, { code: number }]
    expect([outcome, info.code]).toEqual(['ERR_WS_CLOSE_SENT', 1000])
  })

  test('a message of its own connection is refused after 30 s, and the stream goes on', async () => {
    const { solo } = start(options)
    const result = await stream(solo, (conn) => conn.writeMessage('x').catch((error) => error.code))
    expect(result).toEqual(['done', 'ERR_WS_TIMEOUT'])
    expect(solo.log).toEqual(['text chunk 1, chunk 2, chunk 3, '])
  })
})
