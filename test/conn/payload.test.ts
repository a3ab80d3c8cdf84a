// What may be given as a payload: bytes of every kind, each exactly those it shows; and that misuse throws at once.
// A message is never invented: a value is not coerced to a string, and memory that is gone is no empty message.

import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import type { Bytes } from '../../src/codec/payload.ts'
import { counted, failure, Solo } from './connections.ts'

type Resizable = ArrayBuffer & { resize(length: number): void }
const ResizableBuffer = ArrayBuffer as unknown as new (
  length: number,
  options: { maxByteLength: number },
) => Resizable

/** A buffer of 64 bytes 0, 1, 2... */
function numbered<B extends ArrayBufferLike>(buffer: B): B {
  const bytes = new Uint8Array(buffer)
  for (let i = 0; i < bytes.length; i++) bytes[i] = i
  return buffer
}

const all = Array.from({ length: 64 }, (_, i) => i)
const buffer = () => numbered(new ArrayBuffer(64))

describe.each([['server'], ['client']] as const)('a %s sends exactly the bytes of', (role) => {
  test.each<[string, () => Bytes, number[]]>([
    ['a Uint8Array', () => new Uint8Array(buffer()), all],
    ['a Uint8Array of a part', () => new Uint8Array(buffer(), 3, 10), all.slice(3, 13)],
    ['a Buffer', () => Buffer.from(buffer()), all],
    ['a Buffer of a part', () => Buffer.from(buffer(), 5, 7), all.slice(5, 12)],
    ['a small Buffer of the pool', () => Buffer.from([1, 2, 3]), [1, 2, 3]],
    ['an ArrayBuffer', buffer, all],
    ['O1: a DataView of a part', () => new DataView(buffer(), 9, 11), all.slice(9, 20)],
    ['an Int8Array', () => new Int8Array(buffer(), 1, 2), [1, 2]],
    ['a Uint8ClampedArray', () => new Uint8ClampedArray(buffer(), 60), [60, 61, 62, 63]],
    ['O1: a Uint16Array of a part', () => new Uint16Array(buffer(), 2, 3), all.slice(2, 8)],
    ['O1: a Float64Array of a part', () => new Float64Array(buffer(), 8, 2), all.slice(8, 24)],
    ['a BigInt64Array', () => new BigInt64Array(buffer()), all],
    ['a SharedArrayBuffer', () => numbered(new SharedArrayBuffer(64)), all],
    [
      'a view of a SharedArrayBuffer',
      () => new Uint8Array(numbered(new SharedArrayBuffer(64)), 4, 4),
      [4, 5, 6, 7],
    ],
    ['a resizable ArrayBuffer', () => numbered(new ResizableBuffer(64, { maxByteLength: 128 })), all],
    [
      'a view that follows the length of a resizable buffer',
      () => {
        const resizable = numbered(new ResizableBuffer(32, { maxByteLength: 128 }))
        const view = new Uint8Array(resizable, 4)
        resizable.resize(64)
        numbered(resizable)
        return view
      },
      all.slice(4),
    ],
    [
      'an ArrayBuffer of another realm',
      () => runInNewContext('Uint8Array.of(1, 2, 3).buffer') as ArrayBuffer,
      [1, 2, 3],
    ],
    [
      'a view of another realm',
      () => runInNewContext('new Uint8Array([0, 1, 2, 3]).subarray(1)') as Uint8Array,
      [1, 2, 3],
    ],
    ['nothing', () => new Uint8Array(0), []],
  ])('%s', async (_, make, expected) => {
    const solo = new Solo({ role })
    await solo.conn.writeMessage(make())
    const ping = solo.conn.ping(make())
    await solo.settle()
    expect(solo.sent.map(({ type, data }) => [type, [...data!]])).toEqual([
      [2, expected],
      [9, expected],
    ])
    await solo.receive(solo.frame(10, Uint8Array.from(expected)))
    expect(await ping).toBe(0)
  })
})

test.each([
  ['shared', () => new SharedArrayBuffer(100_000)],
  ['resizable', () => new ResizableBuffer(100_000, { maxByteLength: 200_000 })],
])('%s memory is copied before the call returns, large as it may be', async (_, make) => {
  const solo = new Solo()
  solo.transport.holds = true
  const memory = make()
  new Uint8Array(memory).fill(1)
  const write = solo.conn.writeMessage(memory)
  new Uint8Array(memory).fill(2)
  if ('resize' in memory) (memory as Resizable).resize(10)
  solo.transport.handOver()
  await write
  await solo.settle()
  expect(solo.sent[0].data!.every((byte) => byte === 1)).toBe(true)
  expect(solo.sent[0].data!.length).toBe(100_000)
})

