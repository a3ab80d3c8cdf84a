// Bad input as an application meets it: texts that are none, its own failures about control frames, odd Close payloads.
// RFC 6455 §5.5, §8.1; the ids are those of docs/bad-input.md.

import { describe, expect, test } from 'vitest'
import type { Conn } from '../../src/conn/conn.ts'
import { runHandler } from '../../src/conn/run-handler.ts'
import { failure, Solo, watch } from './connections.ts'

const roles = [['server'], ['client']] as const

/** Runs a handler on a connection, and gives what onError was told. */
function run(solo: Solo, handler: (conn: Conn) => unknown): { errors: unknown[]; done: Promise<void> } {
  const errors: unknown[] = []
  return { errors, done: runHandler(solo.conn, handler, (error) => errors.push(error)) }
}

describe.each(roles)('a %s', (role) => {
  test('D9: whose handler throws about a pong closes with 1011', async () => {
    const solo = new Solo({ role })
    const mine = new Error('mine')
    const { errors, done } = run(solo, async (conn) => {
      await conn.ping('?')
      throw mine
    })
    await solo.receive(solo.frame(10, '?'))
    await done
    expect(errors).toEqual([mine])
    expect(solo.log).toEqual(['ping ?', 'close 1011'])
  })

  test('D9: whose handler does not get its pong in time closes with 1011', async () => {
    const solo = new Solo({ role })
    const { errors, done } = run(solo, (conn) => conn.ping('?', { timeout: 100 }))
    await solo.clock.advance(100)
    await done
    expect(errors).toEqual([failure('ERR_WS_TIMEOUT')])
    expect(solo.log).toEqual(['ping ?', 'close 1011'])
  })

  test('D9: whose handler throws about the peer’s Close has answered it; onError gets the error', async () => {
    const solo = new Solo({ role })
    const mine = new Error('mine')
    const { errors, done } = run(solo, async (conn) => {
      for await (const _ of conn);
      throw mine
    })
    await solo.receiveClose(4000, 'theirs')
    await done
    solo.transport.receiveEnd()
    expect(await solo.conn.closed).toEqual({ code: 4000, reason: 'theirs', wasClean: true })
    expect(errors).toEqual([mine])
    expect(solo.log).toEqual(['close 4000'])
  })

  test('F9: rejects a read of a text that is not UTF-8, and says 1007', async () => {
    const solo = new Solo({ role })
    const read = watch(solo.conn.readMessage())
    await solo.receive(solo.frame(1, Uint8Array.of(0x61, 0xff)), solo.frame(1, 'behind'))
    const bad = failure('ERR_WS_INVALID_UTF8', { closeCode: 1007, remote: true })
    expect(read.error).toEqual(bad)
    await expect(solo.conn.readMessage()).rejects.toBe(read.error)
    expect(solo.sentClose).toBe(1007)
    solo.transport.receiveEnd()
    expect(await solo.conn.closed).toMatchObject({ code: 1007, wasClean: false, error: bad })
  })

  test('F9: takes such a text where checkUtf8 is off; its bytes are there, text() throws, and it goes on', async () => {
    const solo = new Solo({ role, checkUtf8: false })
    await solo.receive(solo.frame(1, Uint8Array.of(0x61, 0xff)), solo.frame(1, 'behind'))
    const message = await solo.conn.readMessage()
    expect([message.isText, ...message.data]).toEqual([true, 0x61, 0xff])
    expect(() => message.text()).toThrow(failure('ERR_WS_INVALID_UTF8', { remote: false }) as Error)
    expect((await solo.conn.readMessage()).text()).toBe('behind')
    expect([solo.conn.state, solo.log.length]).toEqual(['open', 0])
  })

  test.each([
    ['a DataView', (bytes: ArrayBuffer) => new DataView(bytes, 8, 4)],
    ['a Float32Array', (bytes: ArrayBuffer) => new Float32Array(bytes, 8, 1)],
    ['a Uint16Array', (bytes: ArrayBuffer) => new Uint16Array(bytes, 8, 2)],
    ['a Buffer', (bytes: ArrayBuffer) => Buffer.from(bytes, 8, 4)],
  ])('G6: sends of a Close payload given as %s exactly the bytes that it shows', async (_, make) => {
    const solo = new Solo({ role })
    const memory = new ArrayBuffer(32)
    new Uint8Array(memory).fill(0x5a)
    new Uint8Array(memory).set([0x0f, 0xa0, 0x6f, 0x6b], 8)
    await solo.conn.writeControl(8, make(memory))
    await solo.settle()
    expect(solo.sent).toEqual([{ type: 8, closeCode: 4000, reason: 'ok' }])
  })
})
