// What a server can ask about a request before it answers, and the rows of gorilla/websocket's server_test.go and util_test.go.
// RFC 6455 §4.2.1 (the request), §9.1 (extensions), §11.3.4 (subprotocols).

import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { isWebSocketKey } from '../../src/handshake/accept-key.ts'
import { parseExtensions } from '../../src/handshake/extension-header.ts'
import type { Field } from '../../src/handshake/fields.ts'
import { asciiLowerCase, hasToken } from '../../src/handshake/tokens.ts'
import { isWebSocketUpgrade, subprotocols, Upgrader } from '../../src/index.ts'
import { RawPeer, requestText } from '../integration/raw-peer.ts'
import { answerTo, connectionCount, refusal } from '../integration/refused.ts'
import { echo, listen, type ServeOptions, serve } from '../integration/serve.ts'

/** Node's IncomingMessage of a request with these lines. */
async function received(lines: readonly string[], upgrade = true): Promise<IncomingMessage> {
  const server = createServer()
  const port = await listen(server)
  const event = once(server, upgrade ? 'upgrade' : 'request') as Promise<[IncomingMessage]>
  const peer = await RawPeer.connect(port)
  peer.send(['GET / HTTP/1.1', 'Host: a', ...lines, '', ''].join('\r\n'))
  const [request] = await event
  return request
}

describe('subprotocols', () => {
  test.each<[string[], string[]]>([
    [[], []],
    [['foo'], ['foo']],
    [['foo,bar'], ['foo', 'bar']],
    [['foo, bar'], ['foo', 'bar']],
    [[' foo, bar'], ['foo', 'bar']],
    [[' foo, bar '], ['foo', 'bar']],
    [
      ['foo', 'bar, baz'],
      ['foo', 'bar', 'baz'],
    ],
    [['foo,,bar'], []],
    [['foo bar'], []],
    [['foo, foo'], []],
  ])('TestSubprotocols: of the fields %j are %j', (values, expected) => {
    const fields = values.map((value): Field => ['Sec-WebSocket-Protocol', value])
    expect(subprotocols(fields)).toEqual(expected)
    expect(subprotocols({ rawHeaders: ['Host', 'a', ...fields.flat()] })).toEqual(expected)
  })

  test("TestSubprotocols: of Node's request are those of all its fields", async () => {
    const request = await received([
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Protocol: a, b',
      'sec-websocket-protocol: c',
    ])
    expect(subprotocols(request)).toEqual(['a', 'b', 'c'])
  })
})

describe('isWebSocketUpgrade', () => {
  test.each<[string, Field[], boolean]>([
    ['neither token', [], false],
    ['Connection alone', [['Connection', 'upgrade']], false],
    ['Upgrade alone', [['Upgrade', 'websocket']], false],
    [
      'another protocol',
      [
        ['Connection', 'upgrade'],
        ['Upgrade', 'h2c'],
      ],
      false,
    ],
    [
      'both',
      [
        ['Connection', 'upgrade'],
        ['Upgrade', 'websocket'],
      ],
      true,
    ],
    [
      'both in any case',
      [
        ['connection', 'Upgrade'],
        ['UPGRADE', 'WebSocket'],
      ],
      true,
    ],
    [
      'both in lists',
      [
        ['Connection', 'keep-alive, Upgrade'],
        ['Upgrade', 'h2c, websocket'],
      ],
      true,
    ],
    [
      'both in fields of their own',
      [
        ['Connection', 'keep-alive'],
        ['Connection', 'upgrade'],
        ['Upgrade', 'websocket'],
      ],
      true,
    ],
  ])('TestIsWebSocketUpgrade: with %s is %3$s', (_, fields, expected) => {
    expect(isWebSocketUpgrade(fields)).toBe(expected)
    expect(isWebSocketUpgrade({ rawHeaders: fields.flat() })).toBe(expected)
  })

  test("TestIsWebSocketUpgrade: takes Node's request", async () => {
    expect(
      isWebSocketUpgrade(await received(['Upgrade: WebSocket', 'Connection: keep-alive, Upgrade'])),
    ).toBe(true)
    expect(isWebSocketUpgrade(await received(['Upgrade: h2c', 'Connection: Upgrade']))).toBe(false)
    expect(isWebSocketUpgrade(await received(['Connection: close'], false))).toBe(false)
  })
})

