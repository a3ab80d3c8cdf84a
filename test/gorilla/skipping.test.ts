// Readers that are left before their message ends: gorilla/websocket counts what is skipped against the next message, and leaks EOF.
// RFC 6455 §5.4.

import { describe, expect, test } from 'vitest'
import { ReadLimitError } from '../../src/index.ts'
import { failure, Solo } from '../conn/connections.ts'
import { errorOf, readAll, roles } from './wire.ts'

const half = new Uint8Array(300)

describe.each(roles)('a %s with a limit of 512', (role) => {
  const begun = async () => {
    const solo = new Solo({ role, readLimit: 512 })
    await solo.receive(solo.frame(2, half, false))
    const reader = await solo.conn.nextReader()
    return { solo, reader, conn: solo.conn }
  }

  test('TestSkippedReaders: what was skipped does not count against the next message', async () => {
    const { solo, reader, conn } = await begun()
    expect((await reader.read({ into: new Uint8Array(10) }))?.length).toBe(10)
    const next = conn.nextReader()
    await solo.receive(solo.frame(0, half.subarray(0, 212)))
    for (let i = 0; i < 3; i++)
      await solo.receive(solo.frame(2, half, false), solo.frame(0, half.subarray(0, 212)))
    expect((await readAll(await next)).length).toBe(512)
    await conn.nextReader()
    expect((await readAll(await conn.nextReader())).length).toBe(512)
    expect([conn.state, solo.log]).toEqual(['open', []])
  })

  test('TestSkippedReaders: one that is skipped is held to the limit all the same', async () => {
    const { solo, conn } = await begun()
    const failed = errorOf(conn.nextReader())
    await solo.receive(solo.frame(0, half))
    const error = await failed
    expect(error).toBeInstanceOf(ReadLimitError)
    expect(solo.sentClose).toBe(1009)
    expect(await errorOf(conn.readMessage())).toBe(error)
  })

  test('TestSkippedReaders: reads of one that was left give null, never the next message', async () => {
    const { solo, reader, conn } = await begun()
    const next = conn.nextReader()
    await solo.receive(solo.frame(0, 'rest'), solo.frame(1, 'next'))
    expect(await reader.read()).toBe(null)
    expect((await readAll(await next)).toString()).toBe('next')
    expect(await reader.read()).toBe(null)
  })

  test('TestSkippedReaders: readMessage skips the rest as well', async () => {
    const { solo, reader, conn } = await begun()
    const next = conn.readMessage()
    await solo.receive(solo.frame(0, 'rest'), solo.frame(1, 'next'))
    expect((await next).text()).toBe('next')
    expect(await reader.read()).toBe(null)
  })

  test('TestSkippedReaders: control frames inside of what is skipped are handled', async () => {
    const { solo, conn } = await begun()
    const next = conn.nextReader()
    await solo.receive(solo.frame(9, 'between'), solo.frame(0, 'rest'), solo.frame(1, 'next'))
    expect(solo.log).toEqual(['pong between'])
    expect((await readAll(await next)).toString()).toBe('next')
  })

  test('TestSkippedReaders: an end while a rest is skipped is 1006', async () => {
    const { solo, conn } = await begun()
    const failed = errorOf(conn.nextReader())
    await solo.receive(solo.frame(0, half.subarray(0, 100)).subarray(0, 50))
    solo.transport.receiveEnd()
    const error = await failed
    expect(error).toEqual(failure('ERR_WS_ABNORMAL_CLOSURE', { closeCode: 1006, remote: true }))
    expect(await errorOf(conn.nextReader())).toBe(error)
  })

  test('TestSkippedReaders: a fault while a rest is skipped is that fault', async () => {
    const { solo, conn } = await begun()
    const failed = errorOf(conn.nextReader())
    await solo.receive(solo.frame(1, 'no continuation'))
    expect(await failed).toEqual(failure('ERR_WS_FRAGMENTATION', { closeCode: 1002 }))
    expect(solo.sentClose).toBe(1002)
  })

  test('TestSkippedReaders: a skipped text is checked to be UTF-8 to its end', async () => {
    const solo = new Solo({ role })
    await solo.receive(solo.frame(1, 'begun', false))
    await solo.conn.nextReader()
    const failed = errorOf(solo.conn.nextReader())
    await solo.receive(solo.frame(0, Uint8Array.of(0x61, 0xff)))
    expect(await failed).toEqual(failure('ERR_WS_INVALID_UTF8', { closeCode: 1007 }))
  })
})
