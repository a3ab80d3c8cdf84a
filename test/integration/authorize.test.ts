// Who may connect: the origin of a page, and what the application says to a request, with what the peer gets to hear of it.
// RFC 6455 §10.2 (origins), §4.2.2 item 2 (authentication); RFC 9110 §15 (status codes).

import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { AttachOptions, Authorize, Conn } from '../../src/index.ts'
import { RawPeer, requestText } from './raw-peer.ts'
import { answerTo, refusal } from './refused.ts'
import { echo, type ServeOptions, serve } from './serve.ts'

const fine = requestText('/')
const internal = refusal('500 Internal Server Error', 'Internal Server Error')

describe('an origin', () => {
  const request = (...origins: string[]) =>
    Buffer.from(
      requestText(
        '/',
        origins.map((origin) => `Origin: ${origin}`),
      ),
    )
  const forbidden = refusal('403 Forbidden', 'origin not allowed')
  const statusOf = async (options: ServeOptions<unknown>, origin: string) => {
    const { port } = await serve(echo, options)
    const peer = await RawPeer.connect(port)
    peer.send(request(origin))
    return (await peer.head()).slice(9, 12)
  }

  test.each([
    ['A11: of another host', ['http://elsewhere.example']],
    ['A11: of a host that begins alike', ['http://127.0.0.1.elsewhere.example']],
    ['A11: of another port', ['http://127.0.0.1:1']],
    ['A12: null', ['null']],
    ['A12: that is none', ['no origin']],
    ['A12: with a path', ['http://127.0.0.1/']],
    ['A12: that is empty', ['']],
    ['A12: that is there twice', ['http://127.0.0.1', 'http://127.0.0.1']],
  ])('%s gets 403, and neither authorize nor the handler hears of it', async (_, origins) => {
    let heard = 0
    const count = () => {
      heard++
    }
    const { port } = await serve(count, { attach: { authorize: count } })
    expect(await answerTo(port, request(...origins))).toBe(forbidden)
    expect(heard).toBe(0)
  })

  test('passes when it is that of the server, or there is none', async () => {
    expect(await statusOf({}, 'http://127.0.0.1')).toBe('101')
    const { port } = await serve(echo)
    const peer = await RawPeer.connect(port)
    peer.send(fine)
    expect(await peer.head()).toMatch(/^HTTP\/1.1 101 /)
  })

  test.each([
    ['A13: in another case of ASCII', 'KIOSK.example', 'HTTP://kiosk.EXAMPLE', '101'],
    ['A13: with a Kelvin sign for a K', 'kiosk.example', 'http://\u212aiosk.example', '403'],
  ])('%s is that of the server, or not', async (_, host, origin, status) => {
    const { port } = await serve(echo)
    const peer = await RawPeer.connect(port)
    peer.send(Buffer.from(requestText('/', [`Origin: ${origin}`]).replace('127.0.0.1', host)))
    expect((await peer.head()).slice(9, 12)).toBe(status)
  })

  test('passes when the options name it', async () => {
    const origins = ['https://*.example.com', /^https?:\/\/localhost(:\d+)?$/]
    expect(await statusOf({ origins }, 'https://app.example.com')).toBe('101')
    expect(await statusOf({ origins }, 'http://localhost:3000')).toBe('101')
    expect(await statusOf({ origins }, 'https://example.com')).toBe('403')
    expect(await statusOf({ origins }, 'http://127.0.0.1')).toBe('403')
  })

  test('is judged by checkOrigin, which may take its time', async () => {
    const checkOrigin = async ({ headers }: IncomingMessage) => {
      await sleep(20)
      return headers.origin === 'http://friend.example'
    }
    expect(await statusOf({ checkOrigin }, 'http://friend.example')).toBe('101')
    expect(await statusOf({ checkOrigin }, 'http://127.0.0.1')).toBe('403')
  })

  test('gets 500 when checkOrigin fails, and onError gets the error', async () => {
    const errors: unknown[] = []
    const { port } = await serve(echo, {
      checkOrigin: () => Promise.reject(new Error('the database is away')),
      attach: { onError: (...args) => errors.push(args) },
    })
    expect(await answerTo(port, fine)).toBe(internal)
    expect(errors).toEqual([[new Error('the database is away'), undefined]])
  })
})

