// An application's handler: its own failures close its connection with 1011, the connection's end is no failure of it.
// RFC 6455 §7.4.1 (1011).

import { describe, expect, test } from 'vitest'
import type { Conn } from '../../src/conn/conn.ts'
import { runHandler } from '../../src/conn/run-handler.ts'
import { Solo } from './connections.ts'

/** Runs a handler on a connection; what onError was given comes back. */
function run(solo: Solo, handler: (conn: Conn) => unknown): { errors: unknown[]; done: Promise<void> } {
  const errors: unknown[] = []
  const done = runHandler(solo.conn, handler, (error, conn) => {
    expect(conn).toBe(solo.conn)
    errors.push(error)
  })
  return { errors, done }
}

describe('a handler that fails', () => {
  test.each<[string, (error: Error) => (conn: Conn) => unknown]>([
    [
      'throws',
      (error) => () => {
        throw error
      },
    ],
    [
      'rejects',
      (error) => async () => {
        throw error
      },
    ],
    [
      'rejects in its loop',
      (error) => async (conn) => {
        for await (const _ of conn) throw error
      },
    ],
  ])('N5: because it %s closes its connection with 1011, and onError gets the error', async (_, handler) => {
    const solo = new Solo()
    const error = new Error('mine')
    const { errors, done } = run(solo, handler(error))
    await solo.receiveTexts('x')
    await done
    expect(errors).toEqual([error])
    expect(solo.log).toEqual(['close 1011'])
  })

  test('because another connection ended closes its own connection with 1011', async () => {
    const [solo, other] = [new Solo(), new Solo()]
    const { errors, done } = run(solo, async () => {
      for (;;) await other.conn.readMessage()
    })
    await other.receiveClose(1000)
    await done
    expect(errors).toEqual([await other.conn.readMessage().catch((error) => error)])
    expect(solo.log).toEqual(['close 1011'])
  })

  test('because it wrote to another connection behind its Close closes its own with 1011', async () => {
    const [solo, other] = [new Solo(), new Solo()]
    other.conn.close()
    const { errors, done } = run(solo, () => other.conn.writeMessage('x'))
    await done
    expect(errors.length).toBe(1)
    expect(solo.log).toEqual(['close 1011'])
  })
})

describe('the end of its own connection is no failure of a handler', () => {
  const read = async (conn: Conn) => {
    for (;;) await conn.readMessage()
  }

  test.each<[string, (solo: Solo) => unknown, (conn: Conn) => unknown]>([
    ['a read behind the peer’s Close', (solo) => solo.receiveClose(1001), read],
    ['a read behind a fault', (solo) => solo.receive(solo.frame(3)), read],
    ['a read behind a reset', (solo) => solo.transport.gone(new Error('reset')), read],
    [
      'a write behind a reset',
      (solo) => solo.transport.gone(),
      async (conn) => {
        await conn.readMessage().catch(() => undefined)
        await conn.writeMessage('x')
      },
    ],
    [
      'a write behind its own Close',
      () => undefined,
      async (conn) => {
        conn.close(4000)
        await conn.writeMessage('x')
      },
    ],
    [
      'an error of its own that has the end as its cause',
      (solo) => solo.receiveClose(1001),
      async (conn) => {
        await conn.readMessage().catch((cause) => {
          throw new Error('could not go on', { cause })
        })
      },
    ],
  ])('%s', async (_, end, handler) => {
    const solo = new Solo()
    const { errors, done } = run(solo, handler)
    await end(solo)
    await done
    expect(errors).toEqual([])
    expect(solo.sentClose).not.toBe(1011)
  })
})

test('a handler that returns leaves its connection open', async () => {
  const solo = new Solo()
  await run(solo, () => 'done').done
  await solo.settle()
  expect([solo.conn.state, solo.transport.calls.length]).toEqual(['open', 0])
})
