// A message that is written through a stream, of the web platform or of Node: how the stream's end becomes the message's.
// RFC 6455 §5.4.

import { pipeline, Readable } from 'node:stream'
import { describe, expect, test, vi } from 'vitest'
import { nodeWritable } from '../../src/node/streams.ts'
import { counted, failure, type Solo, watch } from './connections.ts'
import { start, words } from './writers.ts'

describe('as a stream of the web platform', () => {
  test('what is piped into it is one message', async () => {
    const { solo } = start({ writeBufferSize: 10 })
    const writer = await solo.conn.nextWriter(2)
    const source = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let i = 0; i < 5; i++) controller.enqueue(counted(7, i))
        controller.close()
      },
    })
    await source.pipeTo(writer.writable)
    await solo.conn.writeMessage('next')
    await solo.settle()
    expect(words(solo)).toEqual(['2:7', '0:7', '0:7', '0:7', '0:7.', '1:4.'])
  })

  test.each([
    [5, undefined],
    [11, 1011],
  ])('a source that fails behind %d bytes gives the message up: close code %s', async (length, closeCode) => {
    const { solo, pool } = start({ writeBufferSize: 10 })
    const writer = await solo.conn.nextWriter(2)
    const cause = new Error('the source broke')
    let pulls = 0
    const source = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (pulls++ === 0) controller.enqueue(counted(length))
        else controller.error(cause)
      },
    })
    const next = watch(solo.conn.writeMessage('next'))
    await expect(source.pipeTo(writer.writable)).rejects.toBe(cause)
    await solo.settle()
    expect(solo.sentClose).toBe(closeCode)
    expect(pool.out.size).toBe(0)
    if (closeCode === undefined) expect([next.state, solo.log]).toEqual(['resolved', ['text next']])
    else expect(next.error).toEqual(failure('ERR_WS_WRITER_ABORTED', { cause }))
  })

  test.each([
    ['a chunk that is none', 5],
    ['a chunk that makes the text no UTF-8', Uint8Array.of(0xff)],
  ])('%s gives the message up, since the stream is of no more use', async (_, chunk) => {
    for (const writeBufferSize of [1, 4096]) {
      const { solo } = start({ writeBufferSize })
      const writer = await solo.conn.nextWriter(1)
      const into = writer.writable.getWriter()
      const closed = watch(into.closed as Promise<unknown>)
      await into.write('good')
      await expect(into.write(chunk as never)).rejects.toBeInstanceOf(Error)
      await solo.settle()
      expect(closed.state).toBe('rejected')
      const next = watch(solo.conn.writeMessage('next'))
      await solo.settle()
      if (writeBufferSize === 4096) expect([next.state, solo.log]).toEqual(['resolved', ['text next']])
      else expect(solo.sentClose).toBe(1011)
    }
  })

  test('a text that ends inside of a character cannot be closed, and is given up', async () => {
    const { solo } = start()
    const into = (await solo.conn.nextWriter(1)).writable.getWriter()
    into.closed.catch(() => {})
    await into.write(Uint8Array.of(0xe2))
    await expect(into.close()).rejects.toEqual(failure('ERR_WS_INVALID_UTF8'))
    await solo.conn.writeMessage('next')
    await solo.settle()
    expect(solo.log).toEqual(['text next'])
  })

  test('an abort does not wait for a peer that never reads', async () => {
    const { solo } = start({ highWaterMark: 10, writeBufferSize: 10 }, true)
    const into = (await solo.conn.nextWriter(2)).writable.getWriter()
    into.closed.catch(() => {})
    const written = watch(into.write(counted(1000)))
    await solo.settle()
    expect(written.state).toBe('pending')
    const cause = new Error('given up')
    const aborted = watch(into.abort(cause))
    await solo.settle()
    await expect(solo.conn.writeMessage('x')).rejects.toEqual(failure('ERR_WS_WRITER_ABORTED', { cause }))
    await solo.clock.advance(5000)
    expect([written.state, aborted.state]).toEqual(['rejected', 'resolved'])
    expect(await solo.conn.closed).toMatchObject({ code: 1011 })
  })
})

test('a runtime whose streams have no signal gives the message up by abort()', async () => {
  type Sink = UnderlyingSink<string> & { start(controller: unknown): void }
  let sink: Sink | undefined
  vi.stubGlobal(
    'WritableStream',
    class {
      constructor(given: Sink) {
        sink = given
      }
    },
  )
  const { solo } = start({ writeBufferSize: 1 })
  const writer = await solo.conn.nextWriter(1)
  try {
    expect(writer.writable).toBeDefined()
  } finally {
    vi.unstubAllGlobals()
  }
  sink!.start({})
  await sink!.write!('text', undefined as never)
  sink!.abort!(new Error('given up'))
  await solo.settle()
  expect(words(solo)).toEqual(['1:4', '8:2.'])
})

describe('as a stream of Node', () => {
  /** Runs a pipeline into a writer of `solo`, to its end. */
  async function pipe(solo: Solo, source: Iterable<unknown> | AsyncIterable<unknown>): Promise<unknown> {
    const writer = await solo.conn.nextWriter(1)
    const error = await new Promise((resolve) => {
      pipeline(Readable.from(source), nodeWritable(writer), (error) => resolve(error))
    })
    await solo.settle()
    return error
  }

  test('what is piped into it is one message', async () => {
    const { solo } = start({ writeBufferSize: 4 })
    expect(await pipe(solo, ['ab', 'cd', Buffer.from('é'), 'efghij'])).toBeUndefined()
    expect(words(solo)).toEqual(['1:4', '0:2', '0:6', '0:0.'])
    expect(solo.log).toEqual(['text abcdéefghij'])
  })

  test.each([
    ['abc', undefined],
    ['abcde', 1011],
  ])('a source that fails behind %j gives the message up: close code %s', async (text, closeCode) => {
    const { solo } = start({ writeBufferSize: 4 })
    const cause = new Error('the source broke')
    async function* source() {
      yield text
      throw cause
    }
    expect(await pipe(solo, source())).toBe(cause)
    expect(solo.sentClose).toBe(closeCode)
    const next = watch(solo.conn.writeMessage('next'))
    await solo.settle()
    expect(next.state).toBe(closeCode === undefined ? 'resolved' : 'rejected')
  })

  test('a chunk that makes the text no UTF-8 gives it up', async () => {
    const { solo } = start()
    expect(await pipe(solo, [Buffer.of(0xff)])).toEqual(failure('ERR_WS_INVALID_UTF8'))
    await solo.conn.writeMessage('next')
    await solo.settle()
    expect(solo.log).toEqual(['text next'])
  })
})
