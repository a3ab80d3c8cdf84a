// The Dialer against peers that speak no HTTP, break off, are not trusted or are not there: what dial() rejects with.
// RFC 6455 §4.1; RFC 9112 §2.2 (what is no message), RFC 9110 §15.2 (interim responses).

import { createServer, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { dial } from '../../src/index.ts'
import { trust } from './certificate.ts'
import { portOf } from './raw-peer.ts'
import { failedDial } from './raw-server.ts'
import { echo, serve } from './serve.ts'

describe('what is no HTTP rejects with ERR_WS_HEAD', () => {
  test.each([
    ['a binary answer', Buffer.from([0x81, 0x05, 0x48])],
    ['another protocol', Buffer.from('220 mail.example ESMTP\r\n')],
    ['a head with a bare LF', Buffer.from('HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\n\n')],
    ['a folded field', Buffer.from('HTTP/1.1 101 x\r\nA: b\r\n c\r\n\r\n')],
  ])('%s', async (_, answer) => {
    const { error } = await failedDial((peer) => peer.send(answer))
    expect(error).toMatchObject({ code: 'ERR_WS_HEAD', remote: true })
  })

  test('B11: a head without end, of one line or of many', async () => {
    for (const part of [Buffer.alloc(4096, 'x'), Buffer.from('X-Field: value\r\n'.repeat(256))]) {
      let sent = 0
      const { error } = await failedDial(async (peer) => {
        peer.send('HTTP/1.1 101 Switching Protocols\r\n')
        while (!peer.socket.destroyed && sent < 1_000_000) {
          peer.send(part)
          sent += part.length
          await sleep(1)
        }
      })
      expect(error).toMatchObject({ code: 'ERR_WS_HEAD', remote: true })
      expect(sent).toBeLessThan(1_000_000)
    }
  })

  test('B11: interim responses without end', async () => {
    const { error } = await failedDial(async (peer) => {
      while (!peer.socket.destroyed) {
        peer.send('HTTP/1.1 100 Continue\r\n\r\n'.repeat(100))
        await sleep(1)
      }
    })
    expect(error).toMatchObject({ code: 'ERR_WS_HEAD' })
  })
})

describe('no answer rejects with ERR_WS_CONNECT', () => {
  test('when nobody listens, with the reason as its cause', async () => {
    const server: Server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const port = portOf(server)
    await new Promise((resolve) => server.close(resolve))
    const error = await dial(`ws://127.0.0.1:${port}/`).catch((error) => error)
    expect(error).toMatchObject({ code: 'ERR_WS_CONNECT', cause: { code: 'ECONNREFUSED' } })
    // localhost may have two addresses, both of which refuse.
    const other = await dial(`ws://localhost:${port}/`).catch((error) => error)
    expect(other).toMatchObject({ code: 'ERR_WS_CONNECT' })
    expect(other.message).toContain('ECONNREFUSED')
  })

  test('when the server ends, or resets, instead of an answer or in the middle of it', async () => {
    for (const begin of ['', 'HTTP/1.1 101 Switching Proto']) {
      for (const end of ['end', 'resetAndDestroy'] as const) {
        const { error } = await failedDial(async (peer) => {
          if (begin) peer.send(begin)
          await sleep(10)
          peer.socket[end]()
        })
        expect(error).toMatchObject({ code: 'ERR_WS_CONNECT' })
      }
    }
  })

  test('B14: when the certificate is not trusted, or is for another name', async () => {
    const { url } = await serve(echo, { tls: true })
    const untrusted = await dial(url).catch((error) => error)
    expect(untrusted).toMatchObject({
      code: 'ERR_WS_CONNECT',
      cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    })
    const named = await dial(url, { tls: { ...trust, servername: 'elsewhere.example' } }).catch(
      (error) => error,
    )
    expect(named).toMatchObject({ code: 'ERR_WS_CONNECT', cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' } })
  })

  test('when a server of TLS is dialled without it, and the reverse', async () => {
    const secure = await serve(echo, { tls: true })
    const plain = await serve(echo)
    const error = await dial(secure.url.replace('wss', 'ws')).catch((error) => error)
    expect(error.code).toMatch(/^ERR_WS_(CONNECT|HEAD|BAD_HANDSHAKE)$/)
    await expect(dial(plain.url.replace('ws', 'wss'))).rejects.toMatchObject({ code: 'ERR_WS_CONNECT' })
  })
})
