// onError: what the application makes of the refusals of its Upgrader, and that it can make no more of them than an answer.
// RFC 6455 §4.2.2; RFC 9112 §11.1 (response splitting); RFC 9110 §15.

import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { describe, expect, test, vi } from 'vitest'
import {
  HandshakeError,
  type Refusal,
  type RefusalInput,
  Upgrader,
  type UpgraderOptions,
} from '../../src/index.ts'
import { RawPeer, requestText } from '../integration/raw-peer.ts'
import { answerTo, refusal } from '../integration/refused.ts'
import { echo, listen, type ServeOptions, serve } from '../integration/serve.ts'

type OnRefuse = NonNullable<UpgraderOptions['onError']>
const fine = requestText()
const failing = () => {
  throw new Error('mine')
}
/** Node answers requests that ask for no upgrade, with a date, and a reason phrase where ours has none. */
const asOurs = (answer: string) => answer.replace(/\r\nDate: .*\r\n/, '\r\n').replace('410 Gone', '410 ')

/** Serves with `onError`, and gives the answer to a request and what onError was told. */
async function answerWith(onError: OnRefuse, options: ServeOptions<unknown> = {}, request = fine) {
  const errors: unknown[] = []
  const { port } = await serve(echo, {
    origins: [],
    ...options,
    onError,
    attach: { onError: (...said) => errors.push(said), ...options.attach },
  })
  return { answer: asOurs(await answerTo(port, request)), errors }
}

const foreign = requestText('/', ['Origin: http://evil.example'])

