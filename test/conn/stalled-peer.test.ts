// What a peer that does not read may cost: memory of its own connection only, and no work that grows with the square.
// Both were once otherwise: its frames kept everybody's slabs from being used again, and each hand-over looked at every wait.

import { expect, test } from 'vitest'
import { Encoder } from '../../src/codec/encoder.ts'
import { SLAB_BYTES } from '../../src/codec/slab.ts'
import { stalled } from './connections.ts'

test('a hundred thousand writes that wait are settled in linear time once the peer reads', async () => {
  const solo = stalled({ highWaterMark: 0 })
  const writes: Promise<void>[] = []
  for (let i = 0; i < 100_000; i++) writes.push(solo.conn.writeMessage('x'))
  await solo.settle()
  solo.transport.holds = false
  const began = performance.now()
  while (solo.conn.bufferedAmount > 0) {
    solo.transport.handOver()
    await solo.settle()
  }
  await Promise.all(writes)
  // The square of it took minutes.
  expect(performance.now() - began).toBeLessThan(5_000)
})

test('the small frames of a stalled peer keep no memory of others: they stand together in slabs of their own', async () => {
  const slow = stalled()
  await slow.conn.writeMessage('under way')
  await slow.settle()
  const others = new Encoder({ role: 'server' })
  const theirs = new Set<ArrayBufferLike>()
  const filler = new Uint8Array(SLAB_BYTES / 2)
  for (let i = 0; i < 50; i++) {
    await slow.conn.writeMessage('waits')
    for (let half = 0; half < 2; half++) others.frame(0x82, filler, 0, filler.length - 10, false)
    const segments = others.take()
    for (const { bytes } of segments) theirs.add(bytes.buffer)
    others.release(segments)
  }
  // A frame of the stalled connection in each of them would have cost a slab a round.
  expect(theirs.size).toBeLessThan(5)
  slow.transport.holds = false
  slow.transport.handOver()
  await slow.settle()
  expect(slow.log.length).toBe(51)
})
