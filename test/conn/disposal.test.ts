// `await using`: a connection that is left is closed, a writer that is left is given up.
// The runtime may not have Symbol.asyncDispose: then there is no such method.

import { describe, expect, test, vi } from 'vitest'
import { makeDisposable } from '../../src/conn/disposal.ts'
import { counted, failure, watch } from './connections.ts'
import { start, words } from './writers.ts'

const { asyncDispose } = Symbol as unknown as { asyncDispose: 'dispose' }

/** What `await using` calls at the end of the block. */
function leave(one: unknown): Promise<void> {
  return (one as { dispose(): Promise<void> })[asyncDispose]()
}

describe('a connection that is left', () => {
  test('is closed with 1000 behind what was written, and waited for', async () => {
    const { solo } = start()
    solo.conn.writeMessage('last words')
    const left = watch(leave(solo.conn))
    await solo.settle()
    expect([left.state, solo.conn.state]).toEqual(['pending', 'closing'])
    expect(solo.log).toEqual(['text last words', 'close 1000'])
    await solo.receiveClose(1000)
    solo.transport.receiveEnd()
    await solo.settle()
    expect(left).toMatchObject({ state: 'resolved', value: undefined })
  })

  test('does not outlive closeTimeout, nor complain when it has ended before', async () => {
    const { solo } = start({ closeTimeout: 300 }, true)
    await solo.conn.writeMessage(counted(100))
    const left = watch(leave(solo.conn))
    await solo.clock.advance(300)
    expect(left.state).toBe('resolved')
    const again = watch(leave(solo.conn))
    await solo.settle()
    expect(again.state).toBe('resolved')
    const { solo: gone } = start()
    gone.transport.gone(new Error('reset'))
    await leave(gone.conn)
  })

  test('keeps a code that was sent before', async () => {
    const { solo } = start()
    solo.conn.close(4000, 'mine')
    const left = watch(leave(solo.conn))
    await solo.receiveClose(4000)
    solo.transport.receiveEnd()
    await solo.settle()
    expect([left.state, ...solo.log]).toEqual(['resolved', 'close 4000 mine'])
  })
})

describe('a writer that is left', () => {
  test('by a throw before anything was sent: nothing has happened', async () => {
    const { solo } = start()
    const use = async () => {
      const writer = await solo.conn.nextWriter(1)
      try {
        await writer.write('half')
        throw new Error('in the block')
      } finally {
        await leave(writer)
      }
    }
    await expect(use()).rejects.toThrow('in the block')
    await solo.conn.writeMessage('next')
    await solo.settle()
    expect(solo.log).toEqual(['text next'])
  })

  test('by a throw behind a part that was sent: the connection fails, and the message never looks whole', async () => {
    const { solo } = start({ writeBufferSize: 5 })
    const writer = await solo.conn.nextWriter(1)
    await writer.write('half a message')
    await leave(writer)
    await solo.settle()
    expect(words(solo)).toEqual(['1:14', '8:2.'])
    expect(solo.sentClose).toBe(1011)
    await expect(solo.conn.writeMessage('next')).rejects.toEqual(failure('ERR_WS_WRITER_ABORTED'))
  })

  test('behind close(), its rejection included: nothing more happens', async () => {
    const { solo } = start()
    const writer = await solo.conn.nextWriter(1)
    await writer.write('whole')
    await writer.close()
    await leave(writer)
    await leave(writer)
    await solo.settle()
    expect([solo.conn.state, ...solo.log]).toEqual(['open', 'text whole'])
  })
})

describe('makeDisposable()', () => {
  test('leaves a class as it is where the runtime knows no such symbol', () => {
    class Thing {}
    vi.stubGlobal('Symbol', { asyncDispose: undefined })
    try {
      makeDisposable(Thing.prototype, async () => {})
    } finally {
      vi.unstubAllGlobals()
    }
    expect(Reflect.ownKeys(Thing.prototype)).toEqual(['constructor'])
  })

  test('adds a method that no loop over the properties sees, and that a subclass may replace', async () => {
    class Thing {
      left = 0
    }
    makeDisposable(Thing.prototype, async (thing) => {
      thing.left++
    })
    const thing = new Thing()
    await leave(thing)
    expect([thing.left, Object.keys(Thing.prototype)]).toEqual([1, []])
    class Other extends Thing {}
    Object.defineProperty(Other.prototype, asyncDispose, { value: async () => {} })
    const other = new Other()
    await leave(other)
    expect(other.left).toBe(0)
  })
})