describe('onError', () => {
  test.each<[string, string, ServeOptions<unknown>, number, string]>([
    ['a method that is not GET', fine.replace('GET', 'POST'), {}, 405, 'the method must be GET'],
    ['no upgrade', fine.replace('Upgrade: websocket\r\n', ''), {}, 426, 'this is a WebSocket endpoint'],
    [
      'another version',
      fine.replace('Version: 13', 'Version: 8'),
      {},
      400,
      'Sec-WebSocket-Version must be 13',
    ],
    ['an origin', foreign, {}, 403, 'origin not allowed'],
    [
      'what authorize says',
      fine,
      { attach: { authorize: () => ({ status: 401, body: 'who?' }) } },
      401,
      'who?',
    ],
    ['a failure of authorize', fine, { attach: { authorize: failing } }, 500, 'Internal Server Error'],
    [
      'a handshake that took too long',
      fine,
      { handshakeTimeout: 20, attach: { authorize: () => new Promise(() => {}) } },
      503,
      'the handshake took too long',
    ],
    ['too many connections', fine, { attach: { maxConnections: 0 } }, 503, 'too many connections'],
    ['too many connections of the Upgrader', fine, { maxConnections: 0 }, 503, 'too many connections'],
  ])('replaces the answer to %s', async (_, request, options, status, words) => {
    const asked: [IncomingMessage, Refusal][] = []
    const { answer } = await answerWith(
      (...said) => {
        asked.push(said)
        return { status: 410, headers: { 'X-Why': words, 'Content-Type': 'text/html' }, body: `<p>${words}` }
      },
      options,
      request,
    )
    expect(answer).toBe(
      refusal('410 ', `<p>${words}`, { headers: [`X-Why: ${words}`, 'Content-Type: text/html'], type: '' }),
    )
    expect(asked.length).toBe(1)
    expect(asked[0][0].headers.host).toBe('127.0.0.1')
    expect(asked[0][1]).toMatchObject({ status, body: words })
    expect(asked[0][1].error).toBeInstanceOf(HandshakeError)
    expect(asked[0][1].error).toMatchObject({ status, message: expect.stringContaining(words) })
  })

  test('adds to a refusal', async () => {
    const { answer } = await answerWith(
      (_, said) => ({ ...said, headers: [...said.headers, ['Retry-After', '5']] }),
      {},
      foreign,
    )
    expect(answer).toBe(refusal('403 Forbidden', 'origin not allowed', { headers: ['Retry-After: 5'] }))
  })

  test('that returns nothing leaves the refusal as it is, whatever it does to its copy', async () => {
    const { answer, errors } = await answerWith(
      (_, said) => {
        Object.assign(said, { body: 'mine', status: 101 })
        ;(said.headers as [string, string][]).push(['a', 'b\r\nc: d'])
      },
      {},
      foreign,
    )
    expect(answer).toBe(refusal('403 Forbidden', 'origin not allowed'))
    expect(errors).toEqual([])
  })

  test.each<[string, () => unknown, object]>([
    ['throws', failing, { message: 'mine' }],
    ['accepts', () => ({ status: 101 }), { code: 'ERR_WS_ARGUMENT' }],
    ['has no status', () => ({}), { code: 'ERR_WS_ARGUMENT' }],
    ['returns null', () => null, { name: 'TypeError' }],
    ['is asynchronous', async () => ({ status: 410 }), { code: 'ERR_WS_ARGUMENT' }],
    ['is asynchronous and fails', async () => failing(), { code: 'ERR_WS_ARGUMENT' }],
    ['has too long a body', () => ({ status: 410, body: 'x'.repeat(1025) }), { code: 'ERR_WS_ARGUMENT' }],
    [
      'A27: splits the response',
      () => ({ status: 410, headers: { a: 'b\r\nSet-Cookie: c' } }),
      { code: 'ERR_WS_HEADER' },
    ],
    [
      'A27: splits it by a name',
      () => ({ status: 410, headers: { 'a: b\r\nc': 'd' } }),
      { code: 'ERR_WS_HEADER' },
    ],
    [
      'A28: announces another body',
      () => ({ status: 410, headers: { 'content-length': '9' } }),
      { code: 'ERR_WS_HEADER' },
    ],
  ])('%s: the refusal goes out as it was, and onError gets the error', async (_, onError, error) => {
    const { answer, errors } = await answerWith(onError as OnRefuse, {}, foreign)
    expect(answer).toBe(refusal('403 Forbidden', 'origin not allowed'))
    expect(errors).toEqual([[expect.objectContaining(error), undefined]])
  })

  test('and the application both failing are both told', async () => {
    const { answer, errors } = await answerWith(
      () => {
        throw new Error('in onError')
      },
      {
        attach: {
          authorize() {
            throw new Error('in authorize')
          },
        },
      },
    )
    expect(answer).toBe(refusal('500 Internal Server Error', 'Internal Server Error'))
    expect(errors).toEqual([
      [new Error('in onError'), undefined],
      [new Error('in authorize'), undefined],
    ])
  })

  test('is asked by upgrade() too, which rejects with why, and a failure of it is a warning', async () => {
    const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    for (const [onError, answer] of [
      [() => ({ status: 418, body: 'tea' }) as RefusalInput, refusal('418 ', 'tea')],
      [failing, refusal('403 Forbidden', 'origin not allowed')],
    ] as const) {
      const server = createServer()
      const port = await listen(server)
      const outcome = once(server, 'upgrade').then(([request, socket, head]) =>
        new Upgrader({ onError }).upgrade(request, socket, head).catch((error) => error),
      )
      expect(await answerTo(port, foreign)).toBe(answer)
      expect(await outcome).toMatchObject({ code: 'ERR_WS_BAD_REQUEST', status: 403 })
    }
    expect(warning.mock.calls).toEqual([[new Error('mine')]])
    warning.mockRestore()
  })

  test('is not asked about paths that nothing is attached to, nor about what is accepted', async () => {
    const onError = vi.fn()
    const { port } = await serve(echo, { onError, attach: { path: '/echo' } })
    expect(await answerTo(port, fine)).toMatch(/^HTTP\/1.1 404 /)
    await RawPeer.open(port, '/echo')
    expect(onError).not.toHaveBeenCalled()
  })
})

test('a HandshakeError is what upgrade() rejects with, with the status of the refusal', async () => {
  for (const [request, status] of [
    [fine.replace('Version: 13', 'Version: 12'), 400],
    [foreign, 403],
  ] as const) {
    const server = createServer()
    const port = await listen(server)
    const outcome = once(server, 'upgrade').then(([message, socket, head]) =>
      new Upgrader().upgrade(message, socket, head).catch((error) => error),
    )
    await answerTo(port, request)
    const error = await outcome
    expect(error).toBeInstanceOf(HandshakeError)
    expect(error.status).toBe(status)
  }
})
