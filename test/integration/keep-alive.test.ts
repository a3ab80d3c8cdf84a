// Keep-alive over real sockets: a peer that says nothing is found dead, one that lives is not.
// RFC 6455 §5.5.2 (Ping), §5.5.3 (Pong); only time in which the socket was read counts.

import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { ConnOptions } from '../../src/index.ts'
import { patternOf } from './bytes.ts'
import { frame } from './raw-peer.ts'
import { dialRaw } from './raw-server.ts'
import { acceptRaw } from './serve.ts'
import { SOON, timed } from './timed.ts'

describe.each(['server', 'client'] as const)('a %s whose peer is a bare socket', (role) => {
  const from = role === 'server' ? 'client' : 'server'
  const pair = (options: ConnOptions = {}) => (role === 'server' ? acceptRaw(options) : dialRaw(options))

  test('L2: keep-alive finds a silent peer, and only that', async () => {
    const keepAlive = { interval: 60, timeout: 80 }
    const silent = await pair({ keepAlive })
    const answering = await pair({ keepAlive })
    const talking = await pair({ keepAlive })
    const pongs = (async () => {
      for (;;) {
        const { opcode, payload } = await answering.peer.frame()
        expect(opcode).toBe(9)
        answering.peer.send(frame(from, 10, payload))
      }
    })().catch(() => {})
    const talk = setInterval(() => talking.peer.send(frame(from, 1, 'I live')), 20)
    const reading = (async () => {
      for await (const _ of talking.conn);
    })().catch(() => {})

    const { value, milliseconds } = await timed(silent.conn.closed)
    expect(value).toMatchObject({ code: 1006, wasClean: false, error: { code: 'ERR_WS_PEER_SILENT' } })
    expect(milliseconds).toBeGreaterThan(130)
    expect(milliseconds).toBeLessThan(140 + SOON)
    expect((await silent.peer.frame()).opcode).toBe(9)
    await sleep(300)
    expect([answering.conn.state, talking.conn.state]).toEqual(['open', 'open'])
    clearInterval(talk)
    answering.conn.terminate()
    talking.conn.terminate()
    await Promise.all([pongs, reading])
  })

  test('keep-alive does not count the time in which nothing is read', async () => {
    const { conn, peer } = await pair({ keepAlive: { interval: 60, timeout: 60 } })
    for (let i = 0; i < 200; i++) peer.send(frame(from, 2, patternOf(100_000)))
    await sleep(500)
    expect(conn.state).toBe('open')
    for (let i = 0; i < 200; i++) expect((await conn.readMessage()).byteLength).toBe(100_000)
    expect(conn.state).toBe('open')
    // It was read from, and now there is silence again.
    expect(await conn.closed).toMatchObject({ error: { code: 'ERR_WS_PEER_SILENT' } })
  })
})
