// The process of gorilla/websocket is killed while one of its messages is half way here: 1006, and no part of it is delivered.
// RFC 6455 §7.1.5.

import { describe, expect, test } from 'vitest'
import type { Conn } from '../../src/index.ts'
import { patternOf } from '../integration/bytes.ts'
import { SOON, timed } from '../integration/timed.ts'
import type { GoConn, GoOptions } from './go-conn.ts'
import { describeWithGorilla, type GorillaPeer, type Role, roles } from './gorilla.ts'

/** Bytes of its stream, of which the head is a few hundred. */
const ARRIVED = 100_000

describeWithGorilla('gorilla/websocket is killed', (gorilla) => {
  /** A peer of one test's own that has sent one message and a part of the next. */
  async function halfWay(
    role: Role,
    options: GoOptions,
    write: (go: GoConn) => Promise<unknown>,
  ): Promise<{ peer: GorillaPeer; conn: Conn }> {
    const peer = gorilla.another()
    const { conn, go } = await peer.pair(role, { go: options })
    await go.write(1, 'whole')
    write(go).catch(() => undefined)
    expect((await conn.readMessage()).text()).toBe('whole')
    await expect.poll(() => (conn.socket as { bytesRead: number }).bytesRead).toBeGreaterThanOrEqual(ARRIVED)
    return { peer, conn }
  }

  async function expectAbnormal(peer: GorillaPeer, conn: Conn) {
    const reading = conn.readMessage()
    await peer.kill()
    await expect(reading).rejects.toMatchObject({ code: 'ERR_WS_ABNORMAL_CLOSURE', closeCode: 1006 })
    const { value, milliseconds } = await timed(conn.closed)
    expect(value).toMatchObject({ code: 1006, reason: '', wasClean: false })
    expect(milliseconds).toBeLessThan(SOON)
    await expect(conn.readMessage()).rejects.toBe(await reading.catch((error) => error))
    await expect(conn.writeMessage('late')).rejects.toMatchObject({ code: 'ERR_WS_ABNORMAL_CLOSURE' })
  }

  describe.each(roles)('%s', (_, role) => {
    test('E8, M4: inside a frame', async () => {
      // Larger than what arrives, in one frame.
      const { peer, conn } = await halfWay(
        role,
        { stallAfter: ARRIVED + 1_000, writeBufferSize: 1 << 20 },
        (go) => go.write(2, patternOf(1 << 20)),
      )
      await expectAbnormal(peer, conn)
    })

    test('E8, M4: between two fragments', async () => {
      const { peer, conn } = await halfWay(role, { writeBufferSize: 1_000 }, (go) =>
        go.writeParts(2, Array<Buffer>(200).fill(patternOf(999)), { open: true }),
      )
      await expectAbnormal(peer, conn)
    })

    test('M4: while nothing is on its way', async () => {
      const peer = gorilla.another()
      const { conn, go } = await peer.pair(role)
      await go.write(1, 'whole')
      expect((await conn.readMessage()).text()).toBe('whole')
      await expectAbnormal(peer, conn)
    })
  })
})
