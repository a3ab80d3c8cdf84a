// `strict: true`: a write while another one is not done is refused, and the error names both callers.
// RFC 6455 §5.4; where gorilla/websocket panics with "concurrent write to websocket connection".

import { describe, expect, test } from 'vitest'
import { PreparedMessage } from '../../src/codec/prepared-message.ts'
import type { Conn } from '../../src/conn/conn.ts'
import { counted, failure, Pair, type Solo, watch } from './connections.ts'
import { drain, start, words } from './writers.ts'

const prepared = new PreparedMessage(1, 'prepared, of more than ten bytes')

/** Ways to have a write that is not done; each resolves to what ends it. */
const firsts: Record<string, (solo: Solo) => Promise<() => Promise<unknown>>> = {
  async firstMessage({ conn }) {
    const sent = conn.writeMessage(counted(100))
    return () => sent
  },
  async firstLargeMessage({ conn }) {
    const sent = conn.writeMessage(counted(40_000))
    return () => sent
  },
  async firstJSON({ conn }) {
    const sent = conn.writeJSON({ a: 'value of some length' })
    return () => sent
  },
  async firstPrepared({ conn }) {
    const sent = conn.writePreparedMessage(prepared)
    return () => sent
  },
  async firstWriter({ conn }) {
    const writer = await conn.nextWriter(2)
    return () => writer.close()
  },
  async firstWriterWithParts({ conn }) {
    const writer = await conn.nextWriter(2)
    writer.write(counted(100))
    return () => writer.close()
  },
  async firstClosedWriter({ conn }) {
    const writer = await conn.nextWriter(2)
    writer.write(counted(100))
    const closed = writer.close()
    return () => closed
  },
}

const seconds: Record<string, (conn: Conn) => Promise<unknown>> = {
  secondMessage: (conn) => conn.writeMessage('second'),
  secondTyped: (conn) => conn.writeMessage(2, 'second'),
  secondJSON: (conn) => conn.writeJSON('second'),
  secondPrepared: (conn) => conn.writePreparedMessage(prepared),
  secondWriter: (conn) => conn.nextWriter(1),
}

const pairs = Object.keys(firsts).flatMap((first) =>
  Object.keys(seconds).map((second) => [first, second] as const),
)

describe.each(['server', 'client'] as const)('on a strict %s', (role) => {
  test.each(pairs)('while %s is not done, %s is refused', async (firstName, secondName) => {
    const { solo } = start({ role, strict: true, highWaterMark: 10 }, true)
    const finish = await firsts[firstName](solo)
    await solo.settle()
    const buffered = solo.conn.bufferedAmount
    const error = await seconds[secondName](solo.conn).then(
      () => undefined,
      (error) => error,
    )
    expect(error).toEqual(failure('ERR_WS_CONCURRENT_WRITE'))
    // Function and file of both, and nothing of the library's.
    expect(error.message).toMatch(
      new RegExp(
        `concurrent write: .*${secondName} .*strict.test.ts.* while that of .*${firstName} .*strict.test.ts`,
      ),
    )
    expect(error.message).not.toMatch(/sender|conn\.ts|message-writer/)
    expect(solo.conn.bufferedAmount).toBe(buffered)
    // Control frames are no concurrent writes, and the first one is not disturbed.
    solo.conn.writeControl(10, 'p')
    solo.conn.writePreparedMessage(new PreparedMessage(9, 'q'))
    await drain(solo)
    const finished = watch(finish())
    await solo.settle()
    expect(finished.state).toBe('resolved')
    const sent = words(solo)
    expect(sent.filter((frame) => frame.startsWith('1:') && !firstName.match(/JSON|Prepared/))).toEqual([])
    expect(sent.filter((frame) => /^9|^10/.test(frame)).length).toBe(2)
    // It is over now: the next one may begin.
    const again = watch(seconds[secondName](solo.conn))
    await drain(solo)
    expect(again.state).toBe('resolved')
  })

  test('one write after the other is no concurrent one, awaited or done at once', async () => {
    const { solo } = start({ role, strict: true })
    const { conn } = solo
    for (let i = 0; i < 3; i++) {
      await conn.writeMessage('awaited')
      conn.writeMessage('not awaited')
      conn.writePreparedMessage(prepared)
      const writer = await conn.nextWriter(1)
      writer.write('a')
      writer.write('b')
      writer.close()
      conn.writeMessage('at once')
    }
    await solo.settle()
    expect(words(solo).length).toBe(15)
  })

  test('writes that wait for a slow peer one after the other are none either', async () => {
    const { solo } = start({ role, strict: true, highWaterMark: 10 }, true)
    const all = (async () => {
      for (let i = 0; i < 5; i++) await solo.conn.writeMessage(counted(100))
      const writer = await solo.conn.nextWriter(2)
      for (let i = 0; i < 5; i++) await writer.write(counted(5000))
      await writer.close()
      await solo.conn.writePreparedMessage(prepared)
    })()
    const done = watch(all)
    for (let i = 0; i < 30 && done.state === 'pending'; i++) {
      solo.transport.handOver(1)
      await solo.settle()
    }
    expect(done).toMatchObject({ state: 'resolved' })
  })

  test('a write that fails half way out fails alone, whoever looks at it', async () => {
    const { solo } = start({ role, strict: true, highWaterMark: 10 }, true)
    solo.conn.writeMessage(counted(100), { timeout: 100 })
    await solo.clock.advance(100)
    expect(await solo.conn.closed).toMatchObject({ error: failure('ERR_WS_TIMEOUT') })
    await expect(solo.conn.writeMessage('x')).rejects.toEqual(failure('ERR_WS_TIMEOUT'))
  })

  test('a write that failed or was refused is done', async () => {
    const { solo } = start({ role, strict: true })
    const { conn } = solo
    await expect(conn.writeMessage(1, Uint8Array.of(0xff))).rejects.toEqual(failure('ERR_WS_INVALID_UTF8'))
    const writer = await conn.nextWriter(1)
    await expect(conn.writeMessage('x')).rejects.toEqual(failure('ERR_WS_CONCURRENT_WRITE'))
    writer.abort()
    await conn.writeMessage('goes')
    await solo.settle()
    expect(solo.log).toEqual(['text goes'])
  })
})

test('by default the same writes go one after the other', async () => {
  const { solo } = start({ highWaterMark: 10 }, true)
  const writes = [watch(solo.conn.writeMessage('the first one')), watch(solo.conn.writeMessage('the second'))]
  await drain(solo)
  expect(writes.map(({ state }) => state)).toEqual(['resolved', 'resolved'])
})

test('an async handler is named with its file', async () => {
  const pair = new Pair({ strict: true })
  async function chatHandler(conn: Conn) {
    return conn.writeMessage('second')
  }
  await pair.server.nextWriter(1)
  await expect(chatHandler(pair.server)).rejects.toThrow(/chatHandler .*strict\.test\.ts:\d+/)
})