describe('J6: the payload is left as it is', () => {
  test.each([['server'], ['client']] as const)('by a %s', async (role) => {
    const solo = new Solo({ role })
    for (const size of [0, 10, 1000, 40_000, 100_000]) {
      const payload = counted(size)
      const write = solo.conn.writeMessage(payload)
      await solo.settle()
      await write
      expect(Buffer.compare(payload, counted(size))).toBe(0)
    }
  })
})

describe('misuse throws at once, sends nothing and harms nothing:', () => {
  const anything = (value: unknown) => value as string
  const isUnharmed = async (solo: Solo) => {
    await solo.settle()
    expect(solo.transport.writes).toEqual([])
    await solo.conn.writeMessage('fine')
    await solo.settle()
    expect(solo.log).toEqual(['text fine'])
    expect(solo.clock.timerCount).toBe(0)
  }

  test.each([
    ['null', null],
    ['undefined', undefined],
    ['a boolean', true],
    ['an object', { length: 3 }],
    ['an array', [1, 2, 3]],
    ['a symbol', Symbol('x')],
    ['a bigint', 1n],
    ['a String object', new String('x')],
    ['a function', () => 'x'],
    ['a promise', Promise.resolve('x')],
  ])('N11: %s as a message', async (_, value) => {
    const solo = new Solo()
    const { conn } = solo
    for (const call of [
      () => conn.writeMessage(anything(value)),
      () => conn.writeMessage(1, anything(value)),
      () => conn.writeMessage(2, anything(value)),
      () => conn.writeControl(9, anything(value === undefined ? null : value)),
      () => conn.ping(anything(value === undefined ? null : value)),
    ]) {
      expect(call).toThrow(TypeError)
      expect(call).toThrow(failure('ERR_WS_ARGUMENT') as Error)
    }
    await isUnharmed(solo)
  })

  test.each([0, 3, 7, 11, -1, 1.5, Number.NaN, 257])('%d as a type', async (type) => {
    const solo = new Solo()
    expect(() => solo.conn.writeMessage(type as 1, 'x')).toThrow(failure('ERR_WS_ARGUMENT') as Error)
    expect(() => solo.conn.writeControl(type as 9, 'x')).toThrow(failure('ERR_WS_ARGUMENT') as Error)
    await isUnharmed(solo)
  })

  test.each<[string, (gone: ArrayBuffer) => Bytes]>([
    ['an ArrayBuffer', (gone) => gone],
    ['a Uint8Array', (gone) => new Uint8Array(gone)],
    ['a Buffer', (gone) => Buffer.from(gone)],
    ['a Float64Array', (gone) => new Float64Array(gone)],
    ['a DataView', (gone) => new DataView(gone)],
  ])('O3: %s whose memory was transferred away', async (_, make) => {
    const solo = new Solo()
    const gone = new ArrayBuffer(8)
    const message = make(gone)
    structuredClone(gone, { transfer: [gone] })
    expect(() => solo.conn.writeMessage(message)).toThrow(TypeError)
    expect(() => solo.conn.writeMessage(message)).toThrow(failure('ERR_WS_ARGUMENT') as Error)
    await isUnharmed(solo)
  })

  test('D8: more than 125 bytes for a control frame', async () => {
    const solo = new Solo()
    for (const call of [
      () => solo.conn.ping('x'.repeat(126)),
      () => solo.conn.ping('€'.repeat(42)),
      () => solo.conn.writeControl(10, counted(126)),
      () => solo.conn.writeControl(9, counted(126)),
      () => solo.conn.writeControl(8, counted(126)),
      () => solo.conn.writeMessage(9, counted(126)),
    ]) {
      expect(call).toThrow(RangeError)
      expect(call).toThrow(failure('ERR_WS_ARGUMENT') as Error)
    }
    await isUnharmed(solo)
  })

  test.each([
    { timeout: -1 },
    { timeout: 2 ** 31 },
    { timeout: '5' as unknown as number },
    { deadline: 5 as unknown as Date },
  ])('the limit %o of an operation', async (op) => {
    const solo = new Solo()
    for (const call of [
      () => solo.conn.writeMessage('x', op),
      () => solo.conn.writeMessage(1, 'x', op),
      () => solo.conn.writeMessage(counted(40_000), op),
      () => solo.conn.writeControl(9, 'x', op),
      () => solo.conn.ping('x', op),
      () => solo.conn.flush(op),
    ]) {
      expect(call).toThrow(failure('ERR_WS_ARGUMENT') as Error)
    }
    await isUnharmed(solo)
  })
})
