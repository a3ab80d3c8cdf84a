// The opening handshake with gorilla/websocket: subprotocols, header fields, origins, refusals, compression, TLS.
// RFC 6455 §4, RFC 7692 §5 (what is offered and declined).

import { describe, expect, test } from 'vitest'
import { BadHandshakeError, type Conn } from '../../src/index.ts'
import { patternOf, same } from '../integration/bytes.ts'
import { cert } from '../integration/certificate.ts'
import { open, serve } from '../integration/serve.ts'
import type { GoConn } from './go-conn.ts'
import { describeWithGorilla, roles } from './gorilla.ts'

/** One message of each kind to its echo and back. */
async function talk(conn: Conn, go: GoConn): Promise<void> {
  const echo = go.echo()
  for (const sent of ['größe 🐒 '.repeat(100), patternOf(100_000)]) {
    await conn.writeMessage(sent)
    expect(same((await conn.readMessage()).data, Buffer.from(sent))).toBe(true)
  }
  expect(await conn.close()).toEqual({ code: 1000, reason: '', wasClean: true })
  expect(await echo).toMatchObject({ count: 2, end: { closeCode: 1000 } })
}

describeWithGorilla('the handshake with gorilla/websocket', (gorilla) => {
  describe.each(roles)('%s', (_, role) => {
    test.each<[string, string[], string[], string]>([
      ['one of both', ['p1', 'p2'], ['p0', 'p1'], 'p1'],
      ['the one that the server likes best', ['p1', 'p2', 'p3'], ['p3', 'p1'], 'p3'],
      ['none of both', ['p1'], ['p2'], ''],
      ['none where none is offered', [], ['p1'], ''],
      ['none where the server has none', ['p1'], [], ''],
    ])('the subprotocol is %s', async (_, client, server, chosen) => {
      const [ours, its] = role === 'client' ? [client, server] : [server, client]
      const { conn, go } = await gorilla.pair(role, {
        ours: { subprotocols: ours },
        // A list that is empty is another thing to gorilla's Upgrader than none: both choose nothing.
        go: { subprotocols: its },
      })
      expect([conn.subprotocol, go.handshake.subprotocol]).toEqual([chosen, chosen])
    })

    test('its compression is not agreed on, and nothing is compressed', async () => {
      const { conn, go } = await gorilla.pair(role, { go: { enableCompression: true } })
      expect(conn.handshake.extensions).toEqual([])
      const offer = role === 'client' ? go.handshake.headers : conn.handshake.headers
      if (role === 'client') expect(offer).not.toHaveProperty('Sec-Websocket-Extensions')
      else expect(offer).toHaveProperty('sec-websocket-extensions')
      await talk(conn, go)
    })

    test('over TLS, with a certificate that vouches for itself', async () => {
      if (role === 'client') {
        const listener = await gorilla.listen({ tls: true })
        expect(listener.url).toMatch(/^wss:/)
        const conn = await open(listener.url, { tls: { ca: listener.ca! } })
        await talk(conn, await listener.accept())
        return
      }
      const { conn, go } = await gorilla.pair(role, {
        ours: { tls: true } as object,
        go: { ca: String(cert) },
      })
      await talk(conn, go)
    })
  })

  describe('our client', () => {
    test('sends the target and the fields that it was told', async () => {
      const listener = await gorilla.listen({ headers: { 'Set-Cookie': ['a=1', 'b=2'], 'X-Its': ['yes'] } })
      const conn = await open(`${listener.url}/room?seat=7&x=%20`, {
        headers: { Authorization: 'Bearer x', Cookie: ['a=1', 'b=2'], 'X-Ours': 'Zoe' },
      })
      const { handshake } = await listener.accept()
      expect(handshake.target).toBe('/ws/room?seat=7&x=%20')
      expect(handshake.headers).toMatchObject({
        Authorization: ['Bearer x'],
        Cookie: ['a=1', 'b=2'],
        'X-Ours': ['Zoe'],
      })
      expect(conn.handshake).toMatchObject({
        status: 101,
        headers: { 'set-cookie': 'a=1, b=2', 'x-its': 'yes' },
      })
    })

    test('B1: is told when its check of origins refuses', async () => {
      const { url } = await gorilla.listen()
      const error = await open(url, { origin: 'https://elsewhere.example' }).catch((error) => error)
      expect(error).toBeInstanceOf(BadHandshakeError)
      expect(error).toMatchObject({ code: 'ERR_WS_BAD_HANDSHAKE', status: 403 })
      expect(Buffer.from(error.body).toString()).toBe('Forbidden\n')
      expect(error.headers['sec-websocket-version']).toBe('13')
    })

    test('passes its check of origins where the origin is its own', async () => {
      const listener = await gorilla.listen()
      const { host } = new URL(listener.url)
      const conn = await open(listener.url, { origin: `http://${host}` })
      expect((await listener.accept()).handshake.headers.Origin).toEqual([`http://${host}`])
      expect(conn.state).toBe('open')
    })

    test('B1: is told when there is nothing at its path', async () => {
      const { url } = await gorilla.listen()
      const error = await open(new URL('/other', url).href).catch((error) => error)
      expect(error).toMatchObject({ code: 'ERR_WS_BAD_HANDSHAKE', status: 404 })
      expect(Buffer.from(error.body).toString()).toBe('404 page not found\n')
    })

    test('B14: does not trust its certificate unless told to', async () => {
      const { url } = await gorilla.listen({ tls: true })
      await expect(open(url)).rejects.toMatchObject({ code: 'ERR_WS_CONNECT' })
    })
  })

  describe('our server', () => {
    test('gets the target and the fields that it was told, and its fields arrive', async () => {
      let conn: Conn | undefined
      const { url } = await serve(
        (opened: Conn) => {
          conn = opened
        },
        { attach: { headers: { 'Set-Cookie': ['a=1', 'b=2'], 'X-Ours': 'yes' } } },
      )
      const go = await gorilla.dial(`${url}room?seat=7`, {
        headers: { Authorization: ['Bearer x'], 'X-Its': ['one', 'two'] },
      })
      expect(conn!.handshake).toMatchObject({
        method: 'GET',
        path: '/room?seat=7',
        headers: { authorization: 'Bearer x', 'x-its': 'one, two' },
      })
      expect(go.handshake.status).toBe(101)
      expect(go.handshake.headers).toMatchObject({ 'Set-Cookie': ['a=1', 'b=2'], 'X-Ours': ['yes'] })
      expect(go.handshake.headers).not.toHaveProperty('Sec-Websocket-Extensions')
    })

    test('A11: refuses another origin, and it can read why', async () => {
      const { url } = await serve(() => {})
      await expect(
        gorilla.dial(url, { headers: { Origin: ['https://elsewhere.example'] } }),
      ).rejects.toMatchObject({
        error: 'websocket: bad handshake',
        status: 403,
        body: expect.stringContaining('origin'),
        headers: { 'Sec-Websocket-Version': ['13'] },
      })
      const go = await gorilla.dial(url, { headers: { Origin: [url.replace(/^ws:(.*)\/$/, 'http:$1')] } })
      expect(go.handshake.status).toBe(101)
    })

    test('refuses as the application says, and it can read that', async () => {
      const { url } = await serve(() => {}, {
        attach: {
          path: '/',
          authorize: () => ({ status: 401, headers: { 'WWW-Authenticate': 'Bearer' }, body: 'who are you?' }),
        },
      })
      await expect(gorilla.dial(url)).rejects.toMatchObject({
        error: 'websocket: bad handshake',
        status: 401,
        body: 'who are you?',
        headers: { 'Www-Authenticate': ['Bearer'] },
      })
      await expect(gorilla.dial(`${url}other`)).rejects.toMatchObject({
        error: 'websocket: bad handshake',
        status: 404,
      })
    })

    test('has a certificate that it does not trust unless told to', async () => {
      const { url } = await serve(() => {}, { tls: true })
      await expect(gorilla.dial(url)).rejects.toMatchObject({ error: expect.stringMatching(/^x509: /) })
    })
  })
})
