// Rows of gorilla/websocket's conn_test.go about writers: their buffers, their end, and two of them at once.
// RFC 6455 §5.4.

import { describe, expect, test } from 'vitest'
import { type BufferPool, pipe } from '../../src/index.ts'
import { failure, Solo, stalled, watch } from '../conn/connections.ts'
import { errorOf, roles, Wire } from './wire.ts'

const text = 'Now is the time for all good people to come to the aid of the party.'

/** A pool that tells what it has lent. */
class OnePool implements BufferPool {
  readonly lent = new Set<Uint8Array>()
  readonly returned: Uint8Array[] = []
  acquired = 0
  private free: Uint8Array | undefined

  acquire(size: number): Uint8Array {
    this.acquired++
    const buffer = this.free ?? new Uint8Array(size)
    this.free = undefined
    this.lent.add(buffer)
    return buffer
  }

  release(buffer: Uint8Array): void {
    if (!this.lent.delete(buffer)) throw new Error('what was not lent came back')
    this.returned.push(buffer)
    this.free = buffer
  }
}

describe.each(roles)('a writer of a %s', (role) => {
  test('TestWriteBufferPool: holds a buffer from its first small piece to its end, in fragments too', async () => {
    const writeBufferPool = new OnePool()
    const wire = new Wire(role, { writeBufferPool, writeBufferSize: text.length - 1 })
    const write = async () => {
      const writer = await wire.writer.conn.nextWriter(1)
      expect(writeBufferPool.lent.size).toBe(0)
      await writer.write(text.slice(0, 20))
      const [buffer] = writeBufferPool.lent
      expect(buffer.length).toBe(text.length - 1)
      await writer.write(text.slice(20))
      expect([...writeBufferPool.lent]).toEqual([buffer])
      await writer.close()
      expect(writeBufferPool.lent.size).toBe(0)
      expect(writeBufferPool.returned.at(-1)).toBe(buffer)
      await wire.carry()
      expect((await wire.reader.conn.readMessage()).text()).toBe(text)
      return buffer
    }
    expect(writeBufferPool.acquired).toBe(0)
    const first = await write()
    expect(await write()).toBe(first)
    expect(writeBufferPool.acquired).toBe(2)
  })

  test('TestWriteBufferPool: writeMessage encodes at once and needs none of its buffers', async () => {
    const writeBufferPool = new OnePool()
    const wire = new Wire(role, { writeBufferPool, writeBufferSize: text.length - 1 })
    await wire.writer.conn.writeMessage(text)
    await wire.carry()
    expect((await wire.reader.conn.readMessage()).text()).toBe(text)
    expect(writeBufferPool.acquired).toBe(0)
  })

  test('TestWriteBufferPoolSync: the pool that is there by default', async () => {
    const wire = new Wire(role)
    for (let i = 0; i < 3; i++) {
      const writer = await wire.writer.conn.nextWriter(1)
      await writer.write('Hello ')
      await writer.write('World!')
      await writer.close()
      await wire.writer.conn.writeMessage('Hello World!')
      await wire.carry('half')
      expect((await wire.reader.conn.readMessage()).text()).toBe('Hello World!')
      expect((await wire.reader.conn.readMessage()).text()).toBe('Hello World!')
    }
  })

  test('TestWriteBufferPoolError: the buffer comes back when the transport fails', async () => {
    const writeBufferPool = new OnePool()
    const solo = new Solo({ role, writeBufferPool, writeBufferSize: 1024 })
    const writer = await solo.conn.nextWriter(1)
    await writer.write('Hello')
    const [buffer] = writeBufferPool.lent
    solo.transport.fault = { kind: 'error', at: solo.transport.operations + 1 }
    await solo.conn.writeControl(9)
    await solo.settle()
    expect(writeBufferPool.returned).toEqual([buffer])
    const gone = failure('ERR_WS_ABNORMAL_CLOSURE')
    expect(await errorOf(writer.close())).toEqual(gone)
    expect(await errorOf(writer.write('more'))).toEqual(gone)
    expect(await errorOf(solo.conn.writeMessage('Hello'))).toEqual(gone)
    expect(writeBufferPool.lent.size).toBe(0)
  })

  test('TestWriteBufferPoolError: and when the writer is given up, or the connection closed or terminated', async () => {
    for (const end of ['abort', 'close', 'terminate'] as const) {
      const writeBufferPool = new OnePool()
      const solo = new Solo({ role, writeBufferPool, writeBufferSize: 4 })
      const writer = await solo.conn.nextWriter(1)
      await writer.write('sent')
      await writer.write('not')
      expect(writeBufferPool.lent.size).toBe(1)
      if (end === 'abort') writer.abort()
      else solo.conn[end]()
      expect(writeBufferPool.lent.size).toBe(0)
      expect(writeBufferPool.returned.length).toBe(1)
      await solo.settle()
    }
  })

  test('TestWriteAfterMessageWriterClose: writes nothing behind close()', async () => {
    const wire = new Wire(role)
    const writer = await wire.writer.conn.nextWriter(2)
    await writer.write('hello')
    await writer.close()
    const closed = failure('ERR_WS_WRITER_CLOSED')
    expect(await errorOf(writer.write('world'))).toEqual(closed)
    expect(await errorOf(writer.close())).toEqual(closed)
    await wire.carry()
    expect((await wire.reader.conn.readMessage()).text()).toBe('hello')
    expect(wire.reader.transport.isEnded).toBe(false)
  })

  test('TestWriteAfterMessageWriterClose: is not closed by the next one, which waits for its turn', async () => {
    const wire = new Wire(role)
    const { conn } = wire.writer
    const first = await conn.nextWriter(2)
    await first.write('hello')
    const opening = watch(conn.nextWriter(2))
    const message = watch(conn.writeMessage('a message behind both'))
    await wire.carry()
    expect([opening.state, message.state]).toEqual(['pending', 'pending'])
    await first.write(' world')
    await first.close()
    await wire.carry()
    expect([opening.state, message.state]).toEqual(['resolved', 'pending'])
    await opening.value?.write('second')
    await opening.value?.close()
    await wire.carry()
    expect(message.state).toBe('resolved')
    const texts: string[] = []
    for (let i = 0; i < 3; i++) texts.push((await wire.reader.conn.readMessage()).text())
    expect(texts).toEqual(['hello world', 'second', 'a message behind both'])
  })

  test('TestConcurrentWritePanic: a write while another is blocked goes behind it', async () => {
    const solo = stalled({ role, highWaterMark: 0 })
    const writes = ['first', 'second', 'third'].map((each) => watch(solo.conn.writeMessage(each)))
    await solo.settle()
    expect(writes.map(({ state }) => state)).toEqual(['pending', 'pending', 'pending'])
    solo.transport.holds = false
    solo.transport.handOver()
    await solo.settle()
    expect(writes.map(({ state }) => state)).toEqual(['resolved', 'resolved', 'resolved'])
    expect(solo.log).toEqual(['text first', 'text second', 'text third'])
  })

  test('TestConcurrentWritePanic: with strict it rejects and names both callers', async () => {
    const solo = stalled({ role, highWaterMark: 0, strict: true })
    function firstCaller() {
      return solo.conn.writeMessage('first')
    }
    function secondCaller() {
      return solo.conn.writeMessage('second')
    }
    const first = watch(firstCaller())
    await solo.settle()
    const error = await errorOf(secondCaller())
    expect(error).toEqual(failure('ERR_WS_CONCURRENT_WRITE'))
    expect((error as Error).message).toMatch(/secondCaller.* while .*firstCaller/)
    solo.transport.holds = false
    solo.transport.handOver()
    await solo.settle()
    expect(first.state).toBe('resolved')
    const third = watch(solo.conn.writeMessage('third'))
    await solo.settle()
    expect(third.state).toBe('resolved')
    expect(solo.log).toEqual(['text first', 'text third'])
  })
})

test('TestWriteBufferPoolSync: many connections share it, and none writes into the buffer of another', async () => {
  const pairs = Array.from({ length: 20 }, () => pipe({ writeBufferSize: 64 }))
  const writers = await Promise.all(pairs.map(([server]) => server.nextWriter(1)))
  for (let round = 0; round < 10; round++)
    await Promise.all(writers.map((writer, i) => writer.write(`${i}:${round};`)))
  await Promise.all(writers.map((writer) => writer.close()))
  for (const [i, [server, client]] of pairs.entries()) {
    const expected = Array.from({ length: 10 }, (_, round) => `${i}:${round};`).join('')
    expect(await client.readText()).toBe(expected)
    server.terminate()
  }
})
