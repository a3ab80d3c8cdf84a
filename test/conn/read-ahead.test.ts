// Reading ahead: while the application does not read, 64 KiB and one message are taken in for the sake of control
// frames, then the transport pauses until the application has read them.

import { describe, expect, test } from 'vitest'
import { counted, Solo } from './connections.ts'

const KiB = 1024

/** Paused by the messages given, each in a chunk and a turn of its own. */
async function pausedAfter(solo: Solo, lengths: readonly number[]): Promise<boolean[]> {
  const paused: boolean[] = []
  for (const length of lengths) {
    await solo.receive(solo.frame(2, counted(length)))
    paused.push(solo.transport.isPaused)
  }
  return paused
}

describe('while nobody reads', () => {
  test('K2: the transport pauses once 64 KiB of messages wait, and not before', async () => {
    const solo = new Solo()
    expect(await pausedAfter(solo, [30 * KiB, 30 * KiB, 3 * KiB, 2 * KiB])).toEqual([
      false,
      false,
      false,
      true,
    ])
  })

  test('K2: one large message is read to its end, then the transport pauses', async () => {
    const solo = new Solo()
    const frame = solo.frame(2, counted(1024 * KiB))
    await solo.receive(frame.subarray(0, 500 * KiB))
    await solo.receive(frame.subarray(500 * KiB, 1000 * KiB))
    expect(solo.transport.isPaused).toBe(false)
    await solo.receive(frame.subarray(1000 * KiB))
    expect(solo.transport.isPaused).toBe(true)
    expect((await solo.conn.readMessage()).byteLength).toBe(1024 * KiB)
    expect(solo.transport.isPaused).toBe(false)
  })

  test('the parts of the next message count together with those that wait', async () => {
    const solo = new Solo()
    const frame = solo.frame(2, counted(1024 * KiB))
    await solo.receive(solo.frame(2, counted(10)), frame.subarray(0, 50 * KiB))
    expect(solo.transport.isPaused).toBe(false)
    await solo.receive(frame.subarray(50 * KiB, 70 * KiB))
    expect(solo.transport.isPaused).toBe(true)
  })

  test('C16, K2: empty messages cost too, so that a flood of them pauses the transport', async () => {
    const solo = new Solo()
    const flood = new Uint8Array(6 * 2000)
    for (let i = 0; i < 2000; i++) flood.set(solo.frame(2), 6 * i)
    await solo.receive(flood)
    expect(solo.transport.isPaused).toBe(true)
    for (let i = 0; i < 2000; i++) expect((await solo.conn.readMessage()).byteLength).toBe(0)
    expect(solo.transport.isPaused).toBe(false)
  })

  test('pings are answered and pongs are heard up to the pause', async () => {
    const solo = new Solo()
    const ping = solo.conn.ping('me')
    await solo.receive(solo.frame(2, counted(60 * KiB)), solo.frame(9, 'you'), solo.frame(10, 'me'))
    expect(await ping).toBe(0)
    expect(solo.log).toEqual(['ping me', 'pong you'])
    expect(solo.transport.isPaused).toBe(false)
  })

  test('a ping that waits for its pong makes the room larger, never smaller', async () => {
    for (const [readBufferSize, room] of [
      [undefined, 1024 * KiB],
      [2048 * KiB, 2048 * KiB],
    ]) {
      const solo = new Solo(readBufferSize === undefined ? {} : { readBufferSize })
      solo.conn.ping('x')
      await solo.receive(solo.frame(2, counted(room! - 200)))
      expect(solo.transport.isPaused).toBe(false)
      await solo.receive(solo.frame(2, counted(200)))
      expect(solo.transport.isPaused).toBe(true)
      solo.conn.terminate()
    }
  })

  test('K2: a paused transport keeps what comes, and loses nothing', async () => {
    const solo = new Solo()
    await pausedAfter(solo, [64 * KiB])
    await solo.receiveTexts('a', 'b')
    await solo.receiveClose(1000, 'done')
    expect(solo.conn.state).toBe('open')
    const lengths: number[] = []
    for await (const message of solo.conn) lengths.push(message.byteLength)
    expect(lengths).toEqual([64 * KiB, 1, 1])
    solo.transport.receiveEnd()
    expect((await solo.conn.closed).code).toBe(1000)
  })
})

describe('reading again', () => {
  test('resumes the transport when the last waiting message is taken', async () => {
    const solo = new Solo()
    await pausedAfter(solo, [40 * KiB, 40 * KiB])
    expect(solo.transport.isPaused).toBe(true)
    await solo.conn.readMessage()
    expect(solo.transport.isPaused).toBe(true)
    await solo.conn.readMessage()
    expect(solo.transport.calls.filter((call) => call !== 'write')).toEqual(['pause', 'resume'])
  })

  test('in the same turn keeps the transport from being paused at all', async () => {
    const solo = new Solo()
    const loop = (async () => {
      let bytes = 0
      for await (const message of solo.conn) bytes += message.byteLength
      return bytes
    })()
    for (let i = 0; i < 10; i++) {
      await solo.receive(solo.frame(2, counted(40 * KiB)), solo.frame(2, counted(40 * KiB)))
    }
    await solo.receiveClose()
    expect(await loop).toBe(20 * 40 * KiB)
    expect(solo.transport.calls).not.toContain('pause')
  })

  test('again and again pauses and resumes again and again', async () => {
    const solo = new Solo()
    for (let round = 0; round < 5; round++) {
      await pausedAfter(solo, [70 * KiB])
      expect(solo.transport.isPaused).toBe(true)
      await solo.conn.readMessage()
      expect(solo.transport.isPaused).toBe(false)
    }
  })

  test('is not needed for the end: terminate() and a reset of a paused connection end it', async () => {
    for (const end of ['terminate', 'reset']) {
      const solo = new Solo()
      await pausedAfter(solo, [70 * KiB])
      if (end === 'reset') solo.transport.gone(new Error('reset'))
      else solo.conn.terminate()
      expect((await solo.conn.closed).code).toBe(1006)
      expect((await solo.conn.readMessage()).byteLength).toBe(70 * KiB)
      expect(solo.clock.timerCount).toBe(0)
    }
  })
})
