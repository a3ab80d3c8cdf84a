// Both sides of the handshake against each other, and each against ws.
// RFC 6455 §4.

import { webcrypto } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import {
  acceptResponse,
  buildRequest,
  formatExtensions,
  HeadParser,
  judgeRequest,
  judgeResponse,
  makeKey,
  originCheck,
  parseUrl,
  responseOf,
  valuesOf,
} from '../../src/handshake/index.ts'
import { isToken } from '../../src/handshake/tokens.ts'
import { parseHead } from './heads.ts'

const random = { fill: (bytes: Uint8Array) => void webcrypto.getRandomValues(bytes) }

/** Reads from `socket` until the head is complete. */
async function readHead<Kind extends 'request' | 'response'>(socket: Socket, kind: Kind) {
  const parser = new HeadParser(kind)
  for (;;) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    if (parser.push(chunk, 0, chunk.length) >= 0) return parser.head!
  }
}

describe('both sides together', () => {
  const token = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 }).filter(isToken)
  const subprotocols = fc.uniqueArray(token, { maxLength: 4 })
  const extension = fc.record({
    name: token,
    params: fc.array(fc.tuple(token, fc.option(token, { nil: undefined })), { maxLength: 3 }),
  })
  const value = fc.string({
    unit: fc
      .integer({ min: 0x20, max: 0xff })
      .filter((code) => code !== 0x7f)
      .map((code) => String.fromCharCode(code)),
  })
  const headers = fc.array(
    fc.tuple(
      token.map((name) => `x-${name}`),
      value,
    ),
    { maxLength: 5 },
  )
  const extensions = fc.uniqueArray(extension, { maxLength: 3, selector: ({ name }) => name })

  it('what buildRequest makes is accepted by judgeRequest, and what acceptResponse makes by judgeResponse', () => {
    fc.assert(
      fc.property(
        fc.webUrl(),
        subprotocols,
        subprotocols,
        extensions,
        headers,
        headers,
        (page, ours, theirs, offered, asked, answered) => {
          const url = parseUrl(page.replace(/^http/, 'ws'))
          const offer = { key: makeKey(random), subprotocols: ours, extensions: offered }
          const origin = page.startsWith('https') ? `https://${url.host}` : `http://${url.host}`
          const { head: request, rest } = parseHead(
            'request',
            buildRequest(url, { ...offer, headers: asked, origin }),
          )
          expect(rest).toBe('')
          expect(request.target).toBe(url.target)
          for (const [name, text] of asked)
            expect(valuesOf(request.fields, name)).toContain(text.replace(/^ +| +$/g, ''))
          expect(originCheck()(request.fields)).toBe(true)

          const acceptance = judgeRequest(request, { subprotocols: theirs })
          if ('status' in acceptance) throw acceptance.error
          expect(acceptance).toMatchObject({ key: offer.key, offeredSubprotocols: ours, extensions: offered })

          const granted = offered.slice(0, 1)
          const { head: response } = parseHead('response', acceptResponse(acceptance, answered, granted))
          const agreement = judgeResponse(response, offer)
          expect(agreement).toEqual({ subprotocol: acceptance.subprotocol, extensions: granted })
          expect(acceptance.subprotocol).toBe(theirs.find((name) => ours.includes(name)) ?? '')
        },
      ),
    )
  })
})

describe('with ws as the peer', () => {
  it('its server accepts our request and we accept its answer', async () => {
    const server = new WebSocketServer({
      port: 0,
      host: '127.0.0.1',
      handleProtocols: (offered) => (offered.has('superchat') ? 'superchat' : false),
      perMessageDeflate: true,
    })
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const url = parseUrl(`ws://127.0.0.1:${port}/chat?room=1`)
    const extensions = [
      { name: 'permessage-deflate', params: [['client_max_window_bits', undefined] as const] },
    ]
    const offer = { key: makeKey(random), subprotocols: ['chat', 'superchat'], extensions }
    const socket = connect(url.port, url.hostname)
    const connected = once(server, 'connection')
    socket.write(buildRequest(url, { ...offer, headers: { 'X-Test': 'ü' } }))
    const agreement = judgeResponse(await readHead(socket, 'response'), offer)
    expect(agreement.subprotocol).toBe('superchat')
    expect(formatExtensions(agreement.extensions)).toBe('permessage-deflate')
    const [peer, request] = await connected
    expect([request.url, request.headers['x-test'], peer.protocol]).toEqual([
      '/chat?room=1',
      'ü',
      'superchat',
    ])
    const closed = once(socket, 'close')
    peer.terminate()
    await closed
    server.close()
  })

  it('its client opens on our answer', async () => {
    const server = createServer(async (socket) => {
      const verdict = judgeRequest(await readHead(socket, 'request'), { subprotocols: ['superchat'] })
      if ('status' in verdict) throw verdict.error
      socket.write(acceptResponse(verdict, { 'Set-Cookie': 'a=1' }))
      socket.resume()
      socket.on('error', () => {})
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const client = new WebSocket(`ws://127.0.0.1:${port}/`, ['chat', 'superchat'])
    const [[answer]] = await Promise.all([once(client, 'upgrade'), once(client, 'open')])
    expect(answer.headers['set-cookie']).toEqual(['a=1'])
    expect([client.protocol, client.extensions]).toEqual(['superchat', ''])
    const closed = once(client, 'close')
    client.terminate()
    await closed
    server.close()
  })

  it('its client reports our refusal with status, headers and body', async () => {
    const server = createServer(async (socket) => {
      const head = await readHead(socket, 'request')
      const verdict = judgeRequest({ ...head, method: 'POST' })
      if ('status' in verdict) socket.end(responseOf(verdict))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    const [, answer] = await once(client, 'unexpected-response')
    const body: Buffer[] = []
    for await (const chunk of answer) body.push(chunk)
    expect([answer.statusCode, answer.headers.allow, answer.headers.connection]).toEqual([
      405,
      'GET',
      'close',
    ])
    expect(Buffer.concat(body).toString()).toBe('the method must be GET')
    server.close()
  })
})
