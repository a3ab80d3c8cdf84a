// Pings and pongs in numbers and in places where they may do harm, through the protocol of one connection.
// RFC 6455 §5.5; the ids are those of docs/bad-input.md.

import { describe, expect, test } from 'vitest'
import { Protocol } from '../../src/codec/protocol.ts'
import { join } from '../fuzz/frames.ts'
import { kernelWays } from '../kernel/kernels.ts'
import { decodeAll } from '../reference/decode.ts'
import type { PlainEvent } from '../reference/events.ts'
import { parseBytes } from '../vectors/parse-vectors.ts'
import { frameTo, type Role } from './bad-inputs.ts'

const roles = ['server', 'client'] as const
const otherRole = { server: 'client', client: 'server' } as const

/** The payload of the ping with this number. */
const numbered = (i: number) => Uint8Array.of(i >> 16, i >> 8, i)
const pings = (role: Role, count: number) =>
  Array.from({ length: count }, (_, i) => frameTo(role, 0x89, numbered(i)))

/** What a protocol has encoded, read by the naive decoder. */
function encoded(our: Protocol): PlainEvent[] {
  return decodeAll(our.output(), { role: otherRole[our.role] })
}

const numbers = (pongs: readonly PlainEvent[]) => pongs.map(({ data }) => Buffer.from(data!).readUIntBE(0, 3))

describe.each(kernelWays)('%s', (_, kernel) => {
  test('D3: a ping between two fragments is answered before the message ends, which is whole', () => {
    for (const role of roles) {
      const our = new Protocol({ role, kernel })
      const start = join([frameTo(role, 1, '"Hel"'), frameTo(role, 0x89, '"now"')])
      for (const byte of start) our.receive(Uint8Array.of(byte))
      expect(encoded(our)).toEqual([{ type: 10, data: parseBytes('"now"') }])
      const [message] = our.receive(frameTo(role, 0x80, '"lo"'))
      expect(message.type === 1 && message.text()).toBe('Hello')
    }
  })

  test('D4: a flood of pings is answered ping by ping, in order, while the peer takes the answers', () => {
    for (const role of roles) {
      const our = new Protocol({ role, kernel })
      const flood = join(pings(role, 20_000))
      const answers: number[] = []
      for (let at = 0; at < flood.length; at += 65_536) {
        our.receive(flood.slice(at, at + 65_536))
        answers.push(...numbers(encoded(our)))
      }
      expect(answers).toEqual(Array.from({ length: 20_000 }, (_, i) => i))
    }
  })

  test('D5: while the peer takes nothing a flood of pings costs nothing, and the newest 16 are answered', () => {
    for (const role of roles) {
      const our = new Protocol({ role, kernel })
      our.congested = true
      for (const ping of pings(role, 20_000)) our.receive(ping)
      expect([our.pendingBytes, our.gatheredBytes, our.state]).toEqual([0, 0, 'open'])
      our.congested = false
      expect(numbers(encoded(our))).toEqual(Array.from({ length: 16 }, (_, i) => 19_984 + i))
    }
  })

  test('D6: a flood of pongs that nobody asked for is not answered and holds nothing', () => {
    for (const role of roles) {
      const our = new Protocol({ role, kernel })
      const pong = frameTo(role, 0x8a, '"?"*125')
      for (let i = 0; i < 10_000; i++) our.receive(pong.slice())
      expect([our.pendingBytes, our.gatheredBytes, our.state]).toEqual([0, 0, 'open'])
      our.receive(frameTo(role, 0x89))
      expect(encoded(our).length).toBe(1)
    }
  })

  test('D7: a ping behind the peer’s Close is not answered, in the same bytes or later', () => {
    for (const role of roles) {
      const our = new Protocol({ role, kernel })
      const [ping, close] = [frameTo(role, 0x89, '"?"'), frameTo(role, 0x88, '03e8')]
      expect(our.receive(join([ping, close, ping])).map(({ type }) => type)).toEqual([9, 8])
      expect(our.receive(ping.slice())).toEqual([])
      expect(encoded(our).map(({ type }) => type)).toEqual([10, 8])
    }
  })

  test('D10: a pong has the bytes of its ping, although the chunk is used again before it leaves', () => {
    for (const role of roles) {
      for (const length of [0, 1, 125]) {
        for (const congested of [false, true]) {
          const our = new Protocol({ role, kernel })
          const payload = Uint8Array.from({ length }, (_, i) => i * 7)
          const pool = new Uint8Array(300).fill(0xee)
          const ping = frameTo(role, 0x89, payload)
          pool.set(ping, 100)
          our.congested = congested
          our.receive(pool.subarray(100, 100 + ping.length), { keep: true })
          pool.fill(0xee)
          our.congested = false
          expect(encoded(our)).toEqual([{ type: 10, data: payload }])
        }
      }
    }
  })
})
