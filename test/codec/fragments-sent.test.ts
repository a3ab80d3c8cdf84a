// Messages that a Protocol sends in fragments: opcodes, the FIN bit, and what may stand between.
// RFC 6455 §5.4.

import { describe, expect, test } from 'vitest'
import { COPY_LIMIT } from '../../src/codec/encoder.ts'
import { Protocol } from '../../src/codec/protocol.ts'
import { join } from '../fuzz/frames.ts'
import { kernels } from '../kernel/kernels.ts'
import { decodeAll } from '../reference/decode.ts'
import { frameWords, sentFrames } from './sent-frames.ts'

const roles = ['server', 'client'] as const
const counted = (length: number) => new Uint8Array(length).map((_, i) => i * 7 + (i >> 8))
const code = (code: string) => expect.objectContaining({ code }) as Error

describe.each(kernels.flatMap((kernel) => roles.map((role) => [role, kernel.name, kernel] as const)))(
  'a %s on the %s kernel',
  (role, _, kernel) => {
    const make = () => new Protocol({ role, kernel })

    test('begins with the type, goes on with 0, and ends with FIN', () => {
      const protocol = make()
      const source = counted(100)
      protocol.sendFragment(2, source, 0, 10, false, false)
      protocol.sendFragment(2, source, 10, 10, false, false)
      protocol.sendFragment(2, source, 10, 99, true, false)
      protocol.sendFragment(1, source, 5, 5, true, false)
      protocol.sendFragment(1, source, 0, 0, false, false)
      protocol.sendFragment(1, source, 0, 0, true, false)
      protocol.send(2, counted(3))
      const bytes = protocol.output()
      expect(frameWords(bytes)).toEqual(['2:10', '0:0', '0:89.', '1:0.', '1:0', '0:0.', '2:3.'])
      const payload = join(
        sentFrames(bytes)
          .slice(0, 3)
          .map(({ payload }) => payload),
      )
      expect(payload).toEqual(source.subarray(0, 99))
    })

    test('lets control frames between, and no other message', () => {
      const protocol = make()
      protocol.sendFragment(1, counted(1), 0, 1, false, false)
      protocol.ping(counted(2))
      protocol.pong(counted(3))
      expect(() => protocol.send(1, 'x')).toThrow(code('ERR_WS_CONCURRENT_WRITE'))
      expect(() => protocol.send(2, counted(5))).toThrow(code('ERR_WS_CONCURRENT_WRITE'))
      protocol.receive(
        role === 'server' ? Uint8Array.of(0x89, 0x81, 0, 0, 0, 0, 7) : Uint8Array.of(0x89, 1, 7),
      )
      protocol.sendFragment(1, counted(1), 0, 1, true, false)
      protocol.send(1, 'x')
      expect(frameWords(protocol.output())).toEqual(['1:1', '9:2.', '10:3.', '10:1.', '0:1.', '1:1.'])
    })

    test('sends no fragment behind Close or the end', () => {
      const protocol = make()
      protocol.sendFragment(1, counted(1), 0, 1, false, false)
      protocol.close()
      expect(() => protocol.sendFragment(1, counted(1), 0, 1, true, false)).toThrow(code('ERR_WS_CLOSE_SENT'))
      expect(frameWords(protocol.output())).toEqual(['1:1', '8:2.'])
      const ended = make()
      ended.abort()
      expect(() => ended.sendFragment(1, counted(1), 0, 1, true, false)).toThrow(code('ERR_WS_CLOSED'))
      expect(ended.pendingBytes).toBe(0)
    })

    test('borrows a large unmasked payload only where it may, and says so', () => {
      for (const length of [COPY_LIMIT, COPY_LIMIT + 1, 70_000])
        for (const borrow of [true, false]) {
          const protocol = make()
          const source = counted(length)
          const isBorrowed = protocol.sendFragment(2, source, 0, length, false, borrow)
          expect(isBorrowed).toBe(role === 'server' && borrow && length > COPY_LIMIT)
          if (!isBorrowed) source.fill(0)
          const [{ payload }] = sentFrames(protocol.output())
          expect(Buffer.compare(payload, counted(length))).toBe(0)
        }
    })

    test('masks each fragment with a key of its own', () => {
      const protocol = make()
      for (let i = 0; i < 50; i++) protocol.sendFragment(2, counted(20), 0, 20, i === 49, false)
      const bytes = protocol.output()
      const keys = new Set(sentFrames(bytes).map(({ key }) => key))
      expect(keys.size).toBe(role === 'client' ? 50 : 1)
      const [event] = decodeAll(bytes, { role: role === 'client' ? 'server' : 'client' })
      expect(event.data!.length).toBe(1000)
    })

    test('stands as it was when a fragment cannot be encoded', () => {
      let isBroken = true
      const random = {
        fill() {
          if (isBroken) throw new Error('no entropy')
        },
      }
      const protocol = new Protocol({ role, kernel, random })
      const source = counted(10)
      expect(() => protocol.sendFragment(2, source, 0, 11, false, false)).toThrow()
      if (role === 'client')
        expect(() => protocol.sendFragment(2, source, 0, 10, false, false)).toThrow(
          code('ERR_WS_RANDOM_SOURCE'),
        )
      isBroken = false
      protocol.send(1, 'another message')
      protocol.sendFragment(2, source, 0, 10, false, false)
      expect(() => protocol.sendFragment(2, source, 5, 4, true, false)).toThrow(code('ERR_WS_ARGUMENT'))
      protocol.sendFragment(2, source, 0, 10, true, false)
      expect(frameWords(protocol.output())).toEqual(['1:15.', '2:10', '0:10.'])
    })
  },
)

describe('checkText()', () => {
  const bytes = new TextEncoder().encode('a ä € 😀')

  test.each(kernels)('on the $name kernel carries what a piece ends in to the next', (kernel) => {
    const protocol = new Protocol({ role: 'server', kernel })
    for (let cut = 0; cut <= bytes.length; cut++)
      for (let second = cut; second <= bytes.length; second++) {
        let state = protocol.checkText(bytes.subarray(0, cut), 0, false)
        state = protocol.checkText(bytes.subarray(cut, second), state, false)
        protocol.checkText(bytes.subarray(second), state, true)
      }
    const half = protocol.checkText(bytes.subarray(0, 3), 0, false)
    expect(() => protocol.checkText(new Uint8Array(0), half, true)).toThrow(code('ERR_WS_INVALID_UTF8'))
    expect(() => protocol.checkText(Uint8Array.of(0x61), half, false)).toThrow(code('ERR_WS_INVALID_UTF8'))
    protocol.checkText(bytes.subarray(3, 4), half, true)
  })

  test('checks nothing where that is off', () => {
    const protocol = new Protocol({ role: 'server', checkSentUtf8: false })
    expect(protocol.checkText(Uint8Array.of(0xff), 0, true)).toBe(0)
  })
})
