// What a server answers to requests that it accepts, byte for byte, and that the first frames follow it without a gap.
// RFC 6455 §4.2.2 item 5 (the 101), §4.1 (early frames), §9.1 (extensions), §11.3.4 (subprotocols).

import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Conn } from '../../src/index.ts'
import { join } from '../fuzz/frames.ts'
import { patternOf, same } from './bytes.ts'
import { frame, RawPeer, requestText } from './raw-peer.ts'
import { echo, type ServeOptions, serve } from './serve.ts'

const fine = requestText('/')

/** The 101 to the sample of RFC 6455 §1.3; `headers` are lines without their ends. */
function accepted(...headers: string[]): string {
  return [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
    ...headers,
    '',
    '',
  ].join('\r\n')
}

/** Sends the request; gives the head of the answer, and the connection that it opened. */
async function answered(
  request: string,
  options?: ServeOptions<unknown>,
): Promise<{ head: string; conn: Conn }> {
  let opened!: (conn: Conn) => void
  const conn = new Promise<Conn>((resolve) => {
    opened = resolve
  })
  const { port } = await serve((conn) => {
    opened(conn)
    return echo(conn)
  }, options)
  const peer = await RawPeer.connect(port)
  peer.send(request)
  const head = await peer.head()
  peer.send(frame('client', 1, 'works'))
  expect((await peer.frame()).payload.toString()).toBe('works')
  return { head, conn: await conn }
}

describe('a request may have', () => {
  test.each([
    ['A6: Upgrade as a list in mixed case', fine.replace('Upgrade: websocket', 'Upgrade: h2c, WebSocket')],
    ['A6: Upgrade in two fields', fine.replace('Upgrade: websocket', 'upgrade: h2c\r\nUPGRADE: WEBSOCKET')],
    [
      'A7: Connection as a list in mixed case',
      fine.replace('Connection: Upgrade', 'connection: keep-alive\r\nConnection: close, UPGRADE'),
    ],
    [
      'A18: extensions that nobody knows',
      requestText('/', ['Sec-WebSocket-Extensions: x; y="z", permessage-deflate']),
    ],
    [
      'A18: extensions and parameters with names of Object.prototype',
      requestText('/', [
        'Sec-WebSocket-Extensions: constructor; __proto__=1; hasOwnProperty, __proto__, toString',
      ]),
    ],
    ['A23: a body of no bytes', requestText('/', ['Content-Length: 0'])],
    [
      '100 fields',
      requestText(
        '/',
        Array.from({ length: 95 }, (_, i) => `x-${i}: y`),
      ),
    ],
    ['a target that looks like a host', requestText('//evil.example/')],
  ])('%s', async (_, request) => {
    const { head, conn } = await answered(request)
    expect(head).toBe(accepted())
    expect([conn.subprotocol, conn.handshake.extensions]).toEqual(['', []])
  })

  test('A16: subprotocols of which the server speaks none', async () => {
    const request = requestText('/', ['Sec-WebSocket-Protocol: chat, constructor, __proto__'])
    for (const options of [{}, { subprotocols: [] }, { subprotocols: ['Chat', 'superchat'] }]) {
      const { head, conn } = await answered(request, options)
      expect(head).toBe(accepted())
      expect(conn.subprotocol).toBe('')
    }
  })

  test('A19: a field named __proto__, which is one like any other', async () => {
    const request = requestText('/', ['__proto__: polluted', 'constructor: x', '__proto__: twice'])
    const { head, conn } = await answered(request)
    expect(head).toBe(accepted())
    const { headers } = conn.handshake
    expect(Object.getPrototypeOf(headers)).toBeNull()
    expect(Object.getOwnPropertyDescriptor(headers, '__proto__')?.value).toBe('polluted, twice')
    expect(Object.hasOwn(headers, 'constructor')).toBe(true)
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })
})

describe('the 101', () => {
  test('is exactly this, with the first subprotocol in the server’s order and the application’s fields', async () => {
    const { port } = await serve(echo, {
      subprotocols: ['best', 'good'],
      attach: { headers: { 'X-Served-By': 'me' } },
    })
    const peer = await RawPeer.connect(port)
    peer.send(requestText('/', ['Sec-WebSocket-Protocol: unknown, good', 'Sec-WebSocket-Protocol: best']))
    expect(await peer.head()).toBe(accepted('Sec-WebSocket-Protocol: best', 'X-Served-By: me'))
  })

  test('A25: is followed by the frames that came in the same segment as the request', async () => {
    const { port } = await serve(echo)
    const peer = await RawPeer.connect(port)
    const bytes = patternOf(5_000)
    const large = frame('client', 2, bytes)
    peer.send(join([Buffer.from(fine), frame('client', 1, 'early 👋'), large.subarray(0, 3_000)]))
    expect(await peer.head()).toMatch(/^HTTP\/1.1 101 /)
    expect((await peer.frame()).payload.toString()).toBe('early 👋')
    peer.send(large.subarray(3_000))
    expect(same((await peer.frame()).payload, bytes)).toBe(true)
  })

  test('A25: is followed by them after an authorize that took its time, too', async () => {
    const { port } = await serve(echo, { attach: { authorize: () => sleep(30) } })
    const peer = await RawPeer.connect(port)
    peer.send(join([Buffer.from(fine), frame('client', 1, 'in the same segment')]))
    await sleep(10)
    peer.send(frame('client', 1, 'in the next one'))
    await peer.head()
    expect((await peer.frame()).payload.toString()).toBe('in the same segment')
    expect((await peer.frame()).payload.toString()).toBe('in the next one')
  })

  test('A25: is followed by the Close that names the fault of a frame in the same segment', async () => {
    const texts: string[] = []
    const { port } = await serve(async (conn) => {
      for await (const message of conn) texts.push(message.text())
    })
    const peer = await RawPeer.connect(port)
    peer.send(join([Buffer.from(fine), frame('client', 1, 'good'), frame('server', 1, 'not masked')]))
    expect(await peer.head()).toBe(accepted())
    expect((await peer.closeFrame()).code).toBe(1002)
    expect(await peer.rest()).toEqual(Buffer.alloc(0))
    expect(texts).toEqual(['good'])
  })

  test('A25: is followed by as much as a peer sends meanwhile', async () => {
    const { port } = await serve(echo, { attach: { authorize: () => sleep(50) } })
    const peer = await RawPeer.connect(port)
    const bytes = patternOf(3_000_000)
    peer.send(join([Buffer.from(fine), frame('client', 2, bytes)]))
    expect(await peer.head()).toMatch(/^HTTP\/1.1 101 /)
    expect(same((await peer.frame()).payload, bytes)).toBe(true)
  })
})
