// The server's side of the handshake without I/O: each reason to refuse a request, and the bytes of the 101.
// RFC 6455 §4.2; RFC 9112 §3.2 (Host, targets), §6 (bodies).

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Field, headersOf } from '../../src/handshake/fields.ts'
import type { RequestHead } from '../../src/handshake/head-parser.ts'
import { responseOf } from '../../src/handshake/refusal.ts'
import {
  type Acceptance,
  acceptResponse,
  isWebSocketUpgrade,
  judgeRequest,
} from '../../src/handshake/server.ts'
import { type Changes, leastTime, parseHead, request, sampleAccept, sampleKey, textOf } from './heads.ts'

/** Status and headers with which the request is refused, as a client would read them; undefined when it is accepted. */
function refusalOf(head: RequestHead) {
  const verdict = judgeRequest(head)
  if (!('status' in verdict)) return undefined
  expect(verdict.error.code).toBe('ERR_WS_BAD_REQUEST')
  const answer = parseHead('response', responseOf(verdict))
  expect(answer.rest).toBe(verdict.body)
  return { status: answer.head.status, headers: headersOf(answer.head.fields) }
}

/** What the answer to a refused request looks like. */
function refusal(status: number, extra: Record<string, string> = {}) {
  return {
    status,
    headers: {
      connection: 'close',
      'content-type': 'text/plain; charset=utf-8',
      'content-length': expect.stringMatching(/^[1-9][0-9]{0,3}$/),
      'sec-websocket-version': '13',
      ...extra,
    },
  }
}

describe('a good request', () => {
  it('is accepted, with what it offers', () => {
    expect(judgeRequest(request())).toEqual({
      key: sampleKey,
      subprotocol: '',
      offeredSubprotocols: [],
      extensions: [],
    })
    const head = request({
      'Sec-WebSocket-Protocol': ['chat', 'superchat'],
      'Sec-WebSocket-Extensions': ['permessage-deflate; client_max_window_bits', 'x'],
    })
    expect(judgeRequest(head, { subprotocols: ['superchat', 'chat'] })).toEqual({
      key: sampleKey,
      subprotocol: 'superchat',
      offeredSubprotocols: ['chat', 'superchat'],
      extensions: [
        { name: 'permessage-deflate', params: [['client_max_window_bits', undefined]] },
        { name: 'x', params: [] },
      ],
    })
  })

  it.each<[string, Changes]>([
    ['A6: Upgrade as a list in mixed case', { Upgrade: ['h2c, WebSocket'] }],
    ['A6: Upgrade in two fields', { Upgrade: ['h2c', 'websocket'] }],
    ['Connection as Firefox sends it', { Connection: ['keep-alive, Upgrade'] }],
    ['field names in another case', { Connection: [], CONNECTION: ['UPGRADE'] }],
    ['A16: no common subprotocol', { 'Sec-WebSocket-Protocol': ['mqtt'] }],
    [
      'A18: extensions with names of Object.prototype',
      { 'Sec-WebSocket-Extensions': ['constructor; __proto__; hasOwnProperty=1'] },
    ],
    [
      'A19: a field named __proto__',
      Object.fromEntries([
        ['__proto__', ['x']],
        ['constructor', ['y']],
      ]),
    ],
    ['A23: a body of no bytes', { 'Content-Length': ['0'] }],
    ['a Host with a port', { Host: ['[::1]:8080'] }],
  ])('may have %s', (_, changes) => {
    expect(judgeRequest(request(changes))).toMatchObject({ key: sampleKey, subprotocol: '' })
  })

  it('may have 100 fields', () => {
    const { fields } = request()
    const more = Array.from({ length: 100 - fields.length }, (_, i): Field => [`x-${i}`, 'a'])
    expect(judgeRequest(request({}, { fields: [...fields, ...more] }))).toMatchObject({ key: sampleKey })
  })
})

