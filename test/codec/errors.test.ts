// The one error table and the class that carries it: stable codes, close codes, and `instanceof` across copies.
// RFC 6455 §7.4.1 (close codes).

import { describe, expect, test } from 'vitest'
import { isSendableCloseCode } from '../../src/codec/close-payload.ts'
import { type ErrorCode, rangeError, typeError, WebSocketError } from '../../src/codec/errors.ts'
import { MAX_CLOSE_REASON } from '../../src/codec/limits.ts'

test('an error has what its table says', () => {
  const error = new WebSocketError('ERR_WS_OPCODE')
  expect(error).toBeInstanceOf(Error)
  expect([error.name, error.code, error.closeCode]).toEqual(['WebSocketError', 'ERR_WS_OPCODE', 1002])
  expect(error.message).toBe('websocket: ERR_WS_OPCODE')
  expect([error.remote, error.reason, error.offset, 'cause' in error]).toEqual([false, '', undefined, false])
  expect(error.wasClean).toBe(false)
  expect(String(error)).toBe('WebSocketError: websocket: ERR_WS_OPCODE')
})

test('details take the place of what the table says', () => {
  const cause = new Error('below')
  const error = new WebSocketError('ERR_WS_CLOSED', {
    message: 'close 4000',
    closeCode: 4000,
    reason: 'why',
    remote: true,
    offset: 12,
    cause,
  })
  expect(error).toMatchObject({
    message: 'websocket: close 4000',
    closeCode: 4000,
    reason: 'why',
    remote: true,
    offset: 12,
  })
  expect(error.cause).toBe(cause)
})

test('an error without a close code of its own has none', () => {
  expect(new WebSocketError('ERR_WS_TIMEOUT').closeCode).toBeUndefined()
})

describe('the fault of a peer', () => {
  test.each<[ErrorCode, number]>([
    ['ERR_WS_RESERVED_BIT', 1002],
    ['ERR_WS_OPCODE', 1002],
    ['ERR_WS_CONTROL_FRAME', 1002],
    ['ERR_WS_FRAGMENTATION', 1002],
    ['ERR_WS_MASK', 1002],
    ['ERR_WS_LENGTH', 1002],
    ['ERR_WS_CLOSE_PAYLOAD', 1002],
    ['ERR_WS_CLOSE_CODE', 1002],
    ['ERR_WS_INVALID_UTF8', 1007],
    ['ERR_WS_MESSAGE_TOO_BIG', 1009],
    ['ERR_WS_TOO_MANY_FRAGMENTS', 1008],
  ])('%s is answered with %d, and its message fits a Close frame', (code, closeCode) => {
    expect(new WebSocketError(code).closeCode).toBe(closeCode)
    expect(isSendableCloseCode(closeCode)).toBe(true)
    expect(new WebSocketError(code).message.length).toBeLessThanOrEqual(MAX_CLOSE_REASON)
  })
})

describe('instanceof', () => {
  test('holds for an error of another copy of the library', async () => {
    const url = new URL('../../src/codec/errors.ts', import.meta.url)
    const other = (await import(`${url.pathname}?copy`)) as typeof import('../../src/codec/errors.ts')
    expect(other.WebSocketError).not.toBe(WebSocketError)
    expect(new other.WebSocketError('ERR_WS_OPCODE')).toBeInstanceOf(WebSocketError)
    expect(new WebSocketError('ERR_WS_OPCODE')).toBeInstanceOf(other.WebSocketError)
  })

  test('tells subclasses apart', () => {
    class Special extends WebSocketError {}
    expect(new Special('ERR_WS_URL')).toBeInstanceOf(WebSocketError)
    expect(new Special('ERR_WS_URL')).toBeInstanceOf(Special)
    expect(new WebSocketError('ERR_WS_URL')).not.toBeInstanceOf(Special)
  })

  test.each([
    [null],
    [undefined],
    ['ERR_WS_OPCODE'],
    [1],
    [new Error('ERR_WS_OPCODE')],
    [{ code: 'ERR_WS_OPCODE' }],
    [{}],
    [() => {}],
  ])('does not hold for %o', (value) => {
    expect(value instanceof WebSocketError).toBe(false)
  })
})

test('misuse is a TypeError or a RangeError with the stable code', () => {
  const [type, range] = [typeError('bad type'), rangeError('bad value', 'ERR_WS_URL')]
  expect(type).toBeInstanceOf(TypeError)
  expect(range).toBeInstanceOf(RangeError)
  expect([type.code, type.message, range.code]).toEqual([
    'ERR_WS_ARGUMENT',
    'websocket: bad type',
    'ERR_WS_URL',
  ])
})
