// The protocol of one connection without I/O: messages and control frames both ways, answers, and what cannot be sent.
// RFC 6455 §5.4 to §5.6; closing and failing are in protocol-closing.test.ts.

import { describe, expect, test } from 'vitest'
import { Chunk } from '../../src/codec/chunk.ts'
import type { DataType } from '../../src/codec/constants.ts'
import { COPY_LIMIT } from '../../src/codec/encoder.ts'
import { Message, UNCHECKED } from '../../src/codec/message.ts'
import { Protocol, type ProtocolOptions } from '../../src/codec/protocol.ts'
import { portableText } from '../../src/codec/text-codec.ts'
import { decodeAll } from '../reference/decode.ts'
import type { PlainEvent } from '../reference/events.ts'
import { plainEvent } from './plain-events.ts'

const roles = ['server', 'client'] as const
const utf8 = new TextEncoder()
const argument = expect.objectContaining({ code: 'ERR_WS_ARGUMENT' })
const counted = (length: number) => new Uint8Array(length).map((_, i) => i * 7)

const otherRole = { server: 'client', client: 'server' } as const

/** A protocol and its peer, which is another one. */
function both(role: 'server' | 'client', options: Partial<ProtocolOptions> = {}) {
  return { our: new Protocol({ ...options, role }), peer: new Protocol({ role: otherRole[role] }) }
}

/** What a protocol has encoded, read by the naive decoder. */
function encoded(protocol: Protocol): PlainEvent[] {
  return decodeAll(protocol.output(), { role: otherRole[protocol.role], readLimit: 2 ** 30 })
}

function texts(events: readonly { data?: Uint8Array | undefined }[]): string[] {
  return events.map(({ data }) => Buffer.from(data!).toString('utf8'))
}