describe('the subprotocol', () => {
  /** The chosen one, as the 101 names it; '' for none, the status for no 101. */
  async function chosen(options: ServeOptions<unknown>, offered: string): Promise<string> {
    const { port } = await serve(echo, options)
    const peer = await RawPeer.connect(port)
    peer.send(requestText('/', offered === '' ? [] : [`Sec-WebSocket-Protocol: ${offered}`]))
    const head = await peer.head()
    if (!head.startsWith('HTTP/1.1 101 ')) return head.slice(9, 12)
    return /\r\nSec-WebSocket-Protocol: (.*)\r\n/.exec(head)?.[1] ?? ''
  }

  test.each([
    // gorilla's code takes the client's order, its documentation says the server's.
    ['a, b', ['b', 'a'], 'b'],
    ['a, b', ['a', 'b'], 'a'],
    ['b', ['a', 'b'], 'b'],
    ['unknown', ['a', 'b'], ''],
    ['A', ['a'], ''],
    ['', ['a'], ''],
  ])('TestSubProtocolSelection: of the offer %j by a server of %j is %j', async (offered, mine, expected) => {
    expect(await chosen({ subprotocols: mine }, offered)).toBe(expected)
  })

  test('is what selectSubprotocol says, which is told the offer and the request', async () => {
    const asked: unknown[] = []
    const selectSubprotocol = (offered: readonly string[], request: IncomingMessage) => {
      asked.push([offered, request.url])
      return offered.at(-1)
    }
    expect(await chosen({ subprotocols: ['a'], selectSubprotocol }, 'a, b, c')).toBe('c')
    expect(asked).toEqual([[['a', 'b', 'c'], '/']])
    expect(await chosen({ selectSubprotocol: () => undefined, subprotocols: ['a'] }, 'a')).toBe('')
    expect(await chosen({ selectSubprotocol, subprotocols: ['a'] }, '')).toBe('')
    expect(asked.length).toBe(1)
  })

  test.each<[string, () => string, object]>([
    ['chooses what was not offered', () => 'mine', { name: 'RangeError', code: 'ERR_WS_ARGUMENT' }],
    ['would split the response', () => 'a\r\nSet-Cookie: b', { name: 'RangeError', code: 'ERR_WS_ARGUMENT' }],
    [
      'throws',
      () => {
        throw new Error('mine')
      },
      { message: 'mine' },
    ],
  ])(
    'of a selectSubprotocol that %s is none: the peer gets 500, and onError the error',
    async (_, selectSubprotocol, error) => {
      const errors: unknown[] = []
      const options = { selectSubprotocol, attach: { onError: (...said: unknown[]) => errors.push(said) } }
      expect(await chosen(options, 'a')).toBe('500')
      expect(errors).toEqual([[expect.objectContaining(error), undefined]])
    },
  )
})

describe('an origin', () => {
  test.each([
    ['another host', 'https://example.org', 403],
    ['the same host', 'https://example.com', 101],
    ['the same host in another case', 'https://EXAMPLE.com', 101],
  ])('TestCheckSameOrigin: of %s gets %3$i', async (_, origin, status) => {
    const { port } = await serve(echo)
    const peer = await RawPeer.connect(port)
    peer.send(requestText('/', [`Origin: ${origin}`]).replace('Host: 127.0.0.1', 'Host: example.com'))
    expect(await peer.head()).toMatch(`HTTP/1.1 ${status} `)
  })
})

describe('a socket that cannot be taken over', () => {
  /** What upgrade() rejects with for a socket that `spoil` was done to. */
  async function outcomeOf(spoil: (socket: Duplex) => unknown) {
    const server = createServer()
    const port = await listen(server)
    const outcome = once(server, 'upgrade').then(async ([request, socket, head]) => {
      await spoil(socket)
      return new Upgrader().upgrade(request, socket, head).catch((error) => error)
    })
    const answer = await answerTo(port, requestText())
    return { error: await outcome, answer, server }
  }

  test('TestHijack_NotSupported: as it is destroyed, rejects', async () => {
    const { error, answer, server } = await outcomeOf((socket) => socket.destroy())
    await expect.poll(() => connectionCount(server)).toBe(0)
    expect(error).toMatchObject({ code: 'ERR_WS_ABNORMAL_CLOSURE', closeCode: 1006 })
    expect(answer).toBe('')
  })

  test('TestHijack_NotSupported: as it was answered and has ended, rejects and writes nothing', async () => {
    const { error, answer } = await outcomeOf(async (socket) => {
      socket.end('HTTP/1.1 418 Mine\r\n\r\n')
      await sleep(20)
    })
    expect(error).toMatchObject({ code: 'ERR_WS_UPGRADED' })
    expect(answer).toBe('HTTP/1.1 418 Mine\r\n\r\n')
  })
})

