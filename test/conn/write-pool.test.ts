// The buffers that pieces are gathered in: whose they are, and for how long.
// gorilla's WriteBufferPool; RFC 6455 §5.4.

import { describe, expect, test } from 'vitest'
import { sharedBuffers } from '../../src/conn/buffer-pool.ts'
import { join } from '../fuzz/frames.ts'
import { counted, failure, Solo } from './connections.ts'
import { WatchedPool } from './watched-pool.ts'
import { drain, start, words, writePieces } from './writers.ts'

describe('a pool of the application', () => {
  test('lends nothing to a connection that has no open message, nor for whole messages', async () => {
    const { solo, pool } = start()
    const writer = await solo.conn.nextWriter(2)
    await writer.write(counted(5000))
    await solo.conn.writeControl(9)
    expect(pool.calls).toEqual([])
    await writer.close()
    await solo.conn.writeMessage('whole')
    await writePieces(await solo.conn.nextWriter(1), [])
    await solo.settle()
    expect(pool.calls).toEqual([])
  })

  test('gets each buffer back at the end of its message, and the same one goes around', async () => {
    const { solo, pool } = start({ writeBufferSize: 10 })
    const seen = new Set<Uint8Array>()
    for (let i = 0; i < 3; i++) {
      const writer = await solo.conn.nextWriter(1)
      for (const piece of ['abc', 'defghijk', 'lmnopqrstuvwxyz', 'end']) {
        await writer.write(piece)
        expect(pool.out.size).toBe(1)
        for (const buffer of pool.out) seen.add(buffer)
      }
      if (i === 2) writer.abort()
      else await writer.close()
      expect(pool.out.size).toBe(0)
      if (i === 0) expect(pool.calls).toEqual(['acquire 10', 'release'])
    }
    expect(seen.size).toBe(1)
    await solo.settle()
  })

  test('lends a large buffer again while a slow peer has not got what was in it', async () => {
    const { solo, pool } = start({ writeBufferSize: 100_000, highWaterMark: 2 ** 20 }, true)
    const pieces = [80_000, 70_000, 60_000]
    for (let i = 0; i < 2; i++) {
      const writer = await solo.conn.nextWriter(2)
      for (const [k, length] of pieces.entries()) await writer.write(counted(length, i + k))
      await writer.close()
    }
    await solo.settle()
    await drain(solo)
    expect(pool.calls.length).toBe(4)
    for (const [i, { data }] of solo.sent.entries()) {
      const expected = join(pieces.map((length, k) => counted(length, i + k)))
      expect(Buffer.compare(data!, expected)).toBe(0)
    }
    expect(words(solo)).toEqual(Array(2).fill(['2:80000', '0:70000', '0:60000.']).flat())
  })

  test.each([
    ['longer', (size: number) => size * 3, ['2:30', '0:30', '0:4.']],
    ['shorter', (size: number) => size / 2, ['2:4', '0:4', '0:2', '0:54', '0:0.']],
    ['empty', () => 0, ['2:2', '0:2', '0:2', '0:2', '0:2', '0:54', '0:0.']],
  ])('may lend %s buffers than were asked for', async (_, sizeOf, expected) => {
    const pool = new WatchedPool(sizeOf)
    const solo = new Solo({ writeBufferPool: pool, writeBufferSize: 10 })
    const writer = await solo.conn.nextWriter(2)
    for (let i = 0; i < 5; i++) await writer.write(counted(2))
    if (expected.length === 3) for (let i = 0; i < 27; i++) await writer.write(counted(2))
    else await writer.write(counted(54))
    await writer.close()
    await solo.settle()
    expect(words(solo)).toEqual(expected)
    expect([pool.out.size, pool.misuse]).toEqual([0, []])
  })

  test('that throws rejects the write that asks, which takes nothing; the next one works', async () => {
    let isBroken = true
    const cause = new Error('no buffer')
    const pool = new WatchedPool((size) => {
      if (isBroken) throw cause
      return size
    })
    const solo = new Solo({ writeBufferPool: pool })
    const writer = await solo.conn.nextWriter(1)
    await expect(writer.write(Uint8Array.of(0xe2))).rejects.toBe(cause)
    isBroken = false
    await writePieces(writer, ['good'])
    await solo.settle()
    expect(solo.log).toEqual(['text good'])
    expect(pool.out.size).toBe(0)
  })

  test.each([
    ['close()', 1000],
    ['terminate()', 1006],
  ] as const)('that throws when it gets a buffer back hinders no end: %s', async (way, code) => {
    const pool = {
      acquire: (size: number) => new Uint8Array(size),
      release() {
        throw new Error('not mine')
      },
    }
    const solo = new Solo({ writeBufferPool: pool })
    const { conn } = solo
    await writePieces(await conn.nextWriter(1), ['one'])
    const aborted = await conn.nextWriter(1)
    await aborted.write('never')
    aborted.abort()
    const left = await conn.nextWriter(1)
    await left.write('neither')
    const behind = conn.writeMessage('two')
    if (way === 'terminate()') conn.terminate()
    else conn.close()
    await solo.settle()
    if (way === 'terminate()') await expect(behind).rejects.toEqual(failure('ERR_WS_ABNORMAL_CLOSURE'))
    else {
      await behind
      expect(solo.log).toEqual(['text one', 'text two', 'close 1000'])
      await solo.receiveClose(1000)
      solo.transport.receiveEnd()
    }
    expect(await conn.closed).toMatchObject({ code })
  })
})

describe('the pool of all connections', () => {
  test('lends buffers of the size that is asked for, whatever came back', () => {
    const first = sharedBuffers.acquire(100)
    const second = sharedBuffers.acquire(100)
    expect([first.length, second.length, first === second]).toEqual([100, 100, false])
    sharedBuffers.release(first)
    expect(sharedBuffers.acquire(100) === first).toBe(true)
    sharedBuffers.release(second)
    expect(sharedBuffers.acquire(200).length).toBe(200)
    // What did not fit is gone.
    expect(sharedBuffers.acquire(100) === second).toBe(false)
  })

  test('keeps no large buffers, and no more than some', () => {
    const large = sharedBuffers.acquire(2 ** 20)
    sharedBuffers.release(large)
    expect(sharedBuffers.acquire(2 ** 20) === large).toBe(false)
    const many = new Set(Array.from({ length: 1000 }, () => sharedBuffers.acquire(4096)))
    for (const buffer of many) sharedBuffers.release(buffer)
    let kept = 0
    for (let i = 0; i < 1000; i++) if (many.has(sharedBuffers.acquire(4096))) kept++
    expect(kept).toBe(256)
  })
})

test('a pool that gives no bytes, or ends the connection, makes the write reject and keeps nothing', async () => {
  for (const odd of [undefined, null, new ArrayBuffer(10), 'xx']) {
    const solo = new Solo({
      writeBufferPool: { acquire: () => odd as unknown as Uint8Array, release: () => {} },
    })
    const writer = await solo.conn.nextWriter(2)
    await expect(writer.write(Uint8Array.of(1))).rejects.toEqual(failure('ERR_WS_ARGUMENT'))
  }
  let lent = 0
  const solo: Solo = new Solo({
    writeBufferPool: {
      acquire(size) {
        lent++
        solo.conn.terminate()
        return new Uint8Array(size)
      },
      release: () => lent--,
    },
  })
  const writer = await solo.conn.nextWriter(2)
  await expect(writer.write(Uint8Array.of(1))).rejects.toEqual(failure('ERR_WS_ABNORMAL_CLOSURE'))
  expect(lent).toBe(0)
})
