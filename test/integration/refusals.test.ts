// What a server answers to requests that it does not accept, byte for byte, and that nobody else notices.
// RFC 6455 §4.2.1, §4.2.2; RFC 9110 §15 (status codes), §7.8 (Upgrade); RFC 9112 §3.2 (Host, targets), §6 (bodies).

import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { join } from '../fuzz/frames.ts'
import { frame, RawPeer, requestText } from './raw-peer.ts'
import { answerTo, connectionCount, type RefusalForm, refusal } from './refused.ts'
import { echo, serve } from './serve.ts'

const fine = requestText('/')

/** The good request with one part replaced. */
function changed(from: string, to: string): string {
  if (!fine.includes(from)) throw new Error(`the request has no ${JSON.stringify(from)}`)
  return fine.replace(from, to)
}

/** The good request with lines added. */
function added(...lines: string[]): string {
  return requestText('/', lines)
}

/** The good request with these values of a field, each in a line of its own, in place of the one that it has. */
function field(name: string, ...values: string[]): string {
  return fine.replace(new RegExp(`${name}: .*\r\n`), values.map((value) => `${name}: ${value}\r\n`).join(''))
}

/** An echo server with a connection on it, which must stay as it is. */
async function serveWithWitness() {
  let opened = 0
  const { server, port, attachment } = await serve((conn) => {
    opened++
    return echo(conn)
  })
  const witness = await RawPeer.open(port)
  return {
    port,
    server,
    /** Nothing but the witness was ever opened, its connection works, and no other socket is left. */
    async isUndisturbed() {
      witness.send(frame('client', 1, 'still here'))
      expect((await witness.frame()).payload.toString()).toBe('still here')
      expect([opened, attachment.connections.size]).toEqual([1, 1])
      await expect.poll(() => connectionCount(server)).toBe(1)
    },
  }
}

interface Bad {
  readonly name: string
  readonly request: string
  readonly line: string
  readonly body: string
  readonly form?: RefusalForm
}

const bad400 =
  (body: string) =>
  ([name, request]: readonly [name: string, request: string]): Bad => ({
    name,
    request,
    line: '400 Bad Request',
    body,
  })

const methods = ['POST', 'HEAD', 'OPTIONS', 'PUT'].map(
  (method): Bad => ({
    name: `A1: ${method}`,
    request: changed('GET', method),
    line: '405 Method Not Allowed',
    body: 'the method must be GET',
    form: { headers: ['Allow: GET'] },
  }),
)

const versions = ['1.0', '2.0'].map((version): readonly [string, string] => [
  `A2: HTTP/${version}`,
  changed('HTTP/1.1', `HTTP/${version}`),
])

const hosts = [
  ['A3: no Host', changed('Host: 127.0.0.1\r\n', '')],
  ['A3: an empty Host', field('Host', '')],
  ['A3: a Host that is none', field('Host', 'a/b')],
  ['A4: two Hosts', field('Host', 'a.example', 'b.example')],
  ['A4: twice the same Host', field('Host', '127.0.0.1', '127.0.0.1')],
  ['A4: a second Host at the end', added('host: evil.example')],
] as const

const upgrades: Bad[] = [
  ['A5: an upgrade to something else', 'h2c'],
  ['A5: an upgrade to something that only begins alike', 'websockets'],
  ['A5: the token with a version', 'websocket/13'],
].map(([name, value]) => ({
  name,
  request: field('Upgrade', value),
  line: '426 Upgrade Required',
  body: 'this is a WebSocket endpoint',
  form: { connection: 'Upgrade, close', headers: ['Upgrade: websocket'] },
}))

const key = 'dGhlIHNhbXBsZSBub25jZQ=='
const keys = [
  ['A8: no key', field('Sec-WebSocket-Key')],
  ['A8: an empty key', field('Sec-WebSocket-Key', '')],
  ['A8: a key that is no base64', field('Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25j-Q==')],
  ['A8: a key of 15 bytes', field('Sec-WebSocket-Key', 'AAAAAAAAAAAAAAAAAAAA')],
  ['A8: a key of 17 bytes', field('Sec-WebSocket-Key', 'AAAAAAAAAAAAAAAAAAAAAAA=')],
  ['A8: a key whose pad bits are not zero', field('Sec-WebSocket-Key', 'AAAAAAAAAAAAAAAAAAAAAB==')],
  ['A9: two keys', field('Sec-WebSocket-Key', key, key)],
  ['A9: two keys in one field', field('Sec-WebSocket-Key', `${key}, ${key}`)],
] as const