describe('a bad request is refused', () => {
  it.each<[string, Changes, Partial<RequestHead>, ReturnType<typeof refusal>]>([
    ['A1: POST', {}, { method: 'POST' }, refusal(405, { allow: 'GET' })],
    ['A1: HEAD', {}, { method: 'HEAD' }, refusal(405, { allow: 'GET' })],
    ['A1: get in lower case', {}, { method: 'get' }, refusal(405, { allow: 'GET' })],
    ['A2: HTTP/1.0', {}, { httpVersion: '1.0' }, refusal(400)],
    ['A2: HTTP/2.0', {}, { httpVersion: '2.0' }, refusal(400)],
    ['A3: no Host', { Host: [] }, {}, refusal(400)],
    ['A3: an empty Host', { Host: [''] }, {}, refusal(400)],
    ['A3: a malformed Host', { Host: ['a/b'] }, {}, refusal(400)],
    ['A4: two Hosts', { Host: ['server.example.com', 'server.example.com'] }, {}, refusal(400)],
    ['A4: two Hosts in different case', { host: ['server.example.com'] }, {}, refusal(400)],
    [
      'A5: no Upgrade',
      { Upgrade: [] },
      {},
      refusal(426, { upgrade: 'websocket', connection: 'Upgrade, close' }),
    ],
    [
      'A5: Upgrade: h2c',
      { Upgrade: ['h2c'] },
      {},
      refusal(426, { upgrade: 'websocket', connection: 'Upgrade, close' }),
    ],
    [
      'A5: a plain GET',
      { Upgrade: [], Connection: [] },
      {},
      refusal(426, { upgrade: 'websocket', connection: 'Upgrade, close' }),
    ],
    ['A7: no Connection', { Connection: [] }, {}, refusal(400)],
    ['A7: Connection: keep-alive', { Connection: ['keep-alive'] }, {}, refusal(400)],
    ['A8: no key', { 'Sec-WebSocket-Key': [] }, {}, refusal(400)],
    ['A8: a key that is no base64', { 'Sec-WebSocket-Key': ['dGhlIHNhbXBsZSBub25jZQ=!'] }, {}, refusal(400)],
    ['A8: a key of 15 bytes', { 'Sec-WebSocket-Key': ['AAAAAAAAAAAAAAAAAAAA'] }, {}, refusal(400)],
    ['A8: a key of 17 bytes', { 'Sec-WebSocket-Key': ['AAAAAAAAAAAAAAAAAAAAAAA='] }, {}, refusal(400)],
    ['A8: a key with pad bits', { 'Sec-WebSocket-Key': ['AAAAAAAAAAAAAAAAAAAAAB=='] }, {}, refusal(400)],
    ['A9: two keys', { 'Sec-WebSocket-Key': [sampleKey, sampleKey] }, {}, refusal(400)],
    ['A9: two keys, joined', { 'Sec-WebSocket-Key': [`${sampleKey}, ${sampleKey}`] }, {}, refusal(400)],
    ['A10: no version', { 'Sec-WebSocket-Version': [] }, {}, refusal(400)],
    ['A10: version 8', { 'Sec-WebSocket-Version': ['8'] }, {}, refusal(400)],
    ['A10: version 14', { 'Sec-WebSocket-Version': ['14'] }, {}, refusal(400)],
    ['A10: version 13abc', { 'Sec-WebSocket-Version': ['13abc'] }, {}, refusal(400)],
    ['A10: version 13, 13', { 'Sec-WebSocket-Version': ['13, 13'] }, {}, refusal(400)],
    ['A10: two versions', { 'Sec-WebSocket-Version': ['13', '13'] }, {}, refusal(400)],
    ['A14: an empty subprotocol', { 'Sec-WebSocket-Protocol': ['chat,'] }, {}, refusal(400)],
    ['A14: a subprotocol twice', { 'Sec-WebSocket-Protocol': ['chat', 'chat'] }, {}, refusal(400)],
    ['A14: a subprotocol that is no token', { 'Sec-WebSocket-Protocol': ['a b'] }, {}, refusal(400)],
    ['A17: broken extensions', { 'Sec-WebSocket-Extensions': ['a; b='] }, {}, refusal(400)],
    ['A17: an empty field of extensions', { 'Sec-WebSocket-Extensions': ['a', ''] }, {}, refusal(400)],
    [
      'A22, A23: Content-Length with Transfer-Encoding',
      { 'Content-Length': ['0'], 'Transfer-Encoding': ['chunked'] },
      {},
      refusal(400),
    ],
    ['A23: Content-Length: 5', { 'Content-Length': ['5'] }, {}, refusal(400)],
    ['A23: Content-Length: -0', { 'Content-Length': ['-0'] }, {}, refusal(400)],
    ['A23: an empty Content-Length', { 'Content-Length': [''] }, {}, refusal(400)],
    ['A23: two lengths', { 'Content-Length': ['0', '5'] }, {}, refusal(400)],
    ['A23: Transfer-Encoding: chunked', { 'Transfer-Encoding': ['chunked'] }, {}, refusal(400)],
    ['A23: an empty Transfer-Encoding', { 'Transfer-Encoding': [''] }, {}, refusal(400)],
    ['A24: an absolute-form', {}, { target: 'http://evil/x' }, refusal(400)],
    ['A24: an asterisk-form', {}, { target: '*' }, refusal(400)],
    ['A24: an authority-form', {}, { target: 'evil:80' }, refusal(400)],
    ['A24: a fragment', {}, { target: '/a#b' }, refusal(400)],
    ['A24: a target with non-ASCII characters', {}, { target: '/\u00fc' }, refusal(400)],
    ['A24: an empty target', {}, { target: '' }, refusal(400)],
  ])('%s', (_, changes, line, expected) => {
    expect(refusalOf(request(changes, line))).toEqual(expected)
  })

  it.each([101, 2300])('A21: %i fields', (count) => {
    const { fields } = request()
    const more = Array.from({ length: count - fields.length }, (_, i): Field => [`x-${i}`, 'a'])
    expect(refusalOf(request({}, { fields: [...more, ...fields] }))).toEqual(refusal(400))
  })

  it.each([
    'Connection',
    'Upgrade',
    'Sec-WebSocket-Protocol',
    'Sec-WebSocket-Extensions',
    'Sec-WebSocket-Key',
    'Origin',
  ])('A15: or accepted in linear time with 32,000 spaces in %s', (name) => {
    const head = request({ [name]: [`a${' '.repeat(32_000)}b`] })
    expect(leastTime(() => judgeRequest(head))).toBeLessThan(5)
  })

  it('but the judge never throws, whatever the head', () => {
    const names = fc.constantFrom(
      ...request().fields.map(([name]) => name),
      'Content-Length',
      'Sec-WebSocket-Extensions',
      'Sec-WebSocket-Protocol',
      '__proto__',
    )
    const field = fc.tuple(fc.oneof(names, fc.string()), fc.string({ unit: 'binary' }))
    const head = fc.record({
      method: fc.oneof(fc.constant('GET'), fc.string()),
      target: fc.oneof(fc.constant('/'), fc.string()),
      httpVersion: fc.oneof(fc.constant('1.1'), fc.string()),
      fields: fc.array(field).map((extra) => [...request().fields, ...extra]),
    })
    fc.assert(
      fc.property(head, (anything) => {
        const verdict = judgeRequest(anything)
        expect('status' in verdict ? responseOf(verdict).length : verdict.key.length).toBeGreaterThan(0)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('isWebSocketUpgrade', () => {
  it('looks for the two tokens and at nothing else', () => {
    expect(isWebSocketUpgrade(request({ Host: [], 'Sec-WebSocket-Key': [] }).fields)).toBe(true)
    expect(isWebSocketUpgrade(request({ Upgrade: ['h2c'] }).fields)).toBe(false)
    expect(isWebSocketUpgrade(request({ Connection: ['close'] }).fields)).toBe(false)
    expect(isWebSocketUpgrade([])).toBe(false)
  })
})

describe('the 101', () => {
  const acceptance: Acceptance = { key: sampleKey, subprotocol: '', offeredSubprotocols: [], extensions: [] }

  it("is the answer of RFC 6455 §1.3 to the sample's request", () => {
    expect(textOf(acceptResponse(acceptance))).toBe(
      [
        'HTTP/1.1 101 Switching Protocols',
        'Upgrade: websocket',
        'Connection: Upgrade',
        `Sec-WebSocket-Accept: ${sampleAccept}`,
        '\r\n',
      ].join('\r\n'),
    )
  })

  it('A16: names a subprotocol only when one is chosen, and no extension unless one is granted', () => {
    const offered = { ...acceptance, offeredSubprotocols: ['a'], extensions: [{ name: 'x', params: [] }] }
    expect(textOf(acceptResponse(offered))).not.toMatch(/protocol:|extensions:/i)
  })

  it('carries the subprotocol, granted extensions and headers of the application', () => {
    const granted = [{ name: 'x', params: [['y', '1'] as const] }]
    const bytes = acceptResponse(
      { ...acceptance, subprotocol: 'chat' },
      { 'Set-Cookie': ['a=1', 'b=ü'] },
      granted,
    )
    expect(parseHead('response', bytes)).toEqual({
      head: {
        status: 101,
        reason: 'Switching Protocols',
        httpVersion: '1.1',
        fields: [
          ['Upgrade', 'websocket'],
          ['Connection', 'Upgrade'],
          ['Sec-WebSocket-Accept', sampleAccept],
          ['Sec-WebSocket-Protocol', 'chat'],
          ['Sec-WebSocket-Extensions', 'x; y=1'],
          ['Set-Cookie', 'a=1'],
          ['Set-Cookie', 'b=ü'],
        ],
      },
      rest: '',
    })
  })

  it.each([
    { 'X-A': 'a\r\nSet-Cookie: b' },
    { 'X-A': 'a\0' },
    { 'X-A': '\u0100' },
    { 'X\nA': 'a' },
    { '': 'a' },
    { 'Content-Length': '0' },
    { 'Transfer-Encoding': 'chunked' },
    { UPGRADE: 'websocket' },
    { connection: 'close' },
    { 'sec-websocket-accept': sampleAccept },
    { 'Sec-WebSocket-Protocol': 'chat' },
    { 'Sec-Websocket-Extensions': 'permessage-deflate' },
  ])('A27, A28: does not take the headers %j', (headers) => {
    expect(() => acceptResponse(acceptance, headers as Record<string, string>)).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'ERR_WS_HEADER' }),
    )
  })

  it('A27: does not take a subprotocol that is no token', () => {
    expect(() => acceptResponse({ ...acceptance, subprotocol: 'a\r\nb' })).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'ERR_WS_HEADER' }),
    )
  })
})
