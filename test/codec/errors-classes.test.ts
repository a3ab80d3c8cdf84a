// The classes for some of the codes: what they say, that the library's own errors are of them, and across copies of it.
// RFC 6455 §7.1.5 (close code), §7.4.1.

import { describe, expect, test } from 'vitest'
import {
  CloseError,
  closeErrorOf,
  isCloseError,
  isUnexpectedCloseError,
} from '../../src/codec/close-error.ts'
import { CloseSentError, ReadLimitError } from '../../src/codec/error-classes.ts'
import { type ErrorCode, WebSocketError } from '../../src/codec/errors.ts'
import { Protocol } from '../../src/codec/protocol.ts'
import { BadHandshakeError } from '../../src/handshake/bad-handshake-error.ts'
import { HandshakeError } from '../../src/handshake/handshake-error.ts'
import { refuse } from '../../src/handshake/refusal.ts'

const response = { status: 403, reason: 'Forbidden', httpVersion: '1.1', fields: [] }

/** What `act` throws. */
function thrown(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

/** The error of the fault that `bytes` are to a server with `readLimit`. */
function fault(bytes: readonly number[], readLimit = 1): unknown {
  const [event] = new Protocol({ role: 'server', readLimit }).receive(Uint8Array.from(bytes))
  return event?.type === 0 ? event.error : undefined
}

describe('CloseError', () => {
  test.each([
    [1000, 'bye', 'websocket: close 1000 (normal): bye'],
    [1000, '', 'websocket: close 1000 (normal)'],
    [1001, '', 'websocket: close 1001 (going away)'],
    [1005, '', 'websocket: close 1005 (no status)'],
    [1006, 'unexpected EOF', 'websocket: close 1006 (abnormal closure): unexpected EOF'],
    [1012, '', 'websocket: close 1012 (service restart)'],
    [1013, '', 'websocket: close 1013 (try again later)'],
    [1014, '', 'websocket: close 1014 (bad gateway)'],
    [1015, '', 'websocket: close 1015 (TLS handshake error)'],
    [4000, 'why', 'websocket: close 4000: why'],
    [4999, '', 'websocket: close 4999'],
  ])('of %d and %j', (closeCode, reason, message) => {
    const error = new CloseError(closeCode, reason)
    expect(error).toMatchObject({ message, closeCode, reason, wasClean: closeCode !== 1006, remote: true })
    expect(error.code).toBe(closeCode === 1006 ? 'ERR_WS_ABNORMAL_CLOSURE' : 'ERR_WS_CLOSED')
    expect(error).toBeInstanceOf(CloseError)
    expect(error).toBeInstanceOf(WebSocketError)
    expect(error).toBeInstanceOf(Error)
  })

  test.each([999, 5000, 1000.5, Number.NaN, -1, '1000' as unknown as number])('refuses %j', (closeCode) => {
    expect(() => new CloseError(closeCode)).toThrow(
      expect.objectContaining({ name: 'RangeError', code: 'ERR_WS_ARGUMENT' }),
    )
  })

  test('refuses a reason that is no string', () => {
    expect(() => new CloseError(1000, 1 as unknown as string)).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'ERR_WS_ARGUMENT' }),
    )
  })
})

describe('what the library throws', () => {
  test('is a CloseError with all that it declares, at an end without a Close frame', () => {
    const [event] = new Protocol({ role: 'server' }).receiveEnd()
    const error = event.type === 0 ? event.error : undefined
    expect(error).toBeInstanceOf(CloseError)
    expect(error).toMatchObject({ closeCode: 1006, reason: '', wasClean: false })
  })

  test('is a CloseError with all that it declares, behind abort()', () => {
    const protocol = new Protocol({ role: 'server' })
    protocol.abort()
    const error = thrown(() => protocol.send(1, 'late'))
    expect(error).toBeInstanceOf(CloseError)
    expect(error).toMatchObject({ code: 'ERR_WS_CLOSED', closeCode: 1006, reason: '', wasClean: false })
  })

  test('is a CloseSentError behind our Close frame, and no CloseError', () => {
    const protocol = new Protocol({ role: 'server' })
    protocol.close(1000)
    const error = thrown(() => protocol.send(1, 'late'))
    expect(error).toBeInstanceOf(CloseSentError)
    expect(error).not.toBeInstanceOf(CloseError)
  })

  test('is a ReadLimitError beyond the limit only', () => {
    expect(fault([0x82, 0x82, 0, 0, 0, 0, 1, 2])).toBeInstanceOf(ReadLimitError)
    expect(fault([0x82, 0x82, 0, 0, 0, 0, 1, 2])).toMatchObject({ closeCode: 1009, remote: true })
    expect(fault([0x83, 0x80])).not.toBeInstanceOf(ReadLimitError)
    expect(fault([0x83, 0x80])).toBeInstanceOf(WebSocketError)
  })

  test('is a HandshakeError with the status, for a refusal', () => {
    const { error } = refuse(403, 'not you')
    expect(error).toBeInstanceOf(HandshakeError)
    expect(error).toMatchObject({
      code: 'ERR_WS_BAD_REQUEST',
      status: 403,
      message: 'websocket: handshake refused with 403: not you',
    })
  })
})

