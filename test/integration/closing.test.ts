// Every way in which a connection ends, from each side, and how soon.
// RFC 6455 §7.1 (closing), §7.4 (codes), §5.5.1 (the Close frame).

import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import {
  type CloseInfo,
  CloseMessage,
  type Conn,
  type ConnOptions,
  formatCloseMessage,
  WebSocketError,
} from '../../src/index.ts'
import { join } from '../fuzz/frames.ts'
import { patternOf } from './bytes.ts'
import { trust } from './certificate.ts'
import { frame } from './raw-peer.ts'
import { dialRaw } from './raw-server.ts'
import { acceptRaw, open, openBoth, serve } from './serve.ts'
import { SOON, timed } from './timed.ts'

const normal = Uint8Array.of(0x03, 0xe8)

describe('between two of ours', () => {
  test.each(['server', 'client'] as const)('the %s closes: both know the code, at once', async (side) => {
    const ends = await openBoth()
    const closer = ends[side]
    const other = ends[side === 'server' ? 'client' : 'server']
    const { value, milliseconds } = await timed(
      Promise.all([closer.close(4321, 'enough 👋'), other.closed]) as Promise<CloseInfo[]>,
    )
    expect(value).toEqual([
      { code: 4321, reason: '', wasClean: true },
      { code: 4321, reason: 'enough 👋', wasClean: true },
    ])
    expect(milliseconds).toBeLessThan(SOON)
    expect([closer.state, other.state]).toEqual(['closed', 'closed'])
    expect([closer.bufferedAmount, other.bufferedAmount]).toEqual([0, 0])
  })

  test('G11: both close at once: each has the code of the other', async () => {
    const { server, client } = await openBoth()
    const { value, milliseconds } = await timed(
      Promise.all([server.close(4001, 'server'), client.close(4002, 'client')]),
    )
    expect(value).toEqual([
      { code: 4002, reason: 'client', wasClean: true },
      { code: 4001, reason: 'server', wasClean: true },
    ])
    expect(milliseconds).toBeLessThan(SOON)
  })

  test('G12: what was written before close() arrives before the Close frame', async () => {
    const { server, client } = await openBoth()
    const count = 200
    for (let i = 0; i < count; i++) server.writeMessage(patternOf(i * 100, i))
    const closing = server.close()
    expect(server.state).toBe('closing')
    let received = 0
    for await (const message of client) expect(message.byteLength).toBe(100 * received++)
    expect(received).toBe(count)
    expect(await closing).toMatchObject({ code: 1000, wasClean: true })
  })

  test('G8, N1, N9: after close() nothing can be written, and calling it again only waits', async () => {
    const { server, client } = await openBoth()
    const closing = server.close(4000, 'first')
    await expect(server.writeMessage('late')).rejects.toMatchObject({ code: 'ERR_WS_CLOSE_SENT' })
    await expect(server.ping()).rejects.toMatchObject({ code: 'ERR_WS_CLOSE_SENT' })
    const again = server.close(4001, 'second')
    expect(await closing).toEqual(await again)
    expect(await client.closed).toMatchObject({ code: 4000, reason: 'first' })
    expect(await server.close()).toEqual(await closing)
  })

  test('a Close frame by writeControl closes likewise', async () => {
    const { server, client } = await openBoth()
    await server.writeControl(CloseMessage, formatCloseMessage(4000, 'by hand'))
    expect(await client.closed).toEqual({ code: 4000, reason: 'by hand', wasClean: true })
    expect(await server.closed).toMatchObject({ code: 4000, wasClean: true })
  })

  test('messages that come after our close() go to a read that waits, or to nobody, or to a drain', async () => {
    const texts = async (conn: Conn) => {
      const texts: string[] = []
      for await (const message of conn) texts.push(message.text())
      return texts
    }
    for (const [drain, reads, wanted] of [
      [false, 0, []],
      [false, 1, []],
      [true, 0, ['one', 'two', 'three']],
      [true, 1, ['two', 'three']],
    ] as const) {
      const { conn, peer } = await acceptRaw()
      const waiting = reads > 0 ? conn.readMessage() : undefined
      const closing = conn.close(1000, '', { drain })
      expect((await peer.closeFrame()).code).toBe(1000)
      peer.send(join(['one', 'two', 'three'].map((text) => frame('client', 1, text))))
      peer.send(frame('client', 8, normal))
      peer.socket.end()
      await closing
      if (waiting !== undefined) expect((await waiting).text()).toBe('one')
      expect(await texts(conn)).toEqual(wanted)
    }
  })

  test('G5: close() refuses what cannot be sent, and the connection lives', async () => {
    const { server, client } = await openBoth()
    for (const [code, reason] of [
      [999, ''],
      [1006, ''],
      [1015, ''],
      [1005, 'a reason'],
      [5000, ''],
      [1000.5, ''],
      [1000, 'x'.repeat(124)],
      [1000, '👋'.repeat(31)],
    ] as const) {
      expect(() => server.close(code, reason)).toThrow(
        expect.objectContaining({ name: 'RangeError', code: 'ERR_WS_ARGUMENT' }),
      )
    }
    expect(() => server.close('1000' as unknown as number)).toThrow(TypeError)
    await server.writeMessage('alive')
    expect((await client.readMessage()).text()).toBe('alive')
    server.close(1000, '👋'.repeat(30).padEnd(63, 'x'))
    expect((await client.closed).reason.length).toBe(63)
  })
})