const protocolVersions = [
  ['A10: no version', field('Sec-WebSocket-Version')],
  ['A10: version 8', field('Sec-WebSocket-Version', '8')],
  ['A10: version 12', field('Sec-WebSocket-Version', '12')],
  ['A10: version 14', field('Sec-WebSocket-Version', '14')],
  ['A10: version 13abc', field('Sec-WebSocket-Version', '13abc')],
  ['A10: version 013', field('Sec-WebSocket-Version', '013')],
  ['A10: the version twice', field('Sec-WebSocket-Version', '13', '13')],
  ['A10: the version twice in one field', field('Sec-WebSocket-Version', '13, 13')],
] as const

const subprotocols = [
  ['A14: an empty subprotocol', added('Sec-WebSocket-Protocol: a,,b')],
  ['A14: an empty list of subprotocols', added('Sec-WebSocket-Protocol:')],
  ['A14: a subprotocol twice', added('Sec-WebSocket-Protocol: a, b', 'Sec-WebSocket-Protocol: a')],
  ['A14: a subprotocol that is no token', added('Sec-WebSocket-Protocol: a b')],
  ['A15: subprotocols with 10,000 spaces between', added(`Sec-WebSocket-Protocol: a${' '.repeat(10_000)}b`)],
] as const

const extensions = [
  ['A17: extensions without a name', added('Sec-WebSocket-Extensions: ;x')],
  ['A17: a parameter without a value', added('Sec-WebSocket-Extensions: x; y=')],
  [
    'A17: an unclosed quote with 5,000 escapes in it',
    added(`Sec-WebSocket-Extensions: x; y="${'\\c'.repeat(5_000)}`),
  ],
] as const

const bodies = [
  ['A23: a body of 5 bytes', `${added('Content-Length: 5')}hello`],
  ['A23: a body that is still to come', added('Content-Length: 5')],
  [
    'A23: a body that is a frame',
    `${added('Content-Length: 7')}${Buffer.from(frame('client', 1, 'x')).toString('latin1')}`,
  ],
  ['A23: a chunked body', `${added('Transfer-Encoding: chunked')}5\r\nhello\r\n0\r\n\r\n`],
  ['A23: a Transfer-Encoding that changes nothing', added('Transfer-Encoding: identity')],
] as const

const targets = ['http://evil.example/', 'http://127.0.0.1/', 'https://evil.example', '*', '/#a'].map(
  (target): readonly [string, string] => [`A24: the target ${target}`, changed('GET /', `GET ${target}`)],
)

const many = (count: number) => Array.from({ length: count }, () => 'x: y')

/** Newer versions of Node refuse by themselves a list of fields that older ones cut off. */
const cutAnswers = (body: string) => [
  refusal('400 Bad Request', body),
  'HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n',
]

