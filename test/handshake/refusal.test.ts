// The answer to a request that gets no connection: its bytes, and what an application may put into it.
// RFC 6455 §4.2.2, §4.4; RFC 9110 §15.

import { describe, expect, it } from 'vitest'
import { headersOf } from '../../src/handshake/fields.ts'
import { HeadParser } from '../../src/handshake/head-parser.ts'
import { refuse, refuseHead, responseOf } from '../../src/handshake/refusal.ts'
import { latin1, parseHead, textOf, thrown } from './heads.ts'

describe('a refusal', () => {
  it('A: closes the connection, names version 13 and says why in a short text', () => {
    expect(textOf(responseOf(refuse(403, 'not from there')))).toBe(
      [
        'HTTP/1.1 403 Forbidden',
        'Connection: close',
        'Content-Type: text/plain; charset=utf-8',
        'Content-Length: 14',
        'Sec-WebSocket-Version: 13',
        '',
        'not from there',
      ].join('\r\n'),
    )
  })

  it('has an error for the application', () => {
    expect(refuse(503, 'full').error).toMatchObject({
      code: 'ERR_WS_BAD_REQUEST',
      message: 'websocket: handshake refused with 503: full',
      remote: true,
    })
  })

  it('says the reason phrase where no message is given', () => {
    expect(refuse(401).body).toBe('Unauthorized')
    expect(textOf(responseOf(refuse(499)))).toMatch(/^HTTP\/1\.1 499 \r\n/)
  })

  it('A5: with Upgrade keeps the token in Connection and still closes', () => {
    const { head } = parseHead(
      'response',
      responseOf(refuse(426, '', { Upgrade: 'websocket', Connection: 'Upgrade' })),
    )
    expect(headersOf(head.fields)).toMatchObject({ upgrade: 'websocket', connection: 'Upgrade, close' })
  })

  it('takes headers of the application, which replace the content type and the version', () => {
    const headers = {
      'content-type': 'application/json',
      'WWW-Authenticate': ['Basic', 'Bearer'],
      'Sec-WebSocket-Version': '13, 8',
    }
    const { head, rest } = parseHead('response', responseOf(refuse(401, '{"ok":false}', headers)))
    expect(headersOf(head.fields)).toEqual({
      connection: 'close',
      'content-type': 'application/json',
      'content-length': '12',
      'www-authenticate': 'Basic, Bearer',
      'sec-websocket-version': '13, 8',
    })
    expect(rest).toBe('{"ok":false}')
  })

  it('counts the body in bytes of UTF-8, at most 1024', () => {
    const { head, rest } = parseHead('response', responseOf(refuse(400, 'ü'.repeat(512))))
    expect(headersOf(head.fields)['content-length']).toBe('1024')
    expect(new TextDecoder().decode(latin1(rest))).toBe('ü'.repeat(512))
    expect(() => refuse(400, `${'ü'.repeat(512)}a`)).toThrow(
      expect.objectContaining({ name: 'RangeError', code: 'ERR_WS_ARGUMENT' }),
    )
  })

  it.each([101, 200, 299, 600, 400.5, Number.NaN])('does not have the status %s', (status) => {
    expect(() => refuse(status)).toThrow(
      expect.objectContaining({ name: 'RangeError', code: 'ERR_WS_ARGUMENT' }),
    )
  })

  it.each([
    { 'content-length': '0' },
    { 'Transfer-Encoding': 'chunked' },
    { 'X-A': 'a\r\nb' },
    { 'a b': 'c' },
  ])('A27: does not take the headers %j', (headers) => {
    expect(() => refuse(400, 'x', headers)).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'ERR_WS_HEADER' }),
    )
  })

  it.each([
    ['malformed', 'GET / HTTP/1.1\n', 400, 'Bad Request', 'a LF without CR'],
    ['too large', 'a'.repeat(16_385), 431, 'Request Header Fields Too Large', 'longer than 16384 bytes'],
  ])('A20, A22: answers a head that is %s', (_, text, status, reason, body) => {
    const error = thrown(() => new HeadParser('request').push(latin1(text), 0, text.length))
    const { head, rest } = parseHead(
      'response',
      responseOf(refuseHead(error as Parameters<typeof refuseHead>[0])),
    )
    expect(head).toMatchObject({ status, reason })
    expect(rest).toBe(body)
  })
})
