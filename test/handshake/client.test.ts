// The client's side of the handshake without I/O: the request's bytes, and each item by which a response is judged.
// RFC 6455 §4.1.

import { describe, expect, it } from 'vitest'
import { WebSocketError } from '../../src/codec/errors.ts'
import { BadHandshakeError } from '../../src/handshake/bad-handshake-error.ts'
import { buildRequest, judgeResponse, type RequestParts } from '../../src/handshake/client.ts'
import { valuesOf } from '../../src/handshake/fields.ts'
import type { ResponseHead } from '../../src/handshake/head-parser.ts'
import { parseUrl } from '../../src/handshake/url.ts'
import {
  type Changes,
  latin1,
  parseHead,
  response,
  sampleAccept,
  sampleKey,
  textOf,
  thrown,
} from './heads.ts'

const url = parseUrl('ws://server.example.com:8080/chat?a=b')
const build = (parts: Partial<RequestParts> = {}) => buildRequest(url, { key: sampleKey, ...parts })

describe('the request', () => {
  it('is the plain one of RFC 6455 §4.1', () => {
    expect(textOf(build())).toBe(
      [
        'GET /chat?a=b HTTP/1.1',
        'Host: server.example.com:8080',
        'Upgrade: websocket',
        'Connection: Upgrade',
        `Sec-WebSocket-Key: ${sampleKey}`,
        'Sec-WebSocket-Version: 13',
        '\r\n',
      ].join('\r\n'),
    )
  })

  it('carries subprotocols, extensions, the origin and headers of the application', () => {
    const bytes = build({
      subprotocols: ['chat', 'superchat'],
      extensions: [{ name: 'permessage-deflate', params: [['client_max_window_bits', undefined]] }],
      origin: 'https://app.example',
      headers: { Cookie: 'a=1', 'x-b': ['1', '2'] },
    })
    expect(parseHead('request', bytes).head.fields.slice(5)).toEqual([
      ['Sec-WebSocket-Protocol', 'chat, superchat'],
      ['Sec-WebSocket-Extensions', 'permessage-deflate; client_max_window_bits'],
      ['Origin', 'https://app.example'],
      ['Cookie', 'a=1'],
      ['x-b', '1'],
      ['x-b', '2'],
    ])
  })

  it("has the application's Host in place of the URL's", () => {
    const { head } = parseHead('request', build({ headers: { hOST: 'other.example' } }))
    expect(valuesOf(head.fields, 'Host')).toEqual(['other.example'])
  })

  it.each([
    'Upgrade',
    'upgrade',
    'CONNECTION',
    'Sec-WebSocket-Key',
    'sec-websocket-version',
    'Sec-Websocket-Extensions',
    'sec-webSocket-protocol',
  ])('B15: does not take the header %s', (name) => {
    const error = thrown(() => build({ headers: { [name]: 'x' } }))
    expect(error).toMatchObject({
      name: 'TypeError',
      code: 'ERR_WS_HEADER',
      message: `websocket: duplicate header not allowed: ${name}`,
    })
  })

  it.each<[string, Partial<RequestParts>, string]>([
    ['a value with CR LF', { headers: { a: 'b\r\nc: d' } }, 'ERR_WS_HEADER'],
    ['a name with CR LF', { headers: { 'a\r\nb': 'c' } }, 'ERR_WS_HEADER'],
    ['two Hosts', { headers: { Host: ['a', 'b'] } }, 'ERR_WS_HEADER'],
    ['a malformed Host', { headers: { Host: 'a/b' } }, 'ERR_WS_HEADER'],
    ['a body', { headers: { 'Content-Length': '1' } }, 'ERR_WS_HEADER'],
    ['an origin with CR LF', { origin: 'a\r\nb: c' }, 'ERR_WS_HEADER'],
    ['two origins', { origin: 'http://a', headers: { origin: 'http://b' } }, 'ERR_WS_HEADER'],
    ['a subprotocol twice', { subprotocols: ['a', 'a'] }, 'ERR_WS_ARGUMENT'],
    ['a subprotocol that is no token', { subprotocols: ['a b'] }, 'ERR_WS_ARGUMENT'],
    ['an empty subprotocol', { subprotocols: [''] }, 'ERR_WS_ARGUMENT'],
    ['a malformed extension', { extensions: [{ name: 'a\r\nb', params: [] }] }, 'ERR_WS_HEADER'],
    ['a malformed key', { key: 'x\r\n' }, 'ERR_WS_ARGUMENT'],
  ])('B15: is not made with %s', (_, parts, code) => {
    expect(() => build(parts)).toThrow(expect.objectContaining({ name: 'TypeError', code }))
  })

  it.each([
    { target: '/a b' },
    { target: '/\r\nX: y' },
    { target: 'http://a/' },
    { host: 'a\r\nb' },
    { host: '' },
  ])('B15: is not made for a URL that was made by hand with %j', (parts) => {
    expect(() => buildRequest({ ...url, ...parts }, { key: sampleKey })).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'ERR_WS_URL' }),
    )
  })
})

