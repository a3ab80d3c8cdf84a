// Peers that send a byte at a time, for ever, or that ask and never listen: what they may hold, and who ends it.
// Any byte is life to the keep-alive (RFC 6455 §5.5.2): only a deadline of the reader ends a message that never does.

import { describe, expect, test } from 'vitest'
import { holding, NOISE } from '../codec/costs.ts'
import { join } from '../fuzz/frames.ts'
import { counted, failure, Solo, stalled, watch } from './connections.ts'

const KIB = 1024
const keepAlive = { interval: 30_000, timeout: 10_000 }

/** The peer sends `bytes`, one every `ms` milliseconds. */
async function trickle(solo: Solo, bytes: Uint8Array, ms: number): Promise<void> {
  for (let at = 0; at < bytes.length; at++) {
    await solo.receive(bytes.slice(at, at + 1))
    await solo.clock.advance(ms)
  }
}

describe.each([['server'], ['client']] as const)('a %s', (role) => {
  test('L1: takes a message that comes at one byte a second, and its keep-alive sees a living peer', async () => {
    const solo = new Solo({ role, keepAlive })
    const read = solo.conn.readMessage()
    await trickle(solo, join([solo.frame(2, counted(300)), solo.frame(1, 'and another')]), 1000)
    expect(Buffer.compare((await read).data, counted(300))).toBe(0)
    expect((await solo.conn.readMessage()).text()).toBe('and another')
    expect(solo.conn.state).toBe('open')
    // Five minutes: a ping every thirty seconds, none of which this peer answers.
    expect(solo.log.length).toBeGreaterThanOrEqual(10)
    expect(new Set(solo.sent.map(({ type }) => type))).toEqual(new Set([9]))
  })

  test('L1: takes control frames between fragments at one byte a second', async () => {
    const solo = new Solo({ role, keepAlive })
    const read = solo.conn.readMessage()
    const frames = [solo.frame(1, 'a', false), solo.frame(9, 'are you there?'), solo.frame(0, 'b')]
    await trickle(solo, join(frames), 1000)
    expect((await read).text()).toBe('ab')
    expect(solo.log.filter((words) => words.startsWith('pong'))).toEqual(['pong are you there?'])
  })

  test('L1: finds a peer dead that stops in the middle of a frame', async () => {
    const solo = new Solo({ role, keepAlive })
    const read = watch(solo.conn.readMessage())
    await trickle(solo, solo.frame(2, counted(300)).subarray(0, 100), 1000)
    expect(solo.conn.state).toBe('open')
    await solo.clock.advance(60_000)
    expect(read.error).toEqual(failure('ERR_WS_PEER_SILENT'))
    expect(await solo.conn.closed).toMatchObject({ code: 1006, wasClean: false })
    expect(solo.clock.timerCount).toBe(0)
  })

  test('L1: a frame of 16 MiB at a byte every 20 seconds holds little, and a deadline ends the read', async () => {
    const solo = new Solo({ role, keepAlive: true })
    solo.conn.setReadTimeout(600_000)
    const read = watch(solo.conn.readMessage())
    const began = solo.frame(2, new Uint8Array(16 * KIB * KIB)).subarray(0, 40)
    await trickle(solo, began.subarray(0, 29), 20_000)
    expect([read.state, solo.conn.state]).toEqual(['pending', 'open'])
    await trickle(solo, began.subarray(29), 20_000)
    expect(read.error).toEqual(failure('ERR_WS_TIMEOUT'))
    // The timeout says so to the reader and leaves the connection to it.
    expect(solo.conn.state).toBe('open')
    solo.conn.terminate()
    expect(await solo.conn.closed).toMatchObject({ code: 1006, wasClean: false })
    expect(solo.clock.timerCount).toBe(0)
  })

  test('L1: a thousand connections with a frame that never ends hold a few KiB each', async () => {
    const solos = Array.from({ length: 1000 }, () => new Solo({ role }))
    const began = solos[0].frame(2, new Uint8Array(1 << 20)).subarray(0, 40)
    await solos[0].receive(began.slice())
    const { bytes } = holding(() => {
      for (const solo of solos.slice(1)) solo.transport.receive(began.slice())
    })
    expect(bytes / 999).toBeLessThan(8 * KIB)
    for (const { conn } of solos) expect(conn.state).toBe('open')
  })

  test('D5: a peer that pings for ever and takes no answer holds little, and no more with time', async () => {
    const reads = [counted(0), counted(125)].map((payload) => {
      const ping = new Solo({ role }).frame(9, payload)
      return join(Array.from({ length: Math.floor(60_000 / ping.length) }, () => ping))
    })
    const flood = (solo: Solo, rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        solo.transport.receive(reads[i % 2].slice())
        solo.clock.endTurn()
      }
    }
    const pinged = async () => {
      const solo = stalled({ role })
      await solo.conn.writeMessage('under way')
      await solo.settle()
      return solo
    }
    for (let i = 0; i < 2; i++) flood(await pinged(), 20)
    const solo = await pinged()
    // Until 64 KiB of pongs wait, they are encoded; how many frames they are must not matter.
    expect(holding(() => flood(solo, 20)).bytes).toBeLessThan(512 * KIB)
    expect(solo.conn.bufferedAmount).toBeLessThan(192 * KIB)
    const buffered = solo.conn.bufferedAmount
    expect(holding(() => flood(solo, 100)).bytes).toBeLessThan(NOISE)
    expect([solo.conn.bufferedAmount, solo.conn.state]).toEqual([buffered, 'open'])
    await solo.receive(...Array.from({ length: 20 }, (_, i) => solo.frame(9, `newest ${i}`)))
    solo.transport.holds = false
    solo.transport.handOver()
    await solo.settle()
    const newest = Array.from({ length: 16 }, (_, i) => `pong newest ${i + 4}`)
    expect(solo.log.filter((words) => words.includes('newest'))).toEqual(newest)
  })
})
