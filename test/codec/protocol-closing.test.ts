// The end of a connection without I/O: the closing handshake, faults, the end of the stream, and a failing random source.
// RFC 6455 §5.5.1, §7.1, §7.4.

import { describe, expect, test } from 'vitest'
import { formatCloseMessage } from '../../src/codec/close-payload.ts'
import type { DecoderEvent, FaultEvent } from '../../src/codec/events.ts'
import { Protocol, type ProtocolOptions } from '../../src/codec/protocol.ts'
import { frameBytes } from '../fuzz/frames.ts'
import { decodeAll } from '../reference/decode.ts'
import type { PlainEvent } from '../reference/events.ts'

const roles = ['server', 'client'] as const
const closeSent = expect.objectContaining({ code: 'ERR_WS_CLOSE_SENT', remote: false })

function open(role: 'server' | 'client', options: Partial<ProtocolOptions> = {}): Protocol {
  return new Protocol({ ...options, role })
}

/** A frame as the peer writes it. */
function frame(
  our: Protocol,
  opcode: number,
  payload: Uint8Array = new Uint8Array(0),
  fin = true,
): Uint8Array {
  const key = our.role === 'server' ? Uint8Array.of(1, 2, 3, 4) : undefined
  return frameBytes({ fin, opcode, payload, key })
}

function encoded(our: Protocol): PlainEvent[] {
  return decodeAll(our.output(), { role: our.role === 'server' ? 'client' : 'server' })
}

function theFault(events: readonly DecoderEvent[]): FaultEvent['error'] {
  expect(events.filter(({ type }) => type === 0).length).toBe(1)
  const last = events.at(-1)
  if (last?.type !== 0) throw new Error('the fault is not the last event')
  return last.error
}

const types = (events: readonly { type: number }[]) => events.map(({ type }) => type)

