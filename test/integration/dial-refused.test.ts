// The Dialer against servers that refuse, or whose 101 is not good: what dial() rejects with, and that no connection was.
// RFC 6455 §4.1 (the client's checks), §9.1; RFC 9110 §15 (status codes).

import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { BadHandshakeError, type DialOptions, dial, WebSocketError } from '../../src/index.ts'
import { join } from '../fuzz/frames.ts'
import { patternOf, same } from './bytes.ts'
import { frame } from './raw-peer.ts'
import { acceptText, failedDial, rawServer } from './raw-server.ts'
import { echo, serve } from './serve.ts'

function swapCase(text: string): string {
  return text.replace(/[a-z]/gi, (letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  )
}

describe('a response that is no good 101 rejects with BadHandshakeError', () => {
  test('B1: with the status, header fields and body of a refusal', async () => {
    const { error } = await failedDial((peer) => {
      peer.send('HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nX-A: 1\r\nX-A: 2\r\n')
      peer.send('Content-Length: 9\r\n\r\nwho are y')
    })
    expect(error).toBeInstanceOf(BadHandshakeError)
    expect(error).toBeInstanceOf(WebSocketError)
    expect(error).toMatchObject({
      code: 'ERR_WS_BAD_HANDSHAKE',
      status: 401,
      headers: { 'www-authenticate': 'Basic', 'x-a': '1, 2', 'content-length': '9' },
      remote: true,
      message: 'websocket: bad handshake: the server answered with status 401',
    })
    expect(Buffer.from((error as BadHandshakeError).body).toString()).toBe('who are y')
  })

  test('B1: with what there is of the body when the server ends the connection', async () => {
    const { error } = await failedDial(async (peer) => {
      await peer.sendParts([
        Buffer.from('HTTP/1.1 503 Service Unavailable\r\n\r\n'),
        Buffer.from('come back '),
        Buffer.from('later'),
      ])
      peer.socket.end()
    })
    expect(error).toMatchObject({ status: 503 })
    expect(Buffer.from((error as BadHandshakeError).body).toString()).toBe('come back later')
  })

  test('B1: with 1,024 bytes of a body that is longer or has no end', async () => {
    const body = patternOf(100_000)
    const { error, milliseconds } = await failedDial((peer) => {
      peer.send('HTTP/1.1 500 Oops\r\n\r\n')
      peer.send(body)
    })
    expect(same((error as BadHandshakeError).body, body.subarray(0, 1024))).toBe(true)
    expect(milliseconds).toBeLessThan(900)
  })

  test('B1, B2: soon, when the body that was announced does not come', async () => {
    const { error, milliseconds } = await failedDial((peer) => {
      peer.send('HTTP/1.1 302 Found\r\nLocation: ws://elsewhere.example/\r\nContent-Length: 50\r\n\r\nsome')
    })
    expect(error).toMatchObject({ status: 302, headers: { location: 'ws://elsewhere.example/' } })
    expect(Buffer.from((error as BadHandshakeError).body).toString()).toBe('some')
    expect(milliseconds).toBeLessThan(5_000)
  })

  test.each([200, 204, 400, 401, 404, 426, 500, 503, 999])('B1: for the status %d', async (status) => {
    const { error, peer } = await failedDial((peer) => {
      peer.send(
        join([Buffer.from(`HTTP/1.1 ${status} \r\nContent-Length: 0\r\n\r\n`), frame('server', 1, 'x')]),
      )
    })
    expect(error).toMatchObject({ code: 'ERR_WS_BAD_HANDSHAKE', status, body: new Uint8Array(0) })
    expect(await peer.rest()).toEqual(Buffer.alloc(0))
  })

  test('B1: with the text of a chunked body, at most 1,024 bytes of it', async () => {
    const body = patternOf(3_000)
    for (const size of [1, 7, 1_000, 3_000]) {
      const chunks: Buffer[] = []
      for (let at = 0; at < body.length; at += size) {
        const part = body.subarray(at, at + size)
        chunks.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'))
      }
      const { error } = await failedDial((peer) => {
        peer.send('HTTP/1.1 502 Bad Gateway\r\nTransfer-Encoding: chunked\r\n\r\n')
        peer.send(join([...chunks, Buffer.from('0\r\n\r\n')]))
      })
      expect(same((error as BadHandshakeError).body, body.subarray(0, 1024))).toBe(true)
    }
  })

  test('when our own server refuses', async () => {
    const { url } = await serve(echo, { attach: { authorize: () => ({ status: 403, body: 'not you' }) } })
    const error = await dial(url).catch((error) => error)
    expect(error).toMatchObject({ status: 403 })
    expect(Buffer.from(error.body).toString()).toBe('not you')
  })

  test.each([301, 302, 303, 307, 308])(
    'B2: for a redirect with %d, which is not followed',
    async (status) => {
      const elsewhere = await rawServer()
      let visits = 0
      elsewhere.accept().then(() => visits++)
      const { error } = await failedDial(
        (peer) =>
          peer.send(`HTTP/1.1 ${status} Go\r\nLocation: ${elsewhere.url}\r\nContent-Length: 0\r\n\r\n`),
        { headers: { Authorization: 'secret', Cookie: 'secret' } },
      )
      expect(error).toMatchObject({
        code: 'ERR_WS_BAD_HANDSHAKE',
        status,
        headers: { location: elsewhere.url },
      })
      await sleep(20)
      expect(visits).toBe(0)
    },
  )

  const line = (from: RegExp | string, to: string) => (head: string) => acceptText(head).replace(from, to)
  const more =
    (...headers: string[]) =>
    (head: string) =>
      acceptText(head, headers)
  const offered = { subprotocols: ['chat', 'superchat'] }

  test.each<[string, (head: string) => string, DialOptions, string]>([
    ['B1: HTTP/1.0', line('HTTP/1.1', 'HTTP/1.0'), {}, 'the HTTP version must be 1.1'],
    [
      'B3: no Upgrade field',
      line('Upgrade: websocket\r\n', ''),
      {},
      'the Upgrade field must have the token websocket',
    ],
    [
      'B3: an upgrade to something else',
      line('Upgrade: websocket', 'Upgrade: h2c'),
      {},
      'the Upgrade field must have the token websocket',
    ],
    [
      'B3: no Connection field',
      line('Connection: Upgrade\r\n', ''),
      {},
      'the Connection field must have the token upgrade',
    ],
    [
      'B3: a Connection field without the token',
      line('Connection: Upgrade', 'Connection: close'),
      {},
      'the Connection field must have the token upgrade',
    ],
    ['B4: no accept', line(/Sec-WebSocket-Accept: .*\r\n/, ''), {}, 'wrong or missing Sec-WebSocket-Accept'],
    ['B4: a wrong accept', line('Accept: ', 'Accept: x'), {}, 'wrong or missing Sec-WebSocket-Accept'],
    [
      'B4: the accept of another key',
      line(/Accept: .*/, 'Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo='),
      {},
      'wrong or missing Sec-WebSocket-Accept',
    ],
    [
      'B4: the accept twice',
      line(/Sec-WebSocket-Accept: .*\r\n/, '$&$&'),
      {},
      'wrong or missing Sec-WebSocket-Accept',
    ],
    [
      'B4: the accept in another case',
      (head) => acceptText(head).replace(/Accept: .*/, (text) => `Accept: ${swapCase(text.slice(8))}`),
      {},
      'wrong or missing Sec-WebSocket-Accept',
    ],
    [
      'B5: a subprotocol where none was offered',
      more('Sec-WebSocket-Protocol: chat'),
      {},
      'the server chose a subprotocol that was not offered',
    ],
    [
      'B5: a subprotocol that was not offered',
      more('Sec-WebSocket-Protocol: mqtt'),
      offered,
      'the server chose a subprotocol that was not offered',
    ],
    [
      'B5: a subprotocol in another case',
      more('Sec-WebSocket-Protocol: Chat'),
      offered,
      'the server chose a subprotocol that was not offered',
    ],
    [
      'B5: two subprotocols in one field',
      more('Sec-WebSocket-Protocol: chat, superchat'),
      offered,
      'the server chose a subprotocol that was not offered',
    ],
    [
      'B5: two subprotocols',
      more('Sec-WebSocket-Protocol: chat', 'Sec-WebSocket-Protocol: superchat'),
      offered,
      'more than one Sec-WebSocket-Protocol',
    ],
    [
      'B7: an extension that was not offered',
      more('Sec-WebSocket-Extensions: permessage-deflate'),
      {},
      'the server chose an extension that was not offered',
    ],
    [
      'B7: an extension twice',
      more('Sec-WebSocket-Extensions: permessage-deflate, permessage-deflate'),
      {},
      'the server chose an extension that was not offered',
    ],
    [
      'B7: two fields of extensions',
      more('Sec-WebSocket-Extensions: x', 'Sec-WebSocket-Extensions: y'),
      {},
      'malformed Sec-WebSocket-Extensions',
    ],
    [
      'B7: an empty list of extensions',
      more('Sec-WebSocket-Extensions:'),
      {},
      'malformed Sec-WebSocket-Extensions',
    ],
  ])('%s', async (_, answer, options, fault) => {
    const { error, peer } = await failedDial(
      // A frame behind it, of which nobody may hear.
      (peer, head) => peer.send(join([Buffer.from(answer(head)), frame('server', 9, 'ping')])),
      options,
    )
    expect(error).toBeInstanceOf(BadHandshakeError)
    expect(error).toMatchObject({
      code: 'ERR_WS_BAD_HANDSHAKE',
      status: 101,
      message: `websocket: bad handshake: ${fault}`,
      remote: true,
    })
    // The socket is gone, without a Close frame: there never was a connection.
    expect(await peer.rest()).toEqual(Buffer.alloc(0))
  })
})
