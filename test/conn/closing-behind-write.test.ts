// Ending a connection while a write is under way: everything accepted leaves before our end of the transport.
// RFC 6455 §5.5.1, §7.1.1.

import { describe, expect, test } from 'vitest'
import { counted, type Solo, stalled } from './connections.ts'

/** Two writes, the first under way and the second behind it; then `end` happens, then the peer drains. */
async function drained(solo: Solo, end: () => Promise<void>): Promise<void> {
  await solo.conn.writeMessage(counted(1000))
  await solo.settle()
  await solo.conn.writeMessage('second')
  await end()
  expect(solo.transport.calls).not.toContain('end')
  solo.transport.holds = false
  solo.transport.handOver()
  await solo.settle()
}

function endsBehindTheLastWrite({ transport: { calls } }: Solo): void {
  expect(calls).toContain('end')
  expect(calls.lastIndexOf('write')).toBeLessThan(calls.indexOf('end'))
}

describe.each(['server', 'client'] as const)('a %s with a write under way', (role) => {
  test('sends the rest and its answer when the peer closes', async () => {
    const solo = stalled({ role })
    await drained(solo, () => solo.receiveClose(1000))
    expect(solo.log).toEqual(['binary 1000 bytes', 'text second', 'close 1000'])
    if (role === 'client') solo.transport.receiveEnd()
    endsBehindTheLastWrite(solo)
  })

  test('sends the rest and the Close that names the fault', async () => {
    const solo = stalled({ role })
    await drained(solo, () => solo.receive(Uint8Array.of(0xf1, role === 'server' ? 0x80 : 0)))
    expect(solo.log.slice(0, 2)).toEqual(['binary 1000 bytes', 'text second'])
    expect(solo.sentClose).toBe(1002)
    endsBehindTheLastWrite(solo)
  })

  test('G12: sends the rest, our Close last, when we close', async () => {
    const solo = stalled({ role })
    await drained(solo, async () => {
      solo.conn.close(4000)
    })
    expect(solo.log).toEqual(['binary 1000 bytes', 'text second', 'close 4000'])
  })

  test('G12: is torn down at closeTimeout when the peer never drains', async () => {
    const solo = stalled({ role, closeTimeout: 800 })
    await solo.conn.writeMessage(counted(1000))
    await solo.settle()
    await solo.receiveClose(1000)
    await solo.clock.advance(800)
    expect(solo.transport.calls.at(-1)).toBe('destroy')
    expect(await solo.conn.closed).toMatchObject({ code: 1000 })
  })
})
