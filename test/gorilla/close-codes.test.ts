// Every close code, received and sent: gorilla/websocket has a table of them and no test of it, and refuses 1014.
// RFC 6455 §7.4.1, §7.4.2, and IANA's WebSocket Close Code Number Registry.

import { describe, expect, test } from 'vitest'
import { CloseError, formatCloseMessage } from '../../src/index.ts'
import { failure, Solo } from '../conn/connections.ts'
import { errorOf, roles } from './wire.ts'

const mayBeSent = (code: number) =>
  (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999)

const codes = [...Array.from({ length: 5010 }, (_, code) => code), 0x7fff, 0x8000, 0xffff]

const named: Record<number, string> = {
  1000: 'normal',
  1001: 'going away',
  1002: 'protocol error',
  1003: 'unsupported data',
  1007: 'invalid payload data',
  1008: 'policy violation',
  1009: 'message too big',
  1010: 'mandatory extension missing',
  1011: 'internal server error',
  1012: 'service restart',
  1013: 'try again later',
  1014: 'bad gateway',
}

describe.each(roles)('a %s', (role) => {
  test('TestCloseCodes: takes those that may be sent and answers with them; 1002 for all others', async () => {
    for (const code of codes) {
      const solo = new Solo({ role })
      const failed = errorOf(solo.conn.readMessage())
      await solo.receiveClose(code, 'x')
      const error = await failed
      const good = mayBeSent(code)
      expect(solo.sentClose, `${code}`).toBe(good ? code : 1002)
      expect(error, `${code}`).toEqual(
        good
          ? failure('ERR_WS_CLOSED', { closeCode: code, reason: 'x' })
          : failure('ERR_WS_CLOSE_CODE', { closeCode: 1002 }),
      )
      if (!good) expect((error as Error).message).toBe(`websocket: bad close code ${code}`)
    }
  })

  test('TestCloseCodes: reads reject with a CloseError in gorilla’s words', async () => {
    for (const [code, name] of Object.entries(named)) {
      const solo = new Solo({ role })
      const failed = errorOf(solo.conn.readMessage())
      await solo.receiveClose(Number(code), 'why')
      const error = await failed
      expect(error).toBeInstanceOf(CloseError)
      expect((error as Error).message).toBe(`websocket: close ${code} (${name}): why`)
    }
  })

  test('TestShortClosePayload: one byte is no close code: 1002', async () => {
    const solo = new Solo({ role })
    const failed = errorOf(solo.conn.readMessage())
    await solo.receive(solo.frame(8, Uint8Array.of(3)))
    expect(await failed).toEqual(failure('ERR_WS_CLOSE_PAYLOAD', { closeCode: 1002, remote: true }))
    expect(solo.sentClose).toBe(1002)
  })

  test('TestShortClosePayload: a reason that is not UTF-8 is 1007', async () => {
    const solo = new Solo({ role })
    const failed = errorOf(solo.conn.readMessage())
    await solo.receive(solo.frame(8, Uint8Array.of(3, 0xe8, 0xff)))
    expect(await failed).toEqual(failure('ERR_WS_INVALID_UTF8', { closeCode: 1007, remote: true }))
    expect(solo.sentClose).toBe(1007)
  })
})

test('TestCloseCodes: formatCloseMessage makes what may be sent, and 1005 as no payload; it throws for the rest', () => {
  for (const code of codes) {
    if (code === 1005) expect(formatCloseMessage(code)).toEqual(new Uint8Array(0))
    else if (mayBeSent(code))
      expect([...formatCloseMessage(code, 'x')]).toEqual([code >>> 8, code & 0xff, 0x78])
    else expect(() => formatCloseMessage(code), `${code}`).toThrow(RangeError)
  }
  expect(formatCloseMessage(1000, 'é'.repeat(61)).length).toBe(124)
  expect(() => formatCloseMessage(1000, 'é'.repeat(62))).toThrow(failure('ERR_WS_ARGUMENT') as Error)
})
