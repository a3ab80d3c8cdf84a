// Floods of pings and pongs: a peer that takes the answers gets all of them, one that does not costs no memory.
// RFC 6455 §5.5.2, and §5.5.3, which lets us answer only the newest of the pings that wait (docs/bad-input.md).

import { describe, expect, test } from 'vitest'
import { Protocol } from '../../src/codec/protocol.ts'
import { frameBytes, join } from '../fuzz/frames.ts'
import { kernels } from '../kernel/kernels.ts'
import { decodeAll } from '../reference/decode.ts'
import { growth, holding, LINEAR, NOISE } from './costs.ts'

type Role = 'server' | 'client'

const roles = ['server', 'client'] as const
const key = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d)
const NEWEST = 16

function frameTo(role: Role, opcode: number, payload: Uint8Array): Uint8Array {
  return frameBytes({ fin: true, opcode, payload, key: role === 'server' ? key : undefined })
}

/** A payload of 4 to 125 bytes that begins with its number. */
function numbered(number: number): Uint8Array {
  const payload = new Uint8Array(4 + (number % 122)).fill(number)
  new DataView(payload.buffer).setUint32(0, number)
  return payload
}

function numberOf(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset).getUint32(0)
}

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i)
const pings = (role: Role, count: number, from = 0) =>
  join(numbers(count, from).map((number) => frameTo(role, 9, numbered(number))))

describe.each(kernels)('on the $name kernel', (kernel) => {
  describe.each(roles)('a %s', (role) => {
    const peer = role === 'server' ? 'client' : 'server'

    /** The numbers of the pongs in what the protocol has encoded; every other event is a fault. */
    function pongs(protocol: Protocol): number[] {
      return decodeAll(protocol.output(), { role: peer }).map(({ type, data }) => {
        const number = numberOf(data!)
        if (type !== 10 || Buffer.compare(data!, numbered(number)) !== 0) throw new Error(`event ${type}`)
        return number
      })
    }

    test('D4: every ping of a flood is answered in order while the peer takes the answers', () => {
      const count = 5000
      const flood = pings(role, count)
      for (const step of [flood.length, 65_536, 1460, 61]) {
        const protocol = new Protocol({ role, kernel })
        const answered: number[] = []
        let events = 0
        for (let at = 0; at < flood.length; at += step) {
          events += protocol.receive(flood.slice(at, at + step)).length
          for (const number of pongs(protocol)) answered.push(number)
        }
        expect(events).toBe(count)
        expect(answered).toEqual(numbers(count))
      }
    })

    test('D4: a flood in one read is answered in time in proportion', () => {
      const grown = growth(25_000, (count) => {
        const frame = frameTo(role, 9, new Uint8Array(4))
        const protocol = new Protocol({ role, kernel })
        protocol.receive(join(numbers(count).map(() => frame)))
        expect(protocol.output().length).toBe(count * (role === 'client' ? 10 : 6))
      })
      expect(grown).toBeLessThan(LINEAR)
    })

    test('D5: of a flood whose answers nobody takes the newest 16 wait, and memory stays as it is', () => {
      const protocol = new Protocol({ role, kernel })
      const read = pings(role, 700)
      const flood = (rounds: number) => {
        for (let i = 0; i < rounds; i++) protocol.receive(read.slice())
        return protocol.pendingBytes
      }
      protocol.congested = true
      flood(10)
      const { result, bytes } = holding(() => flood(140))
      expect(result).toBe(0)
      expect(bytes).toBeLessThan(NOISE)
      protocol.receive(pings(role, 100, 5000))
      protocol.congested = false
      expect(pongs(protocol)).toEqual(numbers(NEWEST, 5000 + 100 - NEWEST))
    })

    test('D5: pings that wait hold their own bytes, and not the reads that they came in', () => {
      const protocol = new Protocol({ role, kernel })
      const message = frameTo(role, 2, new Uint8Array(60_000))
      protocol.congested = true
      protocol.receive(pings(role, NEWEST))
      const { bytes } = holding(() => {
        for (let i = 0; i < NEWEST; i++) protocol.receive(join([pings(role, 1, 100 + i), message]))
      })
      expect(bytes).toBeLessThan(NOISE)
      protocol.congested = false
      expect(pongs(protocol)).toEqual(numbers(NEWEST, 100))
    })

    test.each([0, 1, 15, 16, 17, 18, 31, 32, 33, 1000])(
      'D5: of %d pings that wait none of the newest 16 is lost, each is answered once and in order',
      (count) => {
        const protocol = new Protocol({ role, kernel })
        for (let from = 0; from < 3000; from += 1000) {
          protocol.congested = true
          const flood = pings(role, count, from)
          // Cut within frames, so that payloads come in both ways.
          for (let at = 0; at < flood.length; at += 100) protocol.receive(flood.slice(at, at + 100))
          expect(protocol.pendingBytes).toBe(0)
          protocol.congested = false
          const newest = Math.min(count, NEWEST)
          expect(pongs(protocol)).toEqual(numbers(newest, from + count - newest))
          protocol.receive(pings(role, 3, 9000))
          expect(pongs(protocol)).toEqual([9000, 9001, 9002])
        }
      },
    )

    test('D5: messages come through a flood that nobody answers, and go out', () => {
      const protocol = new Protocol({ role, kernel })
      protocol.congested = true
      const text = frameTo(role, 1, new TextEncoder().encode('still here'))
      for (let i = 0; i < 20; i++) {
        const events = protocol.receive(join([pings(role, 300), text, pings(role, 300, 300)]))
        expect(events.filter(({ type }) => type === 1)).toMatchObject([{ byteLength: 10 }])
        protocol.send(2, new Uint8Array(1))
      }
      expect(decodeAll(protocol.output(), { role: peer }).map(({ type }) => type)).toEqual(Array(20).fill(2))
      protocol.congested = false
      expect(pongs(protocol)).toEqual(numbers(NEWEST, 600 - NEWEST))
    })

    test('D6: a flood of pongs is answered by nothing and leaves nothing behind', () => {
      const protocol = new Protocol({ role, kernel })
      const read = join(numbers(700).map((number) => frameTo(role, 10, numbered(number))))
      const flood = (rounds: number) => {
        let events = 0
        for (let i = 0; i < rounds; i++) events += protocol.receive(read.slice()).length
        return events
      }
      flood(10)
      const { result, bytes } = holding(() => flood(140))
      expect([result, protocol.pendingBytes, protocol.state]).toEqual([98_000, 0, 'open'])
      expect(bytes).toBeLessThan(NOISE)
    })
  })
})