const offer = { key: sampleKey, subprotocols: ['chat', 'superchat'], extensions: [{ name: 'x', params: [] }] }

describe('a good response', () => {
  it.each<[string, Changes, unknown]>([
    ['without anything', {}, { subprotocol: '', extensions: [] }],
    [
      'with an offered subprotocol',
      { 'Sec-WebSocket-Protocol': ['superchat'] },
      { subprotocol: 'superchat', extensions: [] },
    ],
    [
      'with an offered extension',
      { 'Sec-WebSocket-Extensions': ['x; y="1"'] },
      { subprotocol: '', extensions: [{ name: 'x', params: [['y', '1']] }] },
    ],
    [
      'with more tokens and other case',
      { Upgrade: ['WebSocket, h2c'], Connection: ['keep-alive', 'UPGRADE'] },
      { subprotocol: '', extensions: [] },
    ],
  ])('%s is accepted', (_, changes, agreement) => {
    expect(judgeResponse(response(changes), offer)).toEqual(agreement)
  })

  it('B6: opens without a subprotocol where some were offered and none was chosen', () => {
    expect(judgeResponse(response(), offer).subprotocol).toBe('')
  })
})

describe('a bad response is rejected', () => {
  it.each<[string, Changes, Partial<ResponseHead>, string]>([
    ['B1: 200', {}, { status: 200 }, 'the server answered with status 200'],
    ['B1: 401', {}, { status: 401 }, 'the server answered with status 401'],
    ['B1: 500', {}, { status: 500 }, 'the server answered with status 500'],
    ['B1: 100', {}, { status: 100 }, 'the server answered with status 100'],
    ['B2: 302', { Location: ['ws://b/'] }, { status: 302 }, 'the server answered with status 302'],
    ['HTTP/1.0', {}, { httpVersion: '1.0' }, 'the HTTP version must be 1.1'],
    ['B3: no Upgrade', { Upgrade: [] }, {}, 'the Upgrade field must have the token websocket'],
    ['B3: another Upgrade', { Upgrade: ['h2c'] }, {}, 'the Upgrade field must have the token websocket'],
    ['B3: no Connection', { Connection: [] }, {}, 'the Connection field must have the token upgrade'],
    [
      'B3: another Connection',
      { Connection: ['close'] },
      {},
      'the Connection field must have the token upgrade',
    ],
    ['B4: no Accept', { 'Sec-WebSocket-Accept': [] }, {}, 'wrong or missing Sec-WebSocket-Accept'],
    [
      'B4: a wrong Accept',
      { 'Sec-WebSocket-Accept': [`${sampleKey}`] },
      {},
      'wrong or missing Sec-WebSocket-Accept',
    ],
    [
      'B4: Accept twice',
      { 'Sec-WebSocket-Accept': [sampleAccept, sampleAccept] },
      {},
      'wrong or missing Sec-WebSocket-Accept',
    ],
    [
      'B4: Accept in wrong case',
      { 'Sec-WebSocket-Accept': [sampleAccept.toLowerCase()] },
      {},
      'wrong or missing Sec-WebSocket-Accept',
    ],
    [
      'B5: a subprotocol that was not offered',
      { 'Sec-WebSocket-Protocol': ['mqtt'] },
      {},
      'the server chose a subprotocol that was not offered',
    ],
    [
      'B5: a subprotocol in other case',
      { 'Sec-WebSocket-Protocol': ['Chat'] },
      {},
      'the server chose a subprotocol that was not offered',
    ],
    [
      'B5: an empty subprotocol',
      { 'Sec-WebSocket-Protocol': [''] },
      {},
      'the server chose a subprotocol that was not offered',
    ],
    [
      'B5: two subprotocols in one field',
      { 'Sec-WebSocket-Protocol': ['chat, superchat'] },
      {},
      'the server chose a subprotocol that was not offered',
    ],
    [
      'B5: two subprotocols',
      { 'Sec-WebSocket-Protocol': ['chat', 'superchat'] },
      {},
      'more than one Sec-WebSocket-Protocol',
    ],
    [
      'B5: a subprotocol twice',
      { 'Sec-WebSocket-Protocol': ['chat', 'chat'] },
      {},
      'more than one Sec-WebSocket-Protocol',
    ],
    [
      'B7: an extension that was not offered',
      { 'Sec-WebSocket-Extensions': ['permessage-deflate'] },
      {},
      'the server chose an extension that was not offered',
    ],
    [
      'B7: an extension of Object.prototype',
      { 'Sec-WebSocket-Extensions': ['constructor'] },
      {},
      'the server chose an extension that was not offered',
    ],
    [
      'B7: an extension twice',
      { 'Sec-WebSocket-Extensions': ['x, x'] },
      {},
      'the server chose an extension twice',
    ],
    [
      'B7: two fields of extensions',
      { 'Sec-WebSocket-Extensions': ['x', 'x'] },
      {},
      'malformed Sec-WebSocket-Extensions',
    ],
    [
      'B7: malformed extensions',
      { 'Sec-WebSocket-Extensions': ['x; y='] },
      {},
      'malformed Sec-WebSocket-Extensions',
    ],
  ])('%s', (_, changes, line, fault) => {
    const error = thrown(() => judgeResponse(response(changes, line), offer))
    expect(error).toBeInstanceOf(BadHandshakeError)
    expect(error).toBeInstanceOf(WebSocketError)
    expect(error).toMatchObject({
      code: 'ERR_WS_BAD_HANDSHAKE',
      message: `websocket: bad handshake: ${fault}`,
      status: line.status ?? 101,
      remote: true,
    })
  })

  it('B5, B7: when nothing at all was offered', () => {
    const nothing = { key: sampleKey }
    expect(() => judgeResponse(response({ 'Sec-WebSocket-Protocol': ['chat'] }), nothing)).toThrow(
      BadHandshakeError,
    )
    expect(() => judgeResponse(response({ 'Sec-WebSocket-Extensions': ['x'] }), nothing)).toThrow(
      BadHandshakeError,
    )
    expect(judgeResponse(response(), nothing)).toEqual({ subprotocol: '', extensions: [] })
  })

  it('B1: with an error that carries the status, the headers and a copy of at most 1024 bytes of the body', () => {
    const body = latin1('x'.repeat(2000))
    const head = response({ 'WWW-Authenticate': ['Basic', 'Bearer'] }, { status: 401 })
    const error = thrown(() => judgeResponse(head, offer, body)) as BadHandshakeError
    expect(error.status).toBe(401)
    expect(error.headers['www-authenticate']).toBe('Basic, Bearer')
    expect(Object.isFrozen(error.headers)).toBe(true)
    expect(error.body).toEqual(body.slice(0, 1024))
    expect(error.body.buffer.byteLength).toBe(1024)
  })

  it('with an error without a body where the caller has none', () => {
    const error = thrown(() => judgeResponse(response({}, { status: 500 }), offer)) as BadHandshakeError
    expect(error.body).toEqual(new Uint8Array(0))
  })
})
