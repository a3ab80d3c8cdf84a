// Messages that are read into memory of the caller's, as strings and as JSON.
// RFC 6455 §5.6; gorilla/websocket's ReadJSON.

import { describe, expect, test } from 'vitest'
import { counted, failure, Solo, watch } from './connections.ts'

type Resizable = ArrayBuffer & { resize(length: number): void }
const ResizableBuffer = ArrayBuffer as unknown as new (
  length: number,
  options: { maxByteLength: number },
) => Resizable

describe('readMessage({ into })', () => {
  const memories: [string, (length: number) => Uint8Array][] = [
    ['an array', (length) => new Uint8Array(length)],
    ['a Buffer', (length) => Buffer.alloc(length)],
    ['the middle of a buffer', (length) => new Uint8Array(new ArrayBuffer(length + 7), 3, length)],
    ['shared memory', (length) => new Uint8Array(new SharedArrayBuffer(length))],
    [
      'resizable memory',
      (length) => new Uint8Array(new ResizableBuffer(length, { maxByteLength: length * 2 })),
    ],
  ]
  test.each(memories)('fills %s, whether the message waits or is waited for', async (_, make) => {
    const solo = new Solo()
    const into = make(10)
    const waiting = solo.conn.readMessage({ into })
    await solo.receive(solo.frame(2, 'abc'))
    const message = await waiting
    expect(Buffer.from(message.data).toString()).toBe('abc')
    expect([message.data.buffer, message.data.byteOffset, message.byteLength]).toEqual([
      into.buffer,
      into.byteOffset,
      3,
    ])
    await solo.receiveTexts('0123456789')
    const exact = await solo.conn.readMessage({ into })
    expect([exact.type, Buffer.from(exact.data).toString()]).toEqual([1, '0123456789'])
    expect(exact.data.buffer).toBe(into.buffer)
    // One memory: it changes with the next message that is read into it.
    expect(Buffer.from(message.data).toString()).toBe('012')
  })

  test.each(memories.slice(0, 3))('text() and json() of %s work', async (_, make) => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, '["ä€"]'), solo.frame(1, '"ascii"'), solo.frame(2, '5'))
    const into = make(20)
    expect((await solo.conn.readMessage({ into })).text()).toBe('["ä€"]')
    expect((await solo.conn.readMessage({ into })).json()).toBe('ascii')
    expect((await solo.conn.readMessage({ into })).json()).toBe(5)
  })

  test('a message that does not fit gets memory of its own, whole; nothing is filled', async () => {
    const solo = new Solo()
    const into = new Uint8Array(3).fill(7)
    await solo.receive(solo.frame(2, 'abcd'), solo.frame(2, counted(100_000)), solo.frame(2, 'xyz'))
    const message = await solo.conn.readMessage({ into })
    expect([message.byteLength, message.data.buffer.byteLength, into]).toEqual([4, 4, Uint8Array.of(7, 7, 7)])
    expect(Buffer.compare((await solo.conn.readMessage({ into })).data, counted(100_000))).toBe(0)
    expect((await solo.conn.readMessage({ into })).data.buffer).toBe(into.buffer)
  })

  test('no room is room for an empty message', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(2), solo.frame(2, 'a'))
    const into = new Uint8Array(0)
    const empty = await solo.conn.readMessage({ into })
    expect([empty.byteLength, empty.data.buffer === into.buffer]).toEqual([0, true])
    expect((await solo.conn.readMessage({ into })).byteLength).toBe(1)
  })

  test.each([
    ['text'],
    [[1, 2]],
    [null],
    [new ArrayBuffer(8)],
    [new Uint16Array(8)],
    [new DataView(new ArrayBuffer(8))],
  ])('anything else throws at once and takes no message: %s', async (into) => {
    const solo = new Solo()
    await solo.receiveTexts('kept')
    const read = () => solo.conn.readMessage({ into: into as unknown as Uint8Array })
    expect(read).toThrow(TypeError)
    expect(read).toThrow(failure('ERR_WS_ARGUMENT') as Error)
    expect(await solo.conn.readText()).toBe('kept')
  })

  test('rejects as other reads do', async () => {
    const solo = new Solo()
    const into = new Uint8Array(1)
    const late = watch(solo.conn.readMessage({ into, timeout: 10 }))
    await solo.clock.advance(10)
    expect(late.error).toEqual(failure('ERR_WS_TIMEOUT'))
    const read = solo.conn.readMessage({ into })
    await expect(solo.conn.readMessage({ into })).rejects.toEqual(failure('ERR_WS_CONCURRENT_READ'))
    await solo.receiveClose(1000)
    await expect(read).rejects.toEqual(failure('ERR_WS_CLOSED'))
  })
})

describe('readText()', () => {
  test('gives texts and what of binary messages is UTF-8', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, '\ufeffkäse'), solo.frame(2, 'käse'), solo.frame(1))
    expect([await solo.conn.readText(), await solo.conn.readText(), await solo.conn.readText()]).toEqual([
      '\ufeffkäse',
      'käse',
      '',
    ])
  })

  test('rejects for a binary message that is no UTF-8, and the connection goes on', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(2, Uint8Array.of(0xff)), solo.frame(1, 'next'))
    await expect(solo.conn.readText()).rejects.toEqual(
      failure('ERR_WS_INVALID_UTF8', { closeCode: undefined }),
    )
    expect([await solo.conn.readText(), solo.conn.state]).toEqual(['next', 'open'])
  })

  test('takes the limits of a read', async () => {
    const solo = new Solo()
    expect(() => solo.conn.readText({ timeout: -1 })).toThrow(RangeError)
    const late = watch(solo.conn.readText({ timeout: 10 }))
    await solo.clock.advance(10)
    expect(late.error).toEqual(failure('ERR_WS_TIMEOUT'))
  })
})

describe('readJSON()', () => {
  test('gives one value, of a text or a binary message', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, '{"a":[1,null]}\n'), solo.frame(2, '"ä"'))
    expect(await solo.conn.readJSON<{ a: unknown[] }>()).toEqual({ a: [1, null] })
    expect(await solo.conn.readJSON()).toBe('ä')
  })

  test.each([[''], ['{'], ['1 2'], ['undefined'], ['\ufeff1']])(
    'rejects with SyntaxError for %j, and the connection goes on',
    async (text) => {
      const solo = new Solo()
      await solo.receiveTexts(text, '7')
      await expect(solo.conn.readJSON()).rejects.toBeInstanceOf(SyntaxError)
      expect([await solo.conn.readJSON(), solo.conn.state]).toEqual([7, 'open'])
    },
  )

  test('rejects as other reads do', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(2, Uint8Array.of(0x22, 0xff, 0x22)))
    await expect(solo.conn.readJSON()).rejects.toEqual(failure('ERR_WS_INVALID_UTF8'))
    await solo.receiveClose(4000)
    await expect(solo.conn.readJSON()).rejects.toEqual(failure('ERR_WS_CLOSED', { closeCode: 4000 }))
  })
})

test('a result that nobody looks at is no unhandled rejection', async () => {
  const solo = new Solo()
  await solo.receiveTexts('{', 'x')
  solo.conn.readJSON()
  solo.conn.readJSON()
  solo.conn.readText()
  await solo.receiveClose(1000)
  solo.conn.readMessage({ into: new Uint8Array(1) })
  solo.conn[Symbol.asyncIterator]().next()
  solo.conn.batches().next()
  solo.conn.nextReader()
  // The guard of all tests looks for what went unhandled.
  solo.transport.receiveEnd()
  await solo.settle()
  expect([solo.clock.timerCount, solo.conn.state]).toEqual([0, 'closed'])
})