describe.each(['server', 'client'] as const)('a %s whose peer is a bare socket', (role) => {
  const from = role === 'server' ? 'client' : 'server'
  const pair = (options: ConnOptions = {}) => (role === 'server' ? acceptRaw(options) : dialRaw(options))

  test('G9: gives up on a peer that never answers', async () => {
    const { conn, peer } = await pair({ closeTimeout: 150 })
    const read = conn.readMessage()
    const { value, milliseconds } = await timed(conn.close(4000))
    expect(value).toEqual({ code: 1006, reason: '', wasClean: false, error: expect.any(WebSocketError) })
    expect(value.error?.code).toBe('ERR_WS_ABNORMAL_CLOSURE')
    expect(milliseconds).toBeGreaterThan(140)
    expect(milliseconds).toBeLessThan(150 + SOON)
    await expect(read).rejects.toBe(value.error)
    expect(await peer.closeFrame()).toEqual({ code: 4000, reason: '' })
    await peer.rest()
  })

  test('G9: gives up on a peer that does not answer but keeps talking', async () => {
    const { conn, peer } = await pair({ closeTimeout: 150 })
    const talk = setInterval(() => peer.send(frame(from, 1, 'blah')), 10)
    const { value, milliseconds } = await timed(conn.close())
    clearInterval(talk)
    expect(value).toMatchObject({ code: 1006, wasClean: false })
    expect(milliseconds).toBeLessThan(150 + SOON)
  })

  test('G9, G12: gives up on a peer that does not read either', async () => {
    const { conn } = await pair({ closeTimeout: 150, hardLimit: 100_000_000 })
    const writes = Array.from({ length: 30 }, () => conn.writeMessage(patternOf(1_000_000)))
    expect(await conn.close()).toMatchObject({ code: 1006, wasClean: false })
    const outcomes = await Promise.allSettled(writes)
    expect(outcomes.at(-1)).toMatchObject({ status: 'rejected' })
  })

  test('G10: ends TCP when the peer answers but keeps it open', async () => {
    const { conn, peer } = await pair({ closeTimeout: 150 })
    const closing = conn.close()
    await peer.closeFrame()
    peer.send(frame(from, 8, normal))
    const { value, milliseconds } = await timed(closing)
    expect(value).toEqual({ code: 1000, reason: '', wasClean: true })
    expect(milliseconds).toBeLessThan(150 + SOON)
    await peer.rest()
    expect(conn.state).toBe('closed')
  })

  test('G10: ends TCP when the peer closes first and then keeps it open', async () => {
    const { conn, peer } = await pair({ closeTimeout: 150 })
    peer.send(frame(from, 8, normal))
    expect(await peer.closeFrame()).toEqual({ code: 1000, reason: '' })
    await expect(conn.readMessage()).rejects.toMatchObject({ code: 'ERR_WS_CLOSED', closeCode: 1000 })
    const { value, milliseconds } = await timed(conn.closed)
    expect(value).toEqual({ code: 1000, reason: '', wasClean: true })
    expect(milliseconds).toBeLessThan(150 + SOON)
  })

  test('closes in order while a frame of the peer is half read', async () => {
    const { conn, peer } = await pair()
    const read = conn.readMessage()
    const large = frame(from, 2, patternOf(100_000))
    peer.send(large.subarray(0, 50_000))
    await sleep(20)
    const closing = conn.close(4000)
    expect(await peer.closeFrame()).toEqual({ code: 4000, reason: '' })
    peer.send(join([large.subarray(50_000), frame(from, 8, normal)]))
    expect((await read).byteLength).toBe(100_000)
    if (role === 'server') await peer.rest()
    peer.socket.end()
    expect(await closing).toEqual({ code: 1000, reason: '', wasClean: true })
  })

  test('E8: fails, not closes, when the peer leaves in the middle of a frame', async () => {
    const { conn, peer } = await pair()
    const read = conn.readMessage()
    peer.send(frame(from, 2, patternOf(100_000)).subarray(0, 50_000))
    peer.socket.end()
    await expect(read).rejects.toMatchObject({ code: 'ERR_WS_ABNORMAL_CLOSURE', closeCode: 1006 })
    expect(await conn.closed).toMatchObject({ code: 1006, wasClean: false })
  })

  test('N1, N9: terminate() ends at once, without a Close frame', async () => {
    const { conn, peer } = await pair()
    const read = conn.readMessage()
    const ping = conn.ping()
    conn.terminate()
    await expect(read).rejects.toMatchObject({ code: 'ERR_WS_ABNORMAL_CLOSURE', remote: false })
    await expect(ping).rejects.toMatchObject({ code: 'ERR_WS_ABNORMAL_CLOSURE' })
    const { value, milliseconds } = await timed(conn.closed)
    expect(value).toMatchObject({ code: 1006, wasClean: false })
    expect(milliseconds).toBeLessThan(SOON)
    const rest = await peer.rest()
    // The ping may have left before; a Close frame never does.
    expect(rest.includes(0x88)).toBe(false)
    await expect(conn.writeMessage('x')).rejects.toBe(value.error)
    conn.terminate()
    expect(await conn.close()).toBe(value)
  })

  test('M2: is reset by the peer: the error has its cause', async () => {
    const { conn, peer } = await pair()
    peer.socket.resetAndDestroy()
    const info = await conn.closed
    expect(info).toMatchObject({ code: 1006, wasClean: false })
    expect(info.error).toMatchObject({
      code: 'ERR_WS_ABNORMAL_CLOSURE',
      remote: true,
      cause: { code: 'ECONNRESET' },
    })
  })
})

test.each([false, true])(
  'a client that closes while the server streams gets its answer: TLS %s',
  async (tls) => {
    const payload = patternOf(40_000)
    const { url, attachment } = await serve(
      async (conn) => {
        for (;;) await conn.writeMessage(payload)
      },
      { tls },
    )
    const conn = await open(url, { tls: trust })
    for (let i = 0; i < 50; i++) await conn.readMessage()
    expect(await conn.close(4000)).toEqual({ code: 4000, reason: '', wasClean: true })
    await expect.poll(() => attachment.connections.size).toBe(0)
  },
)