describe('authorize', () => {
  async function answerWith(authorize: Authorize<unknown>, options: AttachOptions<unknown> = {}) {
    const { port } = await serve(echo, { handshakeTimeout: 100, attach: { authorize, ...options } })
    return answerTo(port, fine)
  }

  /** The same for an authorize that fails: the answer, and what onError got. */
  async function failureOf(authorize: Authorize<unknown>) {
    const errors: unknown[] = []
    const answer = await answerWith(authorize, { onError: (...args) => errors.push(args) })
    return { answer, errors }
  }

  test('refuses with a status, header fields and a body', async () => {
    const answer = await answerWith(async () => ({
      status: 401,
      headers: {
        'WWW-Authenticate': ['Basic realm="a"', 'Bearer'],
        'Content-Type': 'application/json',
      },
      body: '{"error":"wer bist du? 👋"}',
    }))
    expect(answer).toBe(
      refusal('401 Unauthorized', '{"error":"wer bist du? 👋"}', {
        type: '',
        headers: [
          'WWW-Authenticate: Basic realm="a"',
          'WWW-Authenticate: Bearer',
          'Content-Type: application/json',
        ],
      }),
    )
  })

  test('refuses with a status alone', async () => {
    expect(await answerWith(() => ({ status: 429 }))).toBe(
      refusal('429 Too Many Requests', 'Too Many Requests'),
    )
  })

  test('refuses with 500 when it throws or rejects, and onError alone hears why', async () => {
    const secret = new Error('secret')
    const fail = () => {
      throw secret
    }
    for (const authorize of [fail, async () => fail()]) {
      expect(await failureOf(authorize)).toEqual({ answer: internal, errors: [[secret, undefined]] })
    }
  })

  test.each<[string, ReturnType<Authorize<unknown>>, string]>([
    ['a status that is no refusal', { status: 200 }, 'ERR_WS_ARGUMENT'],
    ['a body of 1,025 bytes', { status: 401, body: 'x'.repeat(1025) }, 'ERR_WS_ARGUMENT'],
    ['A27: CR LF in a refusal', { status: 401, headers: { a: 'b\r\nSet-Cookie: c=d' } }, 'ERR_WS_HEADER'],
    ['A27: CR LF in a value', { data: 1, headers: { a: 'b\r\nSet-Cookie: c=d' } }, 'ERR_WS_HEADER'],
    ['A27: CR LF in a name', { data: 1, headers: { 'a\r\nb': 'c' } }, 'ERR_WS_HEADER'],
    ['A27: NUL in a value', { data: 1, headers: { a: 'b\0' } }, 'ERR_WS_HEADER'],
    ['A27: a character above U+00FF', { data: 1, headers: { a: '\u0141' } }, 'ERR_WS_HEADER'],
    [
      'A28: Sec-WebSocket-Extensions',
      { data: 1, headers: { 'Sec-WebSocket-Extensions': 'x' } },
      'ERR_WS_HEADER',
    ],
  ])('%s, which cannot be sent, refuses with 500 and nothing of it', async (_, said, code) => {
    const { answer, errors } = await failureOf(() => said)
    expect(answer).toBe(internal)
    const name = expect.stringMatching(/^(Type|Range)Error$/)
    expect(errors).toEqual([[expect.objectContaining({ name, code }), undefined]])
  })

  test('that takes longer than the handshake may refuses with 503, whatever it says later', async () => {
    const tooLong = refusal('503 Service Unavailable', 'the handshake took too long')
    const began = performance.now()
    expect(await answerWith(() => new Promise<undefined>(() => {}))).toBe(tooLong)
    expect(performance.now() - began).toBeLessThan(2_000)
    for (const late of [() => undefined, () => Promise.reject(new Error('too late'))]) {
      expect((await failureOf(() => sleep(150).then(late))).answer).toBe(tooLong)
      await sleep(100)
    }
  })

  test('is not asked about requests that are refused anyway', async () => {
    let asked = 0
    const authorize = () => {
      asked++
    }
    const { port } = await serve(echo, { attach: { authorize } })
    await answerTo(port, fine.replace('13', '12'))
    await answerTo(port, requestText('/', ['Origin: http://elsewhere.example']))
    expect(asked).toBe(0)
    await RawPeer.open(port)
    expect(asked).toBe(1)
  })

  test('gives the connection its data', async () => {
    let data: unknown
    const { port } = await serve(
      (conn: Conn<{ user: string }>) => {
        data = conn.data
      },
      { attach: { authorize: async () => ({ data: { user: 'Ada' } }) } },
    )
    await RawPeer.open(port)
    expect(data).toEqual({ user: 'Ada' })
  })
})
