// Payloads in memory that changes, shrinks or goes away between the call of a write and the hand-over of its bytes.
// What may change is copied at once; what is borrowed and then taken away fails the connection, and no frame is torn.

import { describe, expect, test } from 'vitest'
import type { Bytes } from '../../src/codec/payload.ts'
import { counted, failure, Solo, stalled, watch } from './connections.ts'

type Resizable = ArrayBuffer & { resize(length: number): void }
const ResizableBuffer = ArrayBuffer as unknown as new (
  length: number,
  options: { maxByteLength: number },
) => Resizable

const roles = [['server'], ['client']] as const
/** Beyond what is copied beside its header; and what is copied. */
const LARGE = 100_000
const SMALL = 1000

function detach(buffer: ArrayBufferLike): void {
  structuredClone(buffer, { transfer: [buffer as ArrayBuffer] })
}

/** `buffer`, filled with bytes that differ along its length. */
function filled<B extends ArrayBufferLike>(buffer: B): B {
  new Uint8Array(buffer).set(counted(buffer.byteLength))
  return buffer
}

describe.each(roles)('a %s', (role) => {
  test.each<[string, (buffer: ArrayBuffer) => Bytes]>([
    ['a DataView', (buffer) => new DataView(buffer, 8, 64)],
    ['a Uint16Array', (buffer) => new Uint16Array(buffer, 8, 32)],
    ['a Float64Array', (buffer) => new Float64Array(buffer, 8, 8)],
    ['a Buffer', (buffer) => Buffer.from(buffer, 8, 64)],
  ])('O1: sends the bytes of %s, and not its elements', async (_, make) => {
    const solo = new Solo({ role })
    const view = make(filled(new ArrayBuffer(100)))
    await solo.conn.writeMessage(view)
    await solo.conn.writeControl(9, view)
    await solo.settle()
    expect(solo.sent.map(({ data }) => data!)).toEqual([counted(72).subarray(8), counted(72).subarray(8)])
  })

  test('O1: sends a large payload of elements of two bytes whole', async () => {
    const solo = new Solo({ role })
    const write = solo.conn.writeMessage(new Uint16Array(filled(new ArrayBuffer(LARGE))))
    await solo.settle()
    await write
    expect(Buffer.compare(solo.sent[0].data!, counted(LARGE))).toBe(0)
  })

  test.each([[SMALL], [LARGE]])(
    'O2: sends %d bytes as they were, though their buffer shrinks or grows',
    async (length) => {
      for (const size of [0, 10, length + 5000]) {
        const solo = stalled({ role })
        const buffer = filled(new ResizableBuffer(length, { maxByteLength: length + 5000 }))
        const writes = [solo.conn.writeMessage('first'), solo.conn.writeMessage(new Uint8Array(buffer))]
        buffer.resize(size)
        new Uint8Array(buffer).fill(0xff)
        await solo.settle()
        solo.transport.holds = false
        solo.transport.handOver()
        await solo.settle()
        await Promise.all(writes)
        expect(solo.log[0]).toBe('text first')
        expect(Buffer.compare(solo.sent[1].data!, counted(length))).toBe(0)
      }
    },
  )

  test('O2: a view that shrank before the call is as long as it is now', async () => {
    const solo = new Solo({ role })
    const buffer = filled(new ResizableBuffer(SMALL, { maxByteLength: SMALL }))
    const view = new Uint8Array(buffer)
    buffer.resize(20)
    await solo.conn.writeMessage(view)
    await solo.settle()
    expect(solo.sent.map(({ data }) => data!)).toEqual([counted(20)])
  })

  test('O3: a payload that is gone already is refused at once, and nothing is sent', async () => {
    const solo = new Solo({ role })
    const gone = counted(SMALL)
    const views = [gone, new DataView(gone.buffer), new Uint16Array(gone.buffer), gone.buffer]
    detach(gone.buffer)
    for (const view of views) {
      for (const call of [
        () => solo.conn.writeMessage(view),
        () => solo.conn.writeMessage(1, view),
        () => solo.conn.writeControl(9, view),
        () => solo.conn.ping(view),
      ]) {
        expect(call).toThrow(TypeError)
        expect(call).toThrow(failure('ERR_WS_ARGUMENT') as Error)
      }
    }
    await solo.settle()
    expect(solo.transport.writes).toEqual([])
  })

  test('O3: a copied payload may be transferred away as soon as the call returns', async () => {
    const solo = stalled({ role })
    const payloads = [counted(SMALL), counted(LARGE)]
    const writes = payloads.map((payload) => solo.conn.writeMessage(payload, { copy: true }))
    for (const { buffer } of payloads) detach(buffer)
    await solo.settle()
    solo.transport.holds = false
    solo.transport.handOver()
    await solo.settle()
    await Promise.all(writes)
    expect(solo.sent.map(({ data }) => Buffer.compare(data!, counted(data!.length)))).toEqual([0, 0])
  })

  test.each([[SMALL], [LARGE]])(
    'O4: sends %d bytes of shared memory as they were at the call',
    async (length) => {
      const solo = stalled({ role })
      const shared = new Uint8Array(filled(new SharedArrayBuffer(length)))
      const writes = [solo.conn.writeMessage(shared), solo.conn.writeMessage(shared.buffer)]
      shared.fill(0xff)
      await solo.settle()
      solo.transport.holds = false
      solo.transport.handOver()
      await solo.settle()
      await Promise.all(writes)
      for (const { data } of solo.sent) expect(Buffer.compare(data!, counted(length))).toBe(0)
      expect(solo.sent.length).toBe(2)
    },
  )
})

test('O3: a borrowed payload that is taken away while it waits fails its connection, and tears no frame', async () => {
  const solo = stalled()
  const first = watch(solo.conn.writeMessage('first', {}))
  await solo.settle()
  const payload = counted(LARGE)
  const write = watch(solo.conn.writeMessage(payload))
  const behind = watch(solo.conn.writeMessage('behind'))
  detach(payload.buffer)
  solo.transport.holds = false
  solo.transport.handOver()
  await solo.settle()
  expect([first.state, write.state]).toEqual(['resolved', 'rejected'])
  expect(write.error).toEqual(failure('ERR_WS_ABNORMAL_CLOSURE'))
  expect(behind.state).not.toBe('pending')
  expect(solo.log).toEqual(['text first'])
  expect(await solo.conn.closed).toMatchObject({ code: 1006, wasClean: false, error: write.error })
  expect(() => solo.conn.writeMessage('late')).not.toThrow()
  expect(solo.clock.timerCount).toBe(0)
})