describe.each(roles)('a %s', (role) => {
  test('that closes first is closing until the peer has answered', () => {
    const our = open(role)
    expect([our.state, our.isCloseSent]).toEqual(['open', false])
    our.close(4000, 'why')
    expect([our.state, our.isCloseSent]).toEqual(['closing', true])
    expect(encoded(our)).toEqual([{ type: 8, closeCode: 4000, reason: 'why' }])
    const events = our.receive(frame(our, 8, formatCloseMessage(4000)))
    expect(events).toEqual([{ type: 8, code: 4000, reason: '' }])
    expect([our.state, our.pendingBytes]).toEqual(['closed', 0])
    expect(our.receiveEnd()).toEqual([])
  })

  test.each([
    [1000, 'reason', 1000],
    [3999, '', 3999],
    [1005, '', 1005],
  ])('G3, G13: answers the Close frame %d once, with the same code', (code, reason, answer) => {
    const our = open(role)
    const events = our.receive(frame(our, 8, formatCloseMessage(code, reason)))
    expect(events).toEqual([{ type: 8, code, reason }])
    expect(encoded(our)).toEqual([{ type: 8, closeCode: answer, reason: '' }])
    expect(our.state).toBe('closed')
    expect(our.receiveEnd()).toEqual([])
  })

  test('still takes messages and no ping while it waits for the peer’s Close', () => {
    const our = open(role)
    our.close()
    our.output()
    const bytes = [frame(our, 1, Uint8Array.of(0x61)), frame(our, 9), frame(our, 10), frame(our, 8)]
    expect(types(bytes.flatMap((each) => our.receive(each)))).toEqual([1, 9, 10, 8])
    expect(our.pendingBytes).toBe(0)
  })

  test('G8: sends nothing behind its Close, which it sends once', () => {
    const our = open(role)
    our.close(1001)
    our.close(4000)
    expect(() => our.send(1, 'x')).toThrow(closeSent)
    expect(() => our.send(2, new Uint8Array(100_000))).toThrow(closeSent)
    expect(() => our.ping()).toThrow(closeSent)
    expect(() => our.pong()).toThrow(closeSent)
    expect(() => our.closeWith(formatCloseMessage(1000))).toThrow(closeSent)
    our.congested = true
    our.congested = false
    expect(encoded(our)).toEqual([{ type: 8, closeCode: 1001, reason: '' }])
  })

  test('sends a Close frame whose payload is there already', () => {
    const our = open(role)
    our.closeWith(formatCloseMessage(3000, 'é'))
    expect([our.state, our.isCloseSent]).toEqual(['closing', true])
    expect(encoded(our)).toEqual([{ type: 8, closeCode: 3000, reason: 'é' }])
  })

  test('sends a Close frame without a code', () => {
    const our = open(role)
    our.closeWith(new Uint8Array(0))
    expect(encoded(our)).toEqual([{ type: 8, closeCode: 1005, reason: '' }])
  })

  test('forgets pongs that waited when it closes', () => {
    const our = open(role)
    our.congested = true
    our.receive(frame(our, 9))
    our.close()
    our.congested = false
    expect(types(encoded(our))).toEqual([8])
  })

  test('G7: gives nothing behind the peer’s Close, in the same bytes or later', () => {
    const our = open(role)
    const [close, message] = [frame(our, 8), frame(our, 1)]
    expect(types(our.receive(Buffer.concat([message, close, message])))).toEqual([1, 8])
    expect(our.receive(message.slice())).toEqual([])
    expect(types(encoded(our))).toEqual([8])
  })

  test.each<[string, number, number[], string, number]>([
    ['a reserved bit', 0x21, [], 'ERR_WS_RESERVED_BIT', 1002],
    ['an unknown opcode', 0x0b, [], 'ERR_WS_OPCODE', 1002],
    ['a continuation of nothing', 0x00, [], 'ERR_WS_FRAGMENTATION', 1002],
    ['text that is not UTF-8', 0x01, [0xff], 'ERR_WS_INVALID_UTF8', 1007],
    ['a message past the limit', 0x02, [1, 2, 3, 4, 5], 'ERR_WS_MESSAGE_TOO_BIG', 1009],
    ['a Close frame with one byte', 0x08, [3], 'ERR_WS_CLOSE_PAYLOAD', 1002],
    ['a Close frame with the code 1005', 0x08, [3, 0xed], 'ERR_WS_CLOSE_CODE', 1002],
    ['a Close frame whose reason is not UTF-8', 0x08, [3, 0xe8, 0xff], 'ERR_WS_INVALID_UTF8', 1007],
  ])('answers %s with a Close frame that says so, and is closed', (_, opcode, payload, code, closeCode) => {
    const our = open(role, { readLimit: 4 })
    const bad = frame(our, opcode, Uint8Array.from(payload))
    const events = our.receive(Buffer.concat([frame(our, 1), bad, frame(our, 1)]))
    expect(types(events)).toEqual([1, 0])
    const error = theFault(events)
    expect(error).toMatchObject({ code, closeCode, remote: true })
    const [close, ...more] = encoded(our)
    expect(more).toEqual([])
    expect([close.type, close.closeCode]).toEqual([8, closeCode])
    expect(error.message).toBe(`websocket: ${close.reason}`)
    expect(our.state).toBe('closed')
    expect([our.receive(frame(our, 1)).length, our.receiveEnd().length]).toEqual([0, 0])
    expect(() => our.send(1, 'x')).toThrow()
    our.close()
    expect(our.pendingBytes).toBe(0)
  })

  test('C13: names every fault of a header, in a reason that fits', () => {
    const our = open(role)
    const events = our.receive(Uint8Array.of(0x7f, our.role === 'server' ? 0x7f : 0xff, 0, 0))
    const reason = encoded(our)[0].reason!
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123)
    expect(theFault(events).message.slice('websocket: '.length).startsWith(reason)).toBe(true)
    expect(reason).toMatch(/RSV1.*RSV2.*RSV3/)
  })

  test('sends no second Close frame for a fault behind its own', () => {
    const our = open(role)
    our.close()
    our.output()
    expect(theFault(our.receive(frame(our, 3))).code).toBe('ERR_WS_OPCODE')
    expect([our.state, our.pendingBytes]).toEqual(['closed', 0])
  })

  test('finds the end of the stream without a Close frame abnormal, once', () => {
    const our = open(role)
    const abnormal = { code: 'ERR_WS_ABNORMAL_CLOSURE', closeCode: 1006, remote: true }
    expect(theFault(our.receiveEnd())).toMatchObject(abnormal)
    expect([our.receiveEnd().length, our.state]).toEqual([0, 'closed'])
    expect(our.receive(frame(our, 1))).toEqual([])
    expect(() => our.send(1, 'x')).toThrow(expect.objectContaining({ code: 'ERR_WS_CLOSED' }))
    expect(our.pendingBytes).toBe(0)
  })

  test.each<[string, (our: Protocol) => Uint8Array]>([
    ['a header', (our) => frame(our, 1).subarray(0, 1)],
    ['a frame', (our) => frame(our, 2, new Uint8Array(10)).subarray(0, -1)],
    ['a message', (our) => frame(our, 2, new Uint8Array(10), false)],
  ])('E8: tells that the stream ended inside %s', (_, bytes) => {
    const our = open(role)
    expect(our.receive(bytes(our).slice())).toEqual([])
    expect(theFault(our.receiveEnd()).message).toMatch(/unexpected EOF/)
  })

  test('finds the end of the stream abnormal when only our Close was sent', () => {
    const our = open(role)
    our.close()
    expect(theFault(our.receiveEnd()).code).toBe('ERR_WS_ABNORMAL_CLOSURE')
    expect(our.state).toBe('closed')
  })
})

describe('a client whose random source fails', () => {
  const cause = new Error('no entropy')
  const broken = () =>
    open('client', {
      random: {
        fill() {
          throw cause
        },
      },
    })
  const failed = expect.objectContaining({ code: 'ERR_WS_RANDOM_SOURCE', cause, remote: false })

  test('J5: throws to those who send, and stays open', () => {
    const our = broken()
    expect(() => our.send(1, 'x')).toThrow(failed)
    expect(() => our.ping()).toThrow(failed)
    expect(() => our.close()).toThrow(failed)
    expect([our.pendingBytes, our.state, our.isCloseSent]).toEqual([0, 'open', false])
  })

  test('J5: ends with one fault when a ping is due an answer; nothing behind it is given', () => {
    const our = broken()
    const events = our.receive(Buffer.concat([frame(our, 1), frame(our, 9), frame(our, 1)]))
    expect(types(events)).toEqual([1, 9, 0])
    expect(theFault(events)).toEqual(failed)
    expect([our.state, our.pendingBytes]).toEqual(['closed', 0])
    expect(our.receive(frame(our, 1))).toEqual([])
  })

  test('ends with one fault when a fault is due an answer', () => {
    const our = broken()
    const events = our.receive(Buffer.concat([frame(our, 1), frame(our, 3)]))
    expect(types(events)).toEqual([1, 0])
    expect([our.state, our.pendingBytes]).toEqual(['closed', 0])
  })

  test('ends with a fault when a Close frame is due an answer', () => {
    const our = broken()
    const events = our.receive(frame(our, 8))
    expect(theFault(events)).toEqual(failed)
    expect([our.state, our.pendingBytes]).toEqual(['closed', 0])
  })
})
