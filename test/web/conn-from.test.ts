// Connections over a transport of the application's own, with what every runtime has.
// RFC 6455 §5.1: a client masks, a server does not.

import { describe, expect, test } from 'vitest'
import type { ByteReceiver } from '../../src/codec/ports.ts'
import { type ConnFromOptions, connFrom } from '../../src/web/conn-from.ts'
import { failure } from '../conn/connections.ts'
import { MemoryTransport } from '../conn/memory-transport.ts'
import { frameBytes, join } from '../fuzz/frames.ts'
import { decodeAll } from '../reference/decode.ts'

const key = Uint8Array.of(1, 2, 3, 4)
const frame = (text: string, masked = true) =>
  frameBytes({ fin: true, opcode: 1, payload: new TextEncoder().encode(text), key: masked ? key : undefined })

async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setTimeout(resolve, 0))
}

test.each([['server'], ['client']] as const)('a %s talks frames from the first byte on', async (role) => {
  const transport = new MemoryTransport()
  const conn = connFrom(transport, { role, subprotocol: 'chat' })
  expect([conn.state, conn.subprotocol, conn.handshake.extensions]).toEqual(['open', 'chat', []])
  expect(Object.isFrozen(conn.handshake)).toBe(true)
  expect(conn.socket).toBe(transport.raw)
  transport.receive(frame('hello', role === 'server'))
  expect(await conn.readText()).toBe('hello')
  await conn.writeMessage('back')
  await settle()
  const other = role === 'server' ? 'client' : 'server'
  expect(decodeAll(transport.written, { role: other }).map(({ text }) => text)).toEqual(['back'])
  conn.terminate()
  expect((await conn.closed).code).toBe(1006)
})

describe('early bytes', () => {
  test('come before what the transport delivers, cut anywhere', async () => {
    const bytes = join([frame('one'), frame('two'), frame('three')])
    for (let cut = 0; cut <= bytes.length; cut++) {
      const transport = new MemoryTransport()
      const conn = connFrom(transport, { role: 'server', early: bytes.slice(0, cut) })
      transport.receive(bytes.slice(cut))
      expect([await conn.readText(), await conn.readText(), await conn.readText()]).toEqual([
        'one',
        'two',
        'three',
      ])
    }
  })

  test('that are wrong end the connection as later ones do', async () => {
    const transport = new MemoryTransport()
    const conn = connFrom(transport, { role: 'server', early: Uint8Array.of(0x83, 0x80) })
    await expect(conn.readMessage()).rejects.toEqual(failure('ERR_WS_OPCODE'))
    transport.receiveEnd()
    expect((await conn.closed).code).toBe(1002)
    expect(transport.misuse).toEqual([])
  })
})

test.each<[string, unknown]>([
  ['no role', {}],
  ['another role', { role: 'peer' }],
  ['a bad limit', { role: 'server', readLimit: -1 }],
  ['early bytes that are none', { role: 'server', early: 'text' }],
])('%s throws at once, and the transport is not begun with', (_, options) => {
  const transport = new MemoryTransport()
  let started = false
  transport.start = (_: ByteReceiver) => {
    started = true
  }
  expect(() => connFrom(transport, options as ConnFromOptions)).toThrow(failure('ERR_WS_ARGUMENT') as Error)
  expect(started).toBe(false)
})