describe.each(roles)('a %s', (role) => {
  test('gives what its peer sends, and sends what its peer gives', () => {
    const { our, peer } = both(role)
    peer.send(1, 'käse')
    peer.send(2, counted(100_000))
    peer.ping(Uint8Array.of(1))
    peer.pong(Uint8Array.of(2))
    peer.send(1, '')
    const events = our.receive(peer.output()).map(plainEvent)
    expect(events.map(({ type }) => type)).toEqual([1, 2, 9, 10, 1])
    expect(events[0].text).toBe('käse')
    expect(Buffer.compare(events[1].data!, counted(100_000))).toBe(0)
    expect(our.state).toBe('open')
  })

  test('masks exactly when it is a client', () => {
    const { our } = both(role)
    our.send(1, 'x')
    our.ping()
    const bytes = our.output()
    expect((bytes[1] & 0x80) !== 0).toBe(role === 'client')
    expect(encoded(our)).toEqual([])
  })

  test('D4: answers each ping with its data, in order, between the frames of a message too', () => {
    const { our, peer } = both(role)
    for (let i = 0; i < 40; i++) peer.ping(utf8.encode(`${i}`))
    expect(our.receive(peer.output()).length).toBe(40)
    const pongs = encoded(our)
    expect(pongs.every(({ type }) => type === 10)).toBe(true)
    expect(texts(pongs)).toEqual(Array.from({ length: 40 }, (_, i) => `${i}`))
  })

  test('D6: answers no pong, and no ping that its application sent', () => {
    const { our, peer } = both(role)
    peer.pong(utf8.encode('unasked'))
    our.ping(utf8.encode('mine'))
    our.receive(peer.output())
    expect(texts(encoded(our))).toEqual(['mine'])
  })

  test('D5: while it is congested keeps the newest 16 pings, and answers them when it is no longer', () => {
    const { our, peer } = both(role)
    our.congested = true
    for (let i = 0; i < 100; i++) peer.ping(utf8.encode(`${i}`))
    our.receive(peer.output())
    expect([our.congested, our.pendingBytes]).toEqual([true, 0])
    our.congested = true
    expect(our.pendingBytes).toBe(0)
    our.congested = false
    expect(texts(encoded(our))).toEqual(Array.from({ length: 16 }, (_, i) => `${84 + i}`))
    our.congested = false
    expect(our.pendingBytes).toBe(0)
    peer.ping()
    our.receive(peer.output())
    expect(encoded(our).length).toBe(1)
  })

  test('D10: answers a ping that waited with the data it came with, although the event’s was changed', () => {
    const { our, peer } = both(role)
    our.congested = true
    peer.ping(utf8.encode('data'))
    const [ping] = our.receive(peer.output())
    if (ping.type === 9) ping.data.fill(0)
    our.congested = false
    expect(texts(encoded(our))).toEqual(['data'])
  })

  test('sends a string as the type it is told, a received message as it came', () => {
    const { our, peer } = both(role)
    peer.send(1, 'text')
    peer.send(2, counted(40_000))
    const [text, binary] = our.receive(peer.output()) as Message[]
    our.send(2, 'string')
    our.sendMessage(text)
    our.sendMessage(binary)
    expect(encoded(our).map(({ type, data }) => [type, data!.length])).toEqual([
      [2, 6],
      [1, 4],
      [2, 40_000],
    ])
  })

  test('F8: sends every string as UTF-8, lone surrogates as U+FFFD', () => {
    const { our } = both(role)
    for (const text of ['\ud800', 'é€😀', '\ufeff', '\0']) our.send(1, text)
    expect(encoded(our).map(({ text }) => text)).toEqual(['\ufffd', 'é€😀', '\ufeff', '\0'])
  })

  test('J6: leaves what it is given as it is', () => {
    const { our } = both(role)
    const data = counted(5000)
    our.send(2, data)
    our.ping(data.subarray(0, 125))
    expect(Buffer.compare(data, counted(5000))).toBe(0)
    our.output()
  })

  test('gives the events of bytes that stay the caller’s, and leaves those as they are', () => {
    const { our, peer } = both(role)
    peer.send(2, counted(1000))
    const bytes = peer.output()
    const before = bytes.slice()
    const [message] = our.receive(bytes, { keep: true }) as Message[]
    expect(Buffer.compare(bytes, before)).toBe(0)
    bytes.fill(0)
    expect(Buffer.compare(message.data, counted(1000))).toBe(0)
  })

  test('counts what it has encoded, and what it has gathered of a message', () => {
    const { our, peer } = both(role)
    our.send(2, counted(100))
    expect(our.pendingBytes).toBe(role === 'server' ? 102 : 106)
    expect([our.output().length, our.pendingBytes, our.output().length]).toEqual([
      role === 'server' ? 102 : 106,
      0,
      0,
    ])
    peer.send(2, counted(1000))
    const bytes = peer.output()
    our.receive(bytes.slice(0, 508))
    expect(our.gatheredBytes).toBe(role === 'server' ? 500 : 504)
    our.receive(bytes.slice(508))
    expect(our.gatheredBytes).toBe(0)
  })

  test('hands out segments in the order of the messages, and takes them back', () => {
    const { our, peer } = both(role)
    our.send(1, 'before')
    our.send(2, counted(COPY_LIMIT + 1))
    our.send(1, 'behind')
    const segments = our.take()
    const events = segments.flatMap(({ bytes, start, end }) =>
      peer.receive(bytes.subarray(start, end), { keep: true }),
    )
    expect(events.map((event) => (event as Message).byteLength)).toEqual([6, COPY_LIMIT + 1, 6])
    our.release(segments)
    expect([our.take().length, our.pendingBytes]).toEqual([0, 0])
  })
})

describe('a payload is borrowed', () => {
  const large = counted(COPY_LIMIT + 1)

  test('by a server, when it is larger than COPY_LIMIT and no copy is asked for', () => {
    const { our } = both('server')
    expect(our.send(2, large)).toBe(true)
    expect(our.send(2, large, { copy: true })).toBe(false)
    expect(our.send(2, large.subarray(1))).toBe(false)
    expect(our.send(2, 'x'.repeat(100_000))).toBe(false)
    our.output()
  })

  test('never by a client', () => {
    const { our } = both('client')
    expect(our.send(2, large)).toBe(false)
    our.output()
  })

  test('until its segment is released: a change shows', () => {
    const { our } = both('server')
    const data = large.slice()
    our.send(2, data)
    data[5] = 0xee
    expect(encoded(our)[0].data![5]).toBe(0xee)
  })
})

