// The pieces of a message as a stream of the web platform and as a loop: backpressure, and what leaving them leaves.
// RFC 6455 §5.4.

import { Buffer } from 'node:buffer'
import { describe, expect, test } from 'vitest'
import { failure, Solo } from './connections.ts'
import { textOf, word } from './pieces.ts'

describe('as a stream of the web platform', () => {
  test('the rest of the message comes until its end', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'one', false))
    const reader = await solo.conn.nextReader()
    await reader.read()
    const text = new Response(reader.readable).text()
    await solo.receive(solo.frame(0, 'two ', false))
    await solo.receive(solo.frame(0, 'three'))
    expect(await text).toBe('two three')
  })

  test('nothing is read before it is asked for', async () => {
    const solo = new Solo({ readBufferSize: 1 })
    await solo.receive(solo.frame(1, 'a', false))
    const stream = (await solo.conn.nextReader()).readable
    await solo.receive(solo.frame(0, 'b', false))
    expect(solo.transport.isPaused).toBe(true)
    const reader = stream.getReader()
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('ab')
    expect(solo.transport.isPaused).toBe(false)
  })

  test.each([[true], [false]])(
    'one that is cancelled leaves the rest to be skipped (a read is pending: %s)',
    async (isPending) => {
      const solo = new Solo()
      await solo.receive(solo.frame(1, 'a', false))
      const stream = (await solo.conn.nextReader()).readable.getReader()
      await stream.read()
      const pending = isPending ? stream.read() : undefined
      await solo.settle()
      await stream.cancel()
      expect(await pending).toEqual(isPending ? { done: true, value: undefined } : undefined)
      const next = solo.conn.readText()
      await solo.receive(solo.frame(0, 'b', false))
      await solo.receive(solo.frame(0, 'c'), solo.frame(1, 'next'))
      expect(await next).toBe('next')
    },
  )

  test('it fails as reads do', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'a', false))
    const stream = (await solo.conn.nextReader()).readable.getReader()
    await stream.read()
    const read = stream.read()
    solo.transport.gone(new Error('reset'))
    await expect(read).rejects.toEqual(failure('ERR_WS_ABNORMAL_CLOSURE'))
  })
})

describe('a loop over the pieces', () => {
  test('that is left goes on later where it stopped', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'one ', false))
    const reader = await solo.conn.nextReader()
    for await (const piece of reader) {
      expect(Buffer.from(piece).toString()).toBe('one ')
      break
    }
    await solo.receive(solo.frame(0, 'two'))
    expect(await textOf(reader)).toBe('two')
  })

  test('whose iterator is returned while it waits gives its place to the next read', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'one ', false))
    const reader = await solo.conn.nextReader()
    const iterator = reader[Symbol.asyncIterator]()
    await iterator.next()
    const pending = iterator.next()
    expect(await iterator.return?.()).toEqual({ done: true, value: undefined })
    expect(await pending).toEqual({ done: true, value: undefined })
    const next = word(reader)
    await solo.receive(solo.frame(0, 'two'))
    expect(await next).toBe('two')
  })

  test('whose iterator is returned leaves a read of others alone', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'one ', false))
    const reader = await solo.conn.nextReader()
    const iterator = reader[Symbol.asyncIterator]()
    await iterator.next()
    const next = word(reader)
    await iterator.return?.()
    await solo.receive(solo.frame(0, 'two'))
    expect(await next).toBe('two')
  })
})
