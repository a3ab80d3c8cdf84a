// Handlers that fail, that end their connection in odd places, and that care for nothing: what the peer and the process see.
// RFC 6455 §7.4.1 (1011), §7.1.4 (each connection ends once).

import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { CloseInfo, Conn } from '../../src/index.ts'
import { frame, RawPeer } from './raw-peer.ts'
import { dialRaw } from './raw-server.ts'
import { acceptRaw, echo, open, openBoth, type ServeOptions, serve } from './serve.ts'

const normal = Uint8Array.of(0x03, 0xe8)

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
  ])('N5: that %s closes its connection with 1011, and onError gets the error', async (_, handler) => {
    const { peer, errors, conns } = await run(handler)
    expect(await peer.closeFrame()).toEqual({ code: 1011, reason: '' })
    expect(errors).toEqual([new Error('bug'), conns[0]])
    peer.send(frame('client', 8, Uint8Array.of(0x03, 0xf3)))
    peer.socket.end()
    expect(await conns[0].closed).toMatchObject({ code: 1011 })
  })

  const bug = () => {
    throw new Error('bug')
  }

  test.each<[string, (conn: Conn) => void, Uint8Array]>([
    ['messages', (conn) => conn.onMessage(bug), frame('client', 1, 'hello')],
    ['messages it borrows', (conn) => conn.onMessage(bug, { borrow: true }), frame('client', 1, 'hello')],
    ['messages, later', (conn) => conn.onMessage(async () => bug()), frame('client', 1, 'hello')],
    ['pings', (conn) => conn.setPingHandler(bug), frame('client', 9, 'hello')],
    ['pongs', (conn) => conn.setPongHandler(async () => bug()), frame('client', 10, 'hello')],
    ['the Close frame', (conn) => conn.setCloseHandler(bug), frame('client', 8, normal)],
    ['the Close frame, later', (conn) => conn.setCloseHandler(async () => bug()), frame('client', 8, normal)],
  ])(
    'N5, D9: one for %s that throws closes with 1011, and onError gets the error once',
    async (_, set, sent) => {
      const { peer, errors, conns } = await run((conn) => {
        set(conn)
        return conn.closed
      })
      peer.send(sent)
      expect(await peer.closeFrame()).toEqual({ code: 1011, reason: '' })
      peer.socket.end()
      expect(await conns[0].closed).toMatchObject({
        code: 1011,
        wasClean: false,
        error: { code: 'ERR_WS_HANDLER' },
      })
      expect(errors).toEqual([new Error('bug'), conns[0]])
    },
  )

  test('N5: that throws disturbs no other connection', async () => {
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

  test('N5: that fails because its own connection ended is no error', async () => {
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

  test('N5: that fails because another connection ended is one', async () => {
    const other = await openBoth()
    other.client.terminate()
    const { peer, errors } = await run((conn) => {
      conn.writeMessage('to the other')
      return other.client.readMessage()
    })
    expect((await peer.frame()).payload.toString()).toBe('to the other')
    expect((await peer.closeFrame()).code).toBe(1011)
    expect(errors[0]).toMatchObject({ code: 'ERR_WS_ABNORMAL_CLOSURE' })
  })

  test('N5: that writes to another connection which its peer closed is one', async () => {
    const other = await openBoth()
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

describe('N9: the end, asked for twice', () => {
  type End = (conn: Conn) => void
  const close: End = (conn) => void conn.close(4000)
  const terminate: End = (conn) => conn.terminate()
  const ends: readonly (readonly [name: string, first: End, second: End, frames: number, code: number])[] = [
    ['close() and close()', close, close, 1, 4000],
    ['terminate() and terminate()', terminate, terminate, 0, 1006],
    // The Close frame is on its way when the connection is torn down.
    ['close() and terminate()', close, terminate, 1, 1006],
    ['terminate() and close()', terminate, close, 0, 1006],
  ]

  /** Where an application may call them; each is given what to do. */
  const places: Record<string, (conn: Conn, end: () => void) => Promise<unknown>> = {
    'at once': async (_, end) => end(),
    'for a message': async (conn, end) => {
      for await (const _ of conn) end()
    },
    'once a message was written': (conn, end) => conn.writeMessage('x').then(end),
    'once a write has failed': (conn, end) => {
      conn.terminate()
      return conn.writeMessage('x').catch(end)
    },
    'once a read has failed': (conn, end) => {
      conn.terminate()
      return conn.readMessage().catch(end)
    },
    'once a ping was answered': (conn, end) => conn.ping().then(end),
    'once it has ended': (conn, end) => {
      conn.terminate()
      return conn.closed.then(end)
    },
  }

  describe.each(['server', 'client'] as const)('by a %s', (role) => {
    const from = role === 'server' ? 'client' : 'server'

    describe.each(Object.keys(places))('%s', (place) => {
      test.each(ends)('N9: %s end it once', async (_, first, second, frames, code) => {
        const { conn, peer } = await (role === 'server' ? acceptRaw() : dialRaw())
        const infos: CloseInfo[] = []
        conn.closed.then((info) => infos.push(info))
        const done = places[place](conn, () => {
          first(conn)
          second(conn)
          second(conn)
        }).catch((error) => error)

        let closeFrames = 0
        peer.send(frame(from, 1, 'a message'))
        try {
          for (;;) {
            const { opcode, payload } = await peer.frame()
            if (opcode === 9) peer.send(frame(from, 10, payload))
            if (opcode !== 8) continue
            closeFrames++
            peer.send(frame(from, 8, payload))
            if (role === 'client') peer.socket.end()
          }
        } catch {
          // The end of the connection.
        }
        peer.socket.end()
        const info = await conn.closed
        await done
        await sleep(5)
        expect(infos).toEqual([info])
        expect(await conn.close()).toBe(info)
        const isOver = place.endsWith('failed') || place.endsWith('ended')
        expect([closeFrames, info.code]).toEqual(isOver ? [0, 1006] : [frames, code])
        expect(info.wasClean).toBe(info.code === 4000)
        expect(conn.state).toBe('closed')
      })
    })
  })

  test('N9: from inside onError ends it no more', async () => {
    const infos: CloseInfo[] = []
    const { port } = await serve(() => Promise.reject(new Error('bug')), {
      attach: {
        onError(_, conn) {
          conn?.close(4000)
          conn?.terminate()
          conn?.terminate()
          conn?.closed.then((info) => infos.push(info))
        },
      },
    })
    const peer = await RawPeer.open(port)
    await peer.rest()
    await expect.poll(() => infos.length).toBe(1)
    expect(infos[0]).toMatchObject({ code: 1006, wasClean: false })
  })
})