describe('instanceof', () => {
  const made: [string, ErrorCode, { new (...args: never[]): WebSocketError }, WebSocketError][] = [
    ['CloseError', 'ERR_WS_CLOSED', CloseError, new CloseError(1000)],
    ['CloseError', 'ERR_WS_ABNORMAL_CLOSURE', CloseError, new CloseError(1006)],
    ['CloseSentError', 'ERR_WS_CLOSE_SENT', CloseSentError, new CloseSentError()],
    ['ReadLimitError', 'ERR_WS_MESSAGE_TOO_BIG', ReadLimitError, new ReadLimitError()],
    ['HandshakeError', 'ERR_WS_BAD_REQUEST', HandshakeError, new HandshakeError(400, 'no')],
    ['BadHandshakeError', 'ERR_WS_BAD_HANDSHAKE', BadHandshakeError, new BadHandshakeError('no', response)],
  ]

  test.each(made)('%s holds for %s, and for that alone', (_, code, Class, error) => {
    expect(error.code).toBe(code)
    const holds = made.filter(([, , , each]) => each instanceof Class).map(([name]) => name)
    expect(new Set(holds)).toEqual(new Set([Class.name]))
    for (const other of [null, undefined, code, new Error(code), { code }]) {
      expect(other instanceof Class).toBe(false)
    }
  })

  test.each(made)('%s holds for %s of another copy of the library', async (_, code, Class) => {
    const url = new URL('../../src/codec/errors.ts', import.meta.url)
    const other = (await import(`${url.pathname}?copy`)) as typeof import('../../src/codec/errors.ts')
    expect(other.WebSocketError).not.toBe(WebSocketError)
    expect(new other.WebSocketError(code)).toBeInstanceOf(Class)
    expect(new other.WebSocketError('ERR_WS_TIMEOUT')).not.toBeInstanceOf(Class)
  })

  test('of a subclass holds for its own only', () => {
    class MyEnd extends CloseError {}
    expect(new MyEnd(1000)).toBeInstanceOf(CloseError)
    expect(new MyEnd(1000)).toBeInstanceOf(MyEnd)
    expect(new CloseError(1000)).not.toBeInstanceOf(MyEnd)
  })

  test('narrows', () => {
    const error: unknown = new CloseError(1001)
    if (!(error instanceof CloseError)) throw new Error('no CloseError')
    const closeCode: number = error.closeCode
    expect(closeCode).toBe(1001)
    const other: WebSocketError = new WebSocketError('ERR_WS_TIMEOUT')
    // What is no CloseError is still a WebSocketError to TypeScript.
    if (!(other instanceof CloseError)) expect(other.code satisfies ErrorCode).toBe('ERR_WS_TIMEOUT')
  })
})

describe.each<[string, unknown, boolean, boolean]>([
  ['a code that is listed', new CloseError(1001), true, false],
  ['a code that is not', new CloseError(1003), false, true],
  [
    'an end without a Close frame',
    new WebSocketError('ERR_WS_ABNORMAL_CLOSURE', { remote: true }),
    false,
    true,
  ],
  ['an error of another kind', new WebSocketError('ERR_WS_TIMEOUT'), false, false],
  ['a fault of the peer', new WebSocketError('ERR_WS_OPCODE'), false, false],
  ['any other error', new Error('hello'), false, false],
  ['null', null, false, false],
  ['undefined', undefined, false, false],
  ['a string', 'ERR_WS_CLOSED', false, false],
  ['a cause', new Error('mine', { cause: new Error('too', { cause: new CloseError(1001) }) }), true, false],
  ['a cause that is not listed', new Error('mine', { cause: new CloseError(1003) }), false, true],
  ['a cause of no error', { cause: new CloseError(1001) }, true, false],
  ['the first of two', Object.assign(new CloseError(1003), { cause: new CloseError(1001) }), false, true],
])('TestCloseError, TestUnexpectedCloseErrors: %s', (_, error, isOneOf, isUnexpected) => {
  test(`is ${isOneOf ? '' : 'not '}one of them, and ${isUnexpected ? '' : 'not '}unexpected`, () => {
    expect(isCloseError(error, 1000, 1001)).toBe(isOneOf)
    expect(isUnexpectedCloseError(error, 1000, 1001)).toBe(isUnexpected)
  })

  test('without codes is never one of them, and unexpected when it is a CloseError', () => {
    expect(isCloseError(error)).toBe(false)
    expect(isUnexpectedCloseError(error)).toBe(isOneOf || isUnexpected)
    expect(closeErrorOf(error) !== undefined).toBe(isOneOf || isUnexpected)
  })
})

test('TestUnexpectedCloseErrors: an end that this side made is not unexpected', () => {
  const own = new WebSocketError('ERR_WS_ABNORMAL_CLOSURE')
  expect(own).toBeInstanceOf(CloseError)
  expect(isUnexpectedCloseError(own)).toBe(false)
  expect(isCloseError(own, 1006)).toBe(true)
})

test('causes in a circle, and a chain without end, come to an end', () => {
  const [a, b] = [new Error('a'), new Error('b')]
  a.cause = b
  b.cause = a
  expect(isCloseError(a, 1000)).toBe(false)
  expect(isUnexpectedCloseError(a)).toBe(false)
  let deep: Error = new CloseError(1000)
  for (let i = 0; i < 8; i++) deep = new Error('above', { cause: deep })
  expect(isCloseError(deep, 1000)).toBe(true)
  expect(isCloseError(new Error('one more', { cause: deep }), 1000)).toBe(false)
})