describe('a request by another method, or for no upgrade', () => {
  const withoutDate = (answer: string) => answer.replace(/\r\nDate: .*\r\n/, '\r\n')

  test('TestBadMethod: POST gets 405', async () => {
    const { port } = await serve(echo)
    expect(await answerTo(port, requestText().replace('GET', 'POST'))).toBe(
      refusal('405 Method Not Allowed', 'the method must be GET', { headers: ['Allow: GET'] }),
    )
  })

  test('TestNoUpgrade: gets 426, and Upgrade: websocket', async () => {
    const { port } = await serve(echo)
    const answer = await answerTo(port, requestText().replace('Upgrade: websocket\r\n', ''))
    expect(withoutDate(answer)).toBe(
      refusal('426 Upgrade Required', 'this is a WebSocket endpoint', {
        connection: 'Upgrade, close',
        headers: ['Upgrade: websocket'],
      }),
    )
  })
})

describe('the grammar of the request', () => {
  test.each([
    ['WebSocket', 'websocket', true],
    ['websocket', 'WebSocket', true],
    ['\u00d6yster', '\u00f6yster', false],
    ['\u212aelvin', 'kelvin', false],
    ['WebSocket', 'WetSocket', false],
  ])('TestEqualASCIIFold: %j and %j are the same: %j', (a, b, expected) => {
    expect(asciiLowerCase(a) === asciiLowerCase(b)).toBe(expected)
  })

  test.each([
    ['WebSocket', true],
    ['WEBSOCKET', true],
    ['websocket', true],
    ['websockets', false],
    ['x websocket', false],
    ['websocket x', false],
    ['other,websocket,more', true],
    ['other, websocket, more', true],
  ])('TestTokenListContainsValue: the list %j has websocket: %j', (value, expected) => {
    expect(hasToken([value], 'websocket')).toBe(expected)
  })

  test.each([
    ['dGhlIHNhbXBsZSBub25jZQ==', true],
    ['', false],
    ['InvalidKey', false],
    ['WHQ4eXhscUtKYjBvOGN3WEdtOEQ=', false],
  ])('TestIsValidChallengeKey: %j is one: %j', (key, expected) => {
    expect(isWebSocketKey(key)).toBe(expected)
  })

  const [foo, bar] = [
    { name: 'foo', params: [] },
    { name: 'bar', params: [] },
  ]
  const params = (...list: [string, string?][]) => [
    { name: 'foo', params: list.map(([name, value]) => [name, value]) },
  ]
  test.each<[string, unknown]>([
    ['foo', [foo]],
    ['foo, bar', [foo, bar]],
    ['foo; x; y=1', params(['x'], ['y', '1'])],
    ['foo; x=""', undefined],
    ['foo; x="a\\b"', params(['x', 'ab'])],
    ['foo; x="1"; y', params(['x', '1'], ['y'])],
    [
      'foo; x=1, bar; y=2',
      [
        { name: 'foo', params: [['x', '1']] },
        { name: 'bar', params: [['y', '2']] },
      ],
    ],
    [
      'permessage-deflate; x, permessage-deflate',
      [
        { name: 'permessage-deflate', params: [['x', undefined]] },
        { name: 'permessage-deflate', params: [] },
      ],
    ],
    // gorilla keeps what comes before the junk, where we refuse the request.
    ['foo; bar junk', undefined],
    ['foo junk, bar', undefined],
    ['foo; x=1;, bar', undefined],
  ])('TestParseExtensions: %j is %j', (text, expected) => {
    expect(parseExtensions(text)).toEqual(expected)
  })
})
