// Whose the bytes of a write are, and until when, while the peer does not read.
// The transport holds its writes back, and shows at the hand-over what their memory holds by then.

import { describe, expect, test } from 'vitest'
import { VALID_UTF8 } from '../../src/codec/message.ts'
import { counted, received, Solo, type SoloOptions, stalled, watch } from './connections.ts'

const KiB = 1024

describe('a large payload given as bytes to a server', () => {
  test('N4: is not copied: its write settles only when it has left', async () => {
    const solo = stalled()
    const payload = counted(32 * KiB + 1)
    const write = watch(solo.conn.writeMessage(payload))
    await solo.settle()
    expect([write.state, solo.transport.heldCount]).toEqual(['pending', 1])
    payload[0] = 99
    solo.transport.handOver()
    await solo.settle()
    expect(write.state).toBe('resolved')
    expect(solo.sent[0].data![0]).toBe(99)
  })

  test('leaves in one write with its header and what was written beside it', async () => {
    const solo = new Solo()
    solo.conn.writeMessage('before')
    solo.conn.writeMessage(counted(40 * KiB))
    solo.conn.writeMessage('behind')
    await solo.settle()
    expect(solo.transport.writes.length).toBe(1)
    expect(solo.sent.map(({ data }) => data!.length)).toEqual([6, 40 * KiB, 6])
  })

  test('waits for what was written before it, and not for what is written behind it', async () => {
    const solo = stalled()
    solo.conn.writeMessage(counted(1000))
    await solo.settle()
    const write = watch(solo.conn.writeMessage(counted(33 * KiB)))
    await solo.settle()
    solo.conn.writeMessage(counted(1000))
    await solo.settle()
    solo.transport.handOver(1)
    await solo.settle()
    expect(write.state).toBe('pending')
    solo.transport.handOver(1)
    await solo.settle()
    expect(write.state).toBe('resolved')
  })
})

describe.each<[string, SoloOptions, (solo: Solo, payload: Uint8Array) => Promise<void>, number]>([
  ['32 KiB given as bytes', {}, ({ conn }, payload) => conn.writeMessage(payload), 32 * KiB],
  ['100 KiB with copy', {}, ({ conn }, payload) => conn.writeMessage(payload, { copy: true }), 100 * KiB],
  [
    '100 KiB of text with copy',
    {},
    ({ conn }, payload) => conn.writeMessage(1, payload, { copy: true }),
    100 * KiB,
  ],
  ['100 KiB of a client', { role: 'client' }, ({ conn }, payload) => conn.writeMessage(payload), 100 * KiB],
  ['a ping', {}, ({ conn }, payload) => conn.writeControl(9, payload), 125],
])('a payload of %s', (_, options, write, size) => {
  test('N4: is accepted at once and may be changed at once', async () => {
    const solo = stalled(options)
    const payload = new Uint8Array(size).fill(0x61)
    await write(solo, payload)
    payload.fill(0x62)
    await solo.settle()
    solo.transport.handOver()
    const [{ data }] = solo.sent
    expect(data!.length).toBe(size)
    expect(data!.every((byte) => byte === 0x61)).toBe(true)
  })
})

test('strings and received messages of any size are accepted at once', async () => {
  const solo = stalled()
  await solo.conn.writeMessage('x'.repeat(200 * KiB))
  await solo.conn.writeMessage(received(2, counted(200 * KiB), VALID_UTF8))
  solo.transport.handOver()
  expect(solo.sent.map(({ data }) => data!.length)).toEqual([200 * KiB, 200 * KiB])
})

test('N4: what a stalled peer gets at last is byte-exact, although other connections write in the meantime', async () => {
  const [solo, other] = [stalled(), new Solo()]
  const sizes = [10, 200, 5000, 30_000, 32_768, 65_000, 3]
  const owed: Uint8Array[] = []
  for (let round = 0; round < 30; round++) {
    for (const size of sizes) {
      const payload = counted(size, round)
      owed.push(payload.slice())
      await solo.conn.writeMessage(payload, { copy: true })
      payload.fill(0)
      other.conn.writeMessage(new Uint8Array(size).fill(0xee))
    }
    await Promise.all([solo.settle(), other.settle()])
    if (round % 3 === 0) solo.transport.handOver(1)
  }
  solo.transport.handOver()
  expect(solo.sent.length).toBe(owed.length)
  for (const [i, { data }] of solo.sent.entries()) expect(Buffer.compare(data!, owed[i])).toBe(0)
})

test('the memory of connections that were lost while they wrote is used again', async () => {
  const slabs = new Set<Uint8Array>()
  for (let i = 0; i < 300; i++) {
    const solo = new Solo()
    solo.transport.write = ([{ bytes }]) => {
      slabs.add(bytes)
      return false
    }
    solo.conn.writeMessage(counted(5000))
    await solo.settle()
    solo.transport.gone()
  }
  // They are 1.5 MB, 24 slabs full.
  expect(slabs.size).toBeLessThanOrEqual(3)
})

test('what a torn down transport still holds is left alone until it is gone', async () => {
  const [solo, other] = [stalled(), new Solo()]
  solo.transport.holdsClose = true
  for (let i = 0; i < 8; i++) solo.conn.writeMessage(counted(9000))
  await solo.settle()
  const held = solo.transport.heldBytes.slice()
  solo.conn.terminate()
  for (let i = 0; i < 40; i++) other.conn.writeMessage(new Uint8Array(9000).fill(0xee))
  await other.settle()
  expect(Buffer.compare(solo.transport.heldBytes, held)).toBe(0)
  solo.transport.gone()
  expect((await solo.conn.closed).code).toBe(1006)
})
