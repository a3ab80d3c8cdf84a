// What gorilla/websocket lets pass and is not copied, as far as no other row shows it: ARCHITECTURE.md has the list.
// RFC 6455 §5.2, §5.6, §8.1, §10.4.

import { describe, expect, test } from 'vitest'
import { BadHandshakeError, dial } from '../../src/index.ts'
import { failure, Pair, Solo, watch } from '../conn/connections.ts'
import { acceptText, failedDial, rawServer } from '../integration/raw-server.ts'
import { errorOf, roles } from './wire.ts'

const MiB = 1024 * 1024

describe.each(roles)('a %s', (role) => {
  /** The header of a final binary frame that announces `length` bytes, with a key of zeros where there is one. */
  const announce = (length: number) => {
    const masked = role === 'server'
    const header = Buffer.alloc(masked ? 14 : 10)
    header[0] = 0x82
    header[1] = masked ? 0xff : 0x7f
    header.writeBigUInt64BE(BigInt(length), 2)
    return header
  }

  test('TestDefaultReadLimit: 16 MiB where nothing is said, judged at the header', async () => {
    const within = new Solo({ role })
    await within.receive(announce(16 * MiB))
    expect([within.log, within.conn.state]).toEqual([[], 'open'])
    const beyond = new Solo({ role })
    const failed = errorOf(beyond.conn.readMessage())
    await beyond.receive(announce(16 * MiB + 1))
    expect(await failed).toEqual(failure('ERR_WS_MESSAGE_TOO_BIG', { closeCode: 1009 }))
    expect(beyond.sentClose).toBe(1009)
  })

  test('TestDefaultReadLimit: none only where Infinity is said, never by 0', async () => {
    const unlimited = new Solo({ role })
    unlimited.conn.setReadLimit(Number.POSITIVE_INFINITY)
    await unlimited.receive(announce(64 * MiB))
    expect(unlimited.log).toEqual([])
    const none = new Solo({ role })
    none.conn.setReadLimit(0)
    await none.receive(none.frame(2, ''), none.frame(2, 'x'))
    expect(none.sentClose).toBe(1009)
    for (const bad of [-1, 1.5, Number.NaN, '1' as unknown as number])
      expect(() => none.conn.setReadLimit(bad), `${bad}`).toThrow(failure('ERR_WS_ARGUMENT') as Error)
  })

  test('TestTextIsChecked: a text that is not UTF-8 is 1007 received, and not sent', async () => {
    const solo = new Solo({ role })
    const bad = Uint8Array.of(0xc3, 0x28)
    expect(await errorOf(solo.conn.writeMessage(1, bad))).toEqual(
      failure('ERR_WS_INVALID_UTF8', { remote: false }),
    )
    await solo.settle()
    expect([solo.log, solo.conn.state]).toEqual([[], 'open'])
    await solo.receive(solo.frame(1, bad))
    expect(await errorOf(solo.conn.readMessage())).toEqual(failure('ERR_WS_INVALID_UTF8', { remote: true }))
    expect(solo.sentClose).toBe(1007)
  })

  test('TestShortestLength: a length in more bytes than it needs is 1002, with lenientLength it is taken', async () => {
    for (const length of [0, 125]) {
      const frame = Buffer.concat([announce(length), Buffer.alloc(length)])
      const strict = new Solo({ role })
      await strict.receive(frame)
      expect(strict.sentClose).toBe(1002)
      const lenient = new Solo({ role, lenientLength: true })
      await lenient.receive(frame)
      expect((await lenient.conn.readMessage()).byteLength).toBe(length)
    }
  })

  test('TestJSONErrorSendsNothing: a value without JSON throws, and no empty message goes out', async () => {
    const solo = new Solo({ role })
    const circle: { self?: unknown } = {}
    circle.self = circle
    for (const bad of [circle, 1n, undefined, () => {}, Symbol('s')])
      expect(() => solo.conn.writeJSON(bad)).toThrow(TypeError)
    await solo.conn.writeJSON({ fine: true })
    await solo.settle()
    expect(solo.log).toEqual(['text {"fine":true}'])
  })

  test('TestAnswersWithoutReads: control frames are handled by an application that only writes', async () => {
    const pair = new Pair()
    const [mine, other] = role === 'server' ? [pair.server, pair.client] : [pair.client, pair.server]
    const roundTrip = watch(other.ping())
    await pair.settle()
    expect(roundTrip.state).toBe('resolved')
    other.close(1000, 'bye')
    await pair.settle()
    expect(await mine.closed).toEqual({ code: 1000, reason: 'bye', wasClean: true })
    expect(await other.closed).toMatchObject({ code: 1000, wasClean: true })
  })
})

test.each([
  ['a subprotocol where none was offered', {}, 'Sec-WebSocket-Protocol: p1'],
  ['a subprotocol that was not offered', { subprotocols: ['p1'] }, 'Sec-WebSocket-Protocol: p2'],
  ['an extension', {}, 'Sec-WebSocket-Extensions: permessage-deflate'],
])('TestUncheckedAnswers: %s in the 101 fails the dial', async (_, options, line) => {
  const { error } = await failedDial((peer, head) => peer.send(acceptText(head, [line])), options)
  expect(error).toBeInstanceOf(BadHandshakeError)
  expect(error).toMatchObject({ status: 101 })
})

test('TestCancelledHandshake: a signal ends the wait for the response', async () => {
  const server = await rawServer()
  const controller = new AbortController()
  const failed = errorOf(dial(server.url, { signal: controller.signal }))
  const peer = await server.accept()
  await peer.head()
  controller.abort(new Error('not any more'))
  expect(await failed).toBe(controller.signal.reason)
  // The socket is gone too.
  await peer.rest().catch(() => undefined)
})