describe('a text given as bytes', () => {
  test.each([
    [[0xff]],
    [[0xc0, 0x80]],
    [[0xed, 0xa0, 0x80]],
    [[0xf4, 0x90, 0x80, 0x80]],
    [[0x61, 0xf0, 0x9f, 0x98]],
  ])('is refused when it is %o', (bytes) => {
    for (const role of roles) {
      const { our } = both(role)
      const refused = expect.objectContaining({ code: 'ERR_WS_INVALID_UTF8', remote: false })
      expect(() => our.send(1, Uint8Array.from(bytes))).toThrow(refused)
      const message = new Message(
        1,
        new Chunk(Uint8Array.from(bytes), portableText),
        0,
        bytes.length,
        UNCHECKED,
      )
      expect(() => our.sendMessage(message)).toThrow(refused)
      expect([our.pendingBytes, our.state]).toEqual([0, 'open'])
      our.send(2, Uint8Array.from(bytes))
      expect(encoded(our).length).toBe(1)
    }
  })

  test('is sent unchecked with checkSentUtf8: false', () => {
    const { our } = both('server', { checkSentUtf8: false })
    our.send(1, Uint8Array.of(0xff))
    expect([...our.output()]).toEqual([0x81, 1, 0xff])
  })
})

describe('a received text that was not checked', () => {
  test('is checked before it is sent on', () => {
    const our = new Protocol({ role: 'client', checkUtf8: false })
    const [good, bad] = our.receive(Uint8Array.of(0x81, 1, 0x61, 0x81, 1, 0xff)) as Message[]
    our.sendMessage(good)
    expect(() => our.sendMessage(bad)).toThrow(expect.objectContaining({ code: 'ERR_WS_INVALID_UTF8' }))
    expect(texts(encoded(our))).toEqual(['a'])
  })
})

describe('misuse throws at once and encodes nothing:', () => {
  test.each<[string, (our: Protocol) => void]>([
    ['D8: a ping of 126 bytes', (our) => our.ping(counted(126))],
    ['D8: a pong of 126 bytes', (our) => our.pong(counted(126))],
    ['G5: a Close payload of 126 bytes', (our) => our.closeWith(counted(126))],
    ['G5: a Close payload of one byte', (our) => our.closeWith(Uint8Array.of(3))],
    ['G5: a Close payload with the code 1006', (our) => our.closeWith(Uint8Array.of(3, 0xee))],
    ['G5: the close code 1006', (our) => our.close(1006)],
    ['G5: a reason of 124 bytes', (our) => our.close(1000, 'x'.repeat(124))],
    ['K1: a read limit below 0', (our) => our.setReadLimit(-1)],
    ['the opcode of a control frame for a message', (our) => our.send(8 as DataType, 'x')],
    ['a reserved opcode', (our) => our.send(3 as DataType, Uint8Array.of(1))],
    ['a type that is no whole number', (our) => our.send(1.5 as DataType, 'x')],
    ['N11: a number for a payload', (our) => our.send(2, 5 as unknown as string)],
    ['N11: nothing for a payload', (our) => our.send(2, undefined as unknown as string)],
    ['an ArrayBuffer for a payload', (our) => our.send(2, new ArrayBuffer(3) as unknown as Uint8Array)],
    ['N11: an array for a ping', (our) => our.ping([1, 2] as unknown as Uint8Array)],
  ])('%s', (_, misuse) => {
    for (const role of roles) {
      const { our } = both(role)
      expect(() => misuse(our)).toThrow(argument)
      expect([our.pendingBytes, our.state]).toEqual([0, 'open'])
      our.send(1, 'fine')
      expect(texts(encoded(our))).toEqual(['fine'])
    }
  })

  test.each([
    { role: 'peer' },
    {},
    { role: 'server', readLimit: 1.5 },
    { role: 'server', maxFragments: '3' },
  ])('the options %o', (options) => {
    expect(() => new Protocol(options as ProtocolOptions)).toThrow(argument)
  })
})