describe('a request that is no acceptable handshake is refused, and no handler hears of it:', () => {
  const all: Bad[] = [
    ...methods,
    ...versions.map(bad400('the HTTP version must be 1.1')),
    ...hosts.map(bad400('there must be one Host field with a host')),
    ...upgrades,
    ...keys.map(bad400('Sec-WebSocket-Key must be the base64 of 16 bytes')),
    ...protocolVersions.map(bad400('Sec-WebSocket-Version must be 13')),
    ...subprotocols.map(bad400('malformed Sec-WebSocket-Protocol')),
    ...extensions.map(bad400('malformed Sec-WebSocket-Extensions')),
    ...bodies.map(bad400('the request must have no body')),
    ...targets.map(bad400('the request target must be a path')),
    bad400('more than 100 header fields')(['A21: 101 fields', added(...many(96))]),
  ]

  test.each(all.map((bad) => [bad.name, bad] as const))('%s', async (_, { request, line, body, form }) => {
    const { port, isUndisturbed } = await serveWithWitness()
    expect(await answerTo(port, Buffer.from(request, 'latin1'))).toBe(refusal(line, body, form))
    await isUndisturbed()
  })

  test.each([
    ['A1: CONNECT', changed('GET /', 'CONNECT a.example:80')],
    ['A2: HTTP/1.2', changed('HTTP/1.1', 'HTTP/1.2')],
    ['A20: a head of more than 16 KiB', added(`x: ${'y'.repeat(17_000)}`), 431],
    ['A22: lines that end in a bare LF', fine.replaceAll('\r\n', '\n')],
    ['A22: one line that ends in a bare LF', changed('127.0.0.1\r\n', '127.0.0.1\n')],
    ['A22: a bare CR', changed('127.0.0.1\r\n', '127.0.0.1\rx: y\r\n')],
    ['A22: a folded field', added('Origin: http://127.0.0.1', ' .evil.example')],
    ['A22: a space before the colon', added('Content-Length : 0')],
    ['A22: NUL in a value', added('x: a\0b')],
    ['A22: a field without a colon', added('x')],
    [
      'A22, A23: Content-Length with Transfer-Encoding',
      added('Content-Length: 5', 'Transfer-Encoding: chunked'),
    ],
    ['A22, A23: two lengths', added('Content-Length: 0', 'Content-Length: 5')],
    ['A22, A23: a length with a sign', added('Content-Length: +5')],
    ['A24: a target with a space', changed('GET /', 'GET /a b')],
  ])("%s, by Node's own parser", async (name, request, status = 400) => {
    const { port, isUndisturbed } = await serveWithWitness()
    const answer = await answerTo(port, Buffer.from(request, 'latin1'))
    // CONNECT, for which there is no listener, gets nothing but the end.
    if (name === 'A1: CONNECT') expect(answer).toBe('')
    else expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} .*\r\nConnection: close\r\n\r\n$`))
    await isUndisturbed()
  })

  test.each([
    ['A21: 2,300 fields behind the others', added(...many(2_295))],
    ['A21: 2,300 fields in front of the others', changed('Host:', `${many(2_295).join('\r\n')}\r\nHost:`)],
  ])('%s', async (_, request) => {
    const { port, isUndisturbed } = await serveWithWitness()
    expect(cutAnswers('more than 100 header fields')).toContain(await answerTo(port, request))
    await isUndisturbed()
  })

  test('A21: a list of fields that Node may have cut off, with a Host and a body behind the cut', async () => {
    const { port, server, isUndisturbed } = await serveWithWitness()
    server.maxHeadersCount = 32
    const body = frame('client', 1, 'a body, and no message')
    const hidden = [...many(60), 'Host: evil.example', `Content-Length: ${body.length}`]
    const answer = await answerTo(port, join([Buffer.from(added(...hidden)), body]))
    expect(cutAnswers('too many header fields')).toContain(answer)
    await isUndisturbed()
  })

  test('A26: nothing behind it is read, as frames or as another request', async () => {
    const { port, server, isUndisturbed } = await serveWithWitness()
    let requests = 0
    server.on('request', (_, response) => {
      requests++
      response.end()
    })
    const peer = await RawPeer.connect(port)
    peer.send(
      join([
        Buffer.from(added('Content-Length: 6')),
        frame('client', 1, ''),
        Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
        Buffer.from(fine),
      ]),
    )
    expect((await peer.rest()).toString()).toBe(refusal('400 Bad Request', 'the request must have no body'))
    // Nor what comes later, on a connection that the peer would like to use again.
    peer.send(fine)
    await sleep(20)
    expect(requests).toBe(0)
    await isUndisturbed()
  })
})

test('A21: a list of fields below the limit of the server is not cut off, and accepted', async () => {
  const { port, server } = await serve(echo)
  server.maxHeadersCount = 32
  const peer = await RawPeer.connect(port)
  peer.send(added(...many(26)))
  expect(await peer.head()).toMatch(/^HTTP\/1.1 101 /)
  expect(await answerTo(port, added(...many(27)))).toMatch(/^HTTP\/1.1 400 /)
})

test('A10, A21, A26: over TLS a request is refused alike', async () => {
  const { port, server, attachment } = await serve(echo, { tls: true })
  server.maxHeadersCount = 32
  for (const [request, answers] of [
    [field('Sec-WebSocket-Version', '12'), [refusal('400 Bad Request', 'Sec-WebSocket-Version must be 13')]],
    [added(...many(60), 'Host: evil.example'), cutAnswers('too many header fields')],
  ] as const) {
    const peer = await RawPeer.connect(port, true)
    peer.send(join([Buffer.from(request), frame('client', 1, 'behind it')]))
    expect(answers).toContain((await peer.rest()).toString())
  }
  const peer = await RawPeer.connect(port, true)
  peer.send(`GET / HTTP/1.1\r\nHost: a\r\n\r\n`)
  expect(await peer.head()).toMatch(/^HTTP\/1.1 426 /)
  expect(attachment.connections.size).toBe(0)
  await expect.poll(() => connectionCount(server)).toBe(0)
})
