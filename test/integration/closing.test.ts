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
import { frame, RawPeer, requestText } from './raw-peer.ts'
import { dialRaw } from './raw-server.ts'
import { acceptRaw, echo, open, type ServeOptions, serve } from './serve.ts'

const normal = Uint8Array.of(0x03, 0xe8)

/** Both ends of a connection, both ours. */
async function both(options: ConnOptions = {}): Promise<{ server: Conn; client: Conn }> {
  let opened!: (conn: Conn) => void
  const server = new Promise<Conn>((resolve) => {
    opened = resolve
  })
  const { url } = await serve(opened, { attach: { keepAlive: false }, ...options })
  return { client: await open(url, options), server: await server }
}

/** The milliseconds until the promise settles, and its value. */
async function timed<T>(promise: Promise<T>): Promise<{ value: T; milliseconds: number }> {
  const began = performance.now()
  const value = await promise
  return { value, milliseconds: performance.now() - began }
}

/** Where neither side did anything wrong, nobody waits for a time to run out. */
const SOON = 1_000

describe('between two of ours', () => {
  test.each(['server', 'client'] as const)('the %s closes: both know the code, at once', async (side) => {
    const ends = await both()
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

  test('both close at once: each has the code of the other', async () => {
    const { server, client } = await both()
    const { value, milliseconds } = await timed(
      Promise.all([server.close(4001, 'server'), client.close(4002, 'client')]),
    )
    expect(value).toEqual([
      { code: 4002, reason: 'client', wasClean: true },
      { code: 4001, reason: 'server', wasClean: true },
    ])
    expect(milliseconds).toBeLessThan(SOON)
  })

  test('what was written before close() arrives before the Close frame', async () => {
    const { server, client } = await both()
    const count = 200
    for (let i = 0; i < count; i++) server.writeMessage(patternOf(i * 100, i))
    const closing = server.close()
    expect(server.state).toBe('closing')
    let received = 0
    for await (const message of client) expect(message.byteLength).toBe(100 * received++)
    expect(received).toBe(count)
    expect(await closing).toMatchObject({ code: 1000, wasClean: true })
  })

  test('after close() nothing can be written, and calling it again only waits', async () => {
    const { server, client } = await both()
    const closing = server.close(4000, 'first')
    await expect(server.writeMessage('late')).rejects.toMatchObject({ code: 'ERR_WS_CLOSE_SENT' })
    await expect(server.ping()).rejects.toMatchObject({ code: 'ERR_WS_CLOSE_SENT' })
    const again = server.close(4001, 'second')
    expect(await closing).toEqual(await again)
    expect(await client.closed).toMatchObject({ code: 4000, reason: 'first' })
    expect(await server.close()).toEqual(await closing)
  })

  test('a Close frame by writeControl closes likewise', async () => {
    const { server, client } = await both()
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

  test('close() refuses what cannot be sent, and the connection lives', async () => {
    const { server, client } = await both()
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

  test('gives up on a peer that never answers', async () => {
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

  test('gives up on a peer that does not answer but keeps talking', async () => {
    const { conn, peer } = await pair({ closeTimeout: 150 })
    const talk = setInterval(() => peer.send(frame(from, 1, 'blah')), 10)
    const { value, milliseconds } = await timed(conn.close())
    clearInterval(talk)
    expect(value).toMatchObject({ code: 1006, wasClean: false })
    expect(milliseconds).toBeLessThan(150 + SOON)
  })

  test('gives up on a peer that does not read either', async () => {
    const { conn } = await pair({ closeTimeout: 150, hardLimit: 100_000_000 })
    const writes = Array.from({ length: 30 }, () => conn.writeMessage(patternOf(1_000_000)))
    expect(await conn.close()).toMatchObject({ code: 1006, wasClean: false })
    const outcomes = await Promise.allSettled(writes)
    expect(outcomes.at(-1)).toMatchObject({ status: 'rejected' })
  })

  test('ends TCP when the peer answers but keeps it open', async () => {
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

  test('ends TCP when the peer closes first and then keeps it open', async () => {
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

  test('fails, not closes, when the peer leaves in the middle of a frame', async () => {
    const { conn, peer } = await pair()
    const read = conn.readMessage()
    peer.send(frame(from, 2, patternOf(100_000)).subarray(0, 50_000))
    peer.socket.end()
    await expect(read).rejects.toMatchObject({ code: 'ERR_WS_ABNORMAL_CLOSURE', closeCode: 1006 })
    expect(await conn.closed).toMatchObject({ code: 1006, wasClean: false })
  })

  test('terminate() ends at once, without a Close frame', async () => {
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

  test('is reset by the peer: the error has its cause', async () => {
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

  test('keep-alive finds a silent peer, and only that', async () => {
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

describe('a handler', () => {
  /** Serves it; gives what onError got. */
  async function run(handler: (conn: Conn) => unknown, options: ServeOptions<unknown> = {}) {
    const errors: unknown[] = []
    const conns: Conn[] = []
    const { port } = await serve(
      (conn) => {
        conns.push(conn)
        return handler(conn)
      },
      { ...options, attach: { onError: (error, conn) => errors.push(error, conn) } },
    )
    const peer = await RawPeer.open(port)
    return { peer, errors, conns }
  }

  test.each([
    [
      'throws',
      () => {
        throw new Error('bug')
      },
    ],
    ['rejects', () => Promise.reject(new Error('bug'))],
    [
      'rejects later',
      async () => {
        await sleep(10)
        throw new Error('bug')
      },
    ],
  ])('that %s closes its connection with 1011, and onError gets the error', async (_, handler) => {
    const { peer, errors, conns } = await run(handler)
    expect(await peer.closeFrame()).toEqual({ code: 1011, reason: '' })
    expect(errors).toEqual([new Error('bug'), conns[0]])
    peer.send(frame('client', 8, Uint8Array.of(0x03, 0xf3)))
    peer.socket.end()
    expect(await conns[0].closed).toMatchObject({ code: 1011 })
  })

  test('that throws disturbs no other connection', async () => {
    let count = 0
    const { url } = await serve(
      (conn) => {
        if (++count === 2) throw new Error('bug')
        return echo(conn)
      },
      { attach: { onError() {} } },
    )
    const [first, second, third] = [await open(url), await open(url), await open(url)]
    expect(await second.closed).toMatchObject({ code: 1011 })
    for (const conn of [first, third]) {
      await conn.writeMessage('hello')
      expect((await conn.readMessage()).text()).toBe('hello')
    }
  })

  test('that fails because its own connection ended is no error', async () => {
    for (const handler of [
      async (conn: Conn) => {
        for (;;) await conn.readMessage()
      },
      async (conn: Conn) => {
        await conn.closed
        await conn.writeMessage('late')
      },
      async (conn: Conn) => {
        conn.close()
        await conn.writeMessage('late')
      },
      async (conn: Conn) => {
        await conn.readMessage().catch((cause) => {
          throw new Error('no more messages', { cause })
        })
      },
    ]) {
      for (const leave of [
        (peer: RawPeer) => peer.send(frame('client', 8, normal)),
        (peer: RawPeer) => peer.socket.resetAndDestroy(),
        (peer: RawPeer) => peer.send(Uint8Array.of(0xff, 0xff)),
      ]) {
        const { peer, errors, conns } = await run(handler, { closeTimeout: 50 })
        leave(peer)
        peer.socket.end()
        await conns[0]?.closed
        await sleep(5)
        expect(errors).toEqual([])
      }
    }
  })

  test('that fails because another connection ended is one', async () => {
    const other = await both()
    other.client.terminate()
    const { peer, errors } = await run((conn) => {
      conn.writeMessage('to the other')
      return other.client.readMessage()
    })
    expect((await peer.frame()).payload.toString()).toBe('to the other')
    expect((await peer.closeFrame()).code).toBe(1011)
    expect(errors[0]).toMatchObject({ code: 'ERR_WS_ABNORMAL_CLOSURE' })
  })

  test('that writes to another connection which its peer closed is one', async () => {
    const other = await both()
    await other.server.close()
    await other.client.closed
    const { peer, errors } = await run(() => other.client.writeMessage('relayed'))
    expect((await peer.closeFrame()).code).toBe(1011)
    expect(errors[0]).toMatchObject({ code: 'ERR_WS_CLOSED' })
  })

  test('that returns leaves its connection open', async () => {
    const { peer, conns, errors } = await run(() => {})
    await sleep(30)
    expect(conns[0].state).toBe('open')
    await conns[0].writeMessage('hello')
    expect((await peer.frame()).payload.toString()).toBe('hello')
    expect(errors).toEqual([])
  })
})

describe('the close() of an attachment', () => {
  test('closes every connection with 1001, and refuses new ones with 503', async () => {
    const { url, port, attachment } = await serve(echo)
    const conns = await Promise.all(Array.from({ length: 20 }, () => open(url)))
    expect(attachment.connections.size).toBe(20)
    const closing = timed(attachment.close())
    const peer = await RawPeer.connect(port)
    peer.send(requestText())
    expect(await peer.head()).toMatch(/^HTTP\/1.1 503 /)
    for (const conn of conns) expect(await conn.closed).toEqual({ code: 1001, reason: '', wasClean: true })
    expect((await closing).milliseconds).toBeLessThan(SOON)
    expect(attachment.connections.size).toBe(0)
  })

  test('takes a code and a reason, and no longer than the closeTimeout', async () => {
    const { port, url, attachment } = await serve(echo, { closeTimeout: 150 })
    const mute = await RawPeer.open(port)
    const conn = await open(url)
    const { milliseconds } = await timed(attachment.close(1012, 'back in a minute'))
    expect(milliseconds).toBeGreaterThan(140)
    expect(milliseconds).toBeLessThan(150 + SOON)
    expect(await mute.closeFrame()).toEqual({ code: 1012, reason: 'back in a minute' })
    expect(await conn.closed).toEqual({ code: 1012, reason: 'back in a minute', wasClean: true })
    expect(attachment.connections.size).toBe(0)
  })

  test('closes a connection that was being authorized meanwhile', async () => {
    let allow!: (said: undefined) => void
    const said = new Promise<undefined>((resolve) => {
      allow = resolve
    })
    const { url, attachment } = await serve(echo, { attach: { authorize: () => said } })
    const dialling = open(url)
    await sleep(50)
    const closing = attachment.close()
    allow(undefined)
    const outcome = await dialling.then(
      (conn) => conn.closed,
      (error) => error,
    )
    // Refused or closed: either way it does not stay.
    expect(outcome.status ?? outcome.code).toSatisfy((code) => code === 503 || code === 1001)
    await closing
    await expect.poll(() => attachment.connections.size).toBe(0)
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

test('an attachment that is closed with a code no Close frame can carry refuses, and serves on', async () => {
  const { url, attachment } = await serve(echo)
  await expect(attachment.close(9999)).rejects.toMatchObject({ code: 'ERR_WS_ARGUMENT' })
  expect(attachment.isClosing).toBe(false)
  const conn = await open(url)
  await conn.writeMessage('still here')
  expect((await conn.readMessage()).text()).toBe('still here')
})
