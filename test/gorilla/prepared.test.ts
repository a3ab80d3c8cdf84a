// Row TestPreparedMessage of gorilla/websocket's prepared_test.go: a prepared message is on the wire what writeMessage sends.
// RFC 6455 §5.3: but for the masking key, which is fresh for each frame.

import { describe, expect, test } from 'vitest'
import { formatCloseMessage, PreparedMessage } from '../../src/index.ts'
import { Solo } from '../conn/connections.ts'
import { roles } from './wire.ts'

/** The same bytes each time, so that two connections mask with the same keys. */
const repeatable = () => {
  let next = 0
  return {
    fill(bytes: Uint8Array) {
      for (let i = 0; i < bytes.length; i++) bytes[i] = next++ * 37
    },
  }
}

const cases = [
  ['a text', 1, 'this is a test'],
  ['a text that is not ASCII', 1, 'dies ist ein Tést €'],
  ['a binary message', 2, 'this is a test'],
  ['a message of 16 bits of length', 2, 'x'.repeat(300)],
  ['a message of 64 bits of length', 2, 'x'.repeat(70_000)],
  ['an empty message', 1, ''],
  ['a ping', 9, 'this is a test'],
  ['a pong', 10, 'this is a test'],
  ['a Close frame', 8, formatCloseMessage(1001, 'this is a test')],
] as const

describe.each(roles)('sent by a %s', (role) => {
  test.each(cases)('TestPreparedMessage: %s is as writeMessage sends it', async (_, type, content) => {
    const written = new Solo({ role, random: repeatable() })
    await written.conn.writeMessage(type, content)
    await written.settle()

    const data = Uint8Array.from(Buffer.from(content))
    const prepared = new PreparedMessage(type, data)
    data.fill(0x21)
    for (let connection = 0; connection < 2; connection++) {
      const solo = new Solo({ role, random: repeatable() })
      await solo.conn.writePreparedMessage(prepared)
      await solo.settle()
      expect(Buffer.compare(solo.transport.written, written.transport.written)).toBe(0)
      expect(solo.conn.state).toBe(written.conn.state)
    }
  })

  test('TestPreparedMessage: goes behind an open writer, not into its message', async () => {
    const solo = new Solo({ role, writeBufferSize: 4 })
    const writer = await solo.conn.nextWriter(1)
    await writer.write('first ')
    solo.conn.writePreparedMessage(new PreparedMessage(1, 'prepared'))
    solo.conn.writePreparedMessage(new PreparedMessage(9, 'ping'))
    await writer.write('last')
    await writer.close()
    await solo.settle()
    expect(solo.log).toEqual(['ping ping', 'text first last', 'text prepared'])
  })
})

test('TestPreparedMessage: a client masks each send with a key of its own', async () => {
  const solo = new Solo({ role: 'client' })
  const prepared = new PreparedMessage(2, 'this is a test')
  const keys = new Set<string>()
  for (let i = 0; i < 100; i++) {
    await solo.conn.writePreparedMessage(prepared)
    await solo.settle()
    keys.add(Buffer.from(solo.transport.writes[i].subarray(2, 6)).toString('hex'))
  }
  // Two of a hundred random keys are the same once in a million runs; a shared one always is.
  expect(keys.size).toBeGreaterThan(98)
  expect(solo.log).toEqual(Array(100).fill('binary this is a test'))
})
