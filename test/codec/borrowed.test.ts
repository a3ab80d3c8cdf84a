// Messages that a decoder lends: the same events as owned ones, in one object that is good for one call of the sink.
// RFC 6455 §5; that the events are the same for any stream and any cut is the fuzz programs' business.

import { describe, expect, test } from 'vitest'
import { Decoder } from '../../src/codec/decoder.ts'
import type { DecoderEvent } from '../../src/codec/events.ts'
import { Message } from '../../src/codec/message.ts'
import { frameBytes, join } from '../fuzz/frames.ts'
import { kernelWays } from '../kernel/kernels.ts'

const key = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d)
const expired = expect.objectContaining({ code: 'ERR_WS_MESSAGE_EXPIRED', closeCode: undefined }) as Error

function frame(opcode: number, text: string, fin = true): Uint8Array {
  return frameBytes({ fin, opcode, payload: new TextEncoder().encode(text), key })
}

/** What an event says, as far as these tests look at it. */
function describeEvent(event: DecoderEvent): string {
  if (event instanceof Message) {
    const text = event.text()
    return text.length > 100 ? `${event.type} of ${text.length}` : `${event.type} ${text}`
  }
  if (event.type === 0) return `fault ${event.error.code}`
  if (event.type === 8) return `8 ${event.code}`
  return `${event.type} ${Buffer.from((event as { data: Uint8Array }).data).toString()}`
}

describe.each(kernelWays)('on the kernel %s', (_, kernel) => {
  test('the events come in order, and every message in one object', () => {
    const stream = join([
      frame(1, 'ä whole text'),
      frame(9, 'ping'),
      frame(2, 'a message ', false),
      frame(10, 'pong'),
      frame(0, 'in two parts'),
      frame(1, 'x'.repeat(70_000)),
      frame(8, ''),
      frame(1, 'behind the end'),
    ])
    const decoder = new Decoder({ role: 'server', kernel })
    const met: string[] = []
    const messages = new Set<DecoderEvent>()
    for (let at = 0; at < stream.length; at += 20_000) {
      decoder.pushEach(stream.slice(at, at + 20_000), (event) => {
        met.push(describeEvent(event))
        if (event instanceof Message) messages.add(event)
      })
    }
    expect(met).toEqual([
      '1 ä whole text',
      '9 ping',
      '10 pong',
      '2 a message in two parts',
      '1 of 70000',
      '8 1005',
    ])
    expect(messages.size).toBe(1)
  })

  test('a lent message throws when it is read afterwards; its copy stays', () => {
    const decoder = new Decoder({ role: 'server', kernel })
    const kept: Message[] = []
    const copies: Message[] = []
    decoder.pushEach(join([frame(1, 'one'), frame(2, 'two')]), (event) => {
      kept.push(event as Message)
      copies.push((event as Message).copy())
    })
    for (const message of kept) {
      for (const read of [
        () => message.data,
        () => message.source,
        () => message.text(),
        () => message.json(),
        () => message.copy(),
      ])
        expect(read).toThrow(expired)
    }
    expect(copies.map((message) => message.text())).toEqual(['one', 'two'])
    expect(copies.map(({ type, start, data }) => [type, start, data.buffer.byteLength])).toEqual([
      [1, 0, 3],
      [2, 0, 3],
    ])
  })

  test('the payload stands in `source` from `start` on', () => {
    const decoder = new Decoder({ role: 'server', kernel })
    const met: number[][] = []
    decoder.pushEach(join([frame(2, 'abc'), frame(2, ''), frame(2, 'de', false), frame(0, 'f')]), (event) => {
      const { source, start, byteLength } = event as Message
      met.push([...source.subarray(start, start + byteLength)])
    })
    expect(met).toEqual([[97, 98, 99], [], [100, 101, 102]])
  })

  test('a sink may feed other decoders of the same kernel', () => {
    const outer = new Decoder({ role: 'server', kernel })
    const inner = new Decoder({ role: 'server', kernel })
    const other = join(Array.from({ length: 20 }, (_, i) => frame(1, `inner ${i} `.repeat(20))))
    const met: string[] = []
    outer.pushEach(
      join(Array.from({ length: 20 }, (_, i) => frame(1, `outer ${i} `.repeat(20)))),
      (event) => {
        for (const each of inner.push(other.slice()))
          if (!(each instanceof Message)) throw new Error('no message')
        inner.pushEach(other.slice(), () => {})
        met.push((event as Message).text())
      },
    )
    expect(met).toEqual(Array.from({ length: 20 }, (_, i) => `outer ${i} `.repeat(20)))
  })

  test('a sink must not feed its own decoder', () => {
    const decoder = new Decoder({ role: 'server', kernel })
    const argument = expect.objectContaining({ code: 'ERR_WS_ARGUMENT' }) as Error
    decoder.pushEach(frame(1, 'x'), () => {
      expect(() => decoder.push(frame(1, 'y'))).toThrow(argument)
      expect(() => decoder.pushEach(frame(1, 'y'), () => {})).toThrow(argument)
    })
    expect(decoder.push(frame(1, 'z')).length).toBe(1)
  })

  test('what a sink throws is thrown on, and ends the stream', () => {
    const decoder = new Decoder({ role: 'server', kernel })
    let calls = 0
    const push = () =>
      decoder.pushEach(join([frame(1, 'one'), frame(1, 'two')]), () => {
        calls++
        throw new Error('boom')
      })
    expect(push).toThrow('boom')
    expect(calls).toBe(1)
    expect(decoder.push(frame(1, 'three'))).toEqual([])
  })

  test('bytes that are to be kept are not changed', () => {
    const decoder = new Decoder({ role: 'server', kernel })
    const stream = join([frame(1, 'one'), frame(2, 'x'.repeat(500))])
    const before = stream.slice()
    const met: number[] = []
    decoder.pushEach(stream, (event) => met.push((event as Message).byteLength), { keep: true })
    expect(stream).toEqual(before)
    expect(met).toEqual([3, 500])
  })

  test('a fault comes last', () => {
    const decoder = new Decoder({ role: 'server', kernel })
    const met: string[] = []
    decoder.pushEach(join([frame(1, 'good'), frame(3, 'bad'), frame(1, 'never')]), (event) => {
      met.push(describeEvent(event))
    })
    expect(met).toEqual(['1 good', 'fault ERR_WS_OPCODE'])
  })
})
