// The rest of a message that nobody reads any more: it is dropped as it comes, whatever waits behind it.
// RFC 6455 §5.4.

import { expect, test } from 'vitest'
import type { Conn } from '../../src/conn/conn.ts'
import { holding } from '../codec/costs.ts'
import { counted, Solo } from './connections.ts'

const MIB = 1 << 20

const waits: [name: string, next: (conn: Conn) => Promise<unknown>][] = [
  ['readMessage', async (conn) => (await conn.readMessage()).text()],
  ['a loop', async (conn) => (await conn[Symbol.asyncIterator]().next()).value.text()],
  ['a batch', async (conn) => (await conn.batches().next()).value[0].text()],
  ['nextReader', async (conn) => Buffer.from((await (await conn.nextReader()).read())!).toString()],
]

test.each(waits)('the rest of a message is not gathered while %s waits behind it', async (_, next) => {
  const solo = new Solo()
  await solo.receive(solo.frame(2, counted(100), false))
  const reader = await solo.conn.nextReader()
  await reader.read()
  const behind = next(solo.conn)
  const part = solo.frame(0, counted(MIB), false)
  const { bytes } = holding(() => {
    for (let i = 0; i < 12; i++) solo.transport.receive(part.slice())
  })
  expect(bytes).toBeLessThan(2 * MIB)
  await solo.receive(solo.frame(0, 'end'), solo.frame(1, 'next'))
  expect(await behind).toBe('next')
  expect(await reader.read()).toBe(null)
})
