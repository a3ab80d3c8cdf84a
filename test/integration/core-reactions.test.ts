// What a connection does with a peer that breaks the protocol: one Close frame that says why, then silence, then the end of TCP.
// RFC 6455 §7.1.7 (failing the connection), §5.2 to §5.5 (what there is to break), §8.1 (UTF-8).

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Conn, type ConnOptions, kernelName, type Message } from '../../src/index.ts'
import { join } from '../fuzz/frames.ts'
import { kernels } from '../kernel/kernels.ts'
import { frame, type RawPeer } from './raw-peer.ts'
import { dialRaw } from './raw-server.ts'
import { acceptRaw } from './serve.ts'

type Role = 'server' | 'client'

/** A stream with a fault, as sent by the peer `from`. */
interface Fault {
  readonly name: string
  readonly bytes: (from: Role) => Uint8Array
  readonly code: string
  readonly closeCode: number
  readonly options?: ConnOptions
}

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

/** A header of these two bytes and extended length; the MASK bit and a key are added for a client. */
function header(first: number, length: number, extended = ''): (from: Role) => Uint8Array {
  return (from) => {
    const masked = from === 'client'
    return join([
      Uint8Array.of(first, length | (masked ? 0x80 : 0)),
      hex(extended),
      hex(masked ? '01020304' : ''),
    ])
  }
}

const framed =
  (...parts: readonly [opcode: number, payload: Uint8Array | string, fin?: boolean][]) =>
  (from: Role) =>
    join(parts.map(([opcode, payload, fin]) => frame(from, opcode, payload, fin)))

const protocolFaults: Fault[] = [
  ...[0x40, 0x20, 0x10].map((bit, n) => ({
    name: `RSV${n + 1} on a text`,
    bytes: header(0x81 | bit, 5),
    code: 'ERR_WS_RESERVED_BIT',
  })),
  { name: 'RSV1 on a Ping', bytes: header(0xc9, 0), code: 'ERR_WS_RESERVED_BIT' },
  {
    name: 'RSV1 on a continuation',
    bytes: (from: Role) => join([frame(from, 2, 'a', false), header(0xc0, 1)(from)]),
    code: 'ERR_WS_RESERVED_BIT',
  },
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => ({
    name: `opcode ${opcode}`,
    bytes: header(0x80 | opcode, 1),
    code: 'ERR_WS_OPCODE',
  })),
  ...[8, 9, 10].map((opcode) => ({
    name: `a control frame of opcode ${opcode} without FIN`,
    bytes: header(opcode, 0),
    code: 'ERR_WS_CONTROL_FRAME',
  })),
  ...[8, 9, 10].map((opcode) => ({
    name: `a control frame of opcode ${opcode} with 126 bytes`,
    bytes: header(0x80 | opcode, 126, '007e'),
    code: 'ERR_WS_CONTROL_FRAME',
  })),
  { name: 'a continuation of nothing', bytes: header(0x80, 1), code: 'ERR_WS_FRAGMENTATION' },
  {
    name: 'a text inside a fragmented message',
    bytes: framed([1, 'a', false], [1, 'b']),
    code: 'ERR_WS_FRAGMENTATION',
  },
  {
    name: 'a binary message inside a fragmented text',
    bytes: framed([1, 'a', false], [2, 'b', false]),
    code: 'ERR_WS_FRAGMENTATION',
  },
  {
    name: 'the MASK bit that does not fit the sender',
    bytes: (from: Role) => frame(from === 'client' ? 'server' : 'client', 1, 'Hello'),
    code: 'ERR_WS_MASK',
  },
  { name: 'a length of 125 in 16 bits', bytes: header(0x82, 126, '007d'), code: 'ERR_WS_LENGTH' },
  {
    name: 'a length of 65535 in 64 bits',
    bytes: header(0x82, 127, '000000000000ffff'),
    code: 'ERR_WS_LENGTH',
  },
  {
    name: 'a length with its top bit set',
    bytes: header(0x82, 127, '8000000000000000'),
    code: 'ERR_WS_LENGTH',
  },
  { name: 'a Close frame of one byte', bytes: framed([8, hex('03')]), code: 'ERR_WS_CLOSE_PAYLOAD' },
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535].map((code) => ({
    name: `a Close frame with code ${code}`,
    bytes: framed([8, Uint8Array.of(code >> 8, code)]),
    code: 'ERR_WS_CLOSE_CODE',
  })),
  {
    name: 'HTTP',
    bytes: () => Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
    code: 'ERR_WS_RESERVED_BIT',
  },
].map((fault) => ({ ...fault, closeCode: 1002 }))

const textFaults: Fault[] = [
  { name: 'a byte that no UTF-8 has', bytes: framed([1, hex('61 ff 62')]) },
  { name: 'an overlong form', bytes: framed([1, hex('c0 af')]) },
  { name: 'a surrogate', bytes: framed([1, hex('ed a0 80')]) },
  { name: 'a code point above U+10FFFF', bytes: framed([1, hex('f4 90 80 80')]) },
  { name: 'a character cut off by the end', bytes: framed([1, hex('61 f0 9f 91')]) },
  {
    name: 'a bad byte in a fragment whose message goes on',
    bytes: framed([1, 'good', false], [0, hex('80'), false]),
  },
  {
    name: 'a character that the next fragment does not go on with',
    bytes: framed([1, hex('c3'), false], [0, 'a']),
  },
  {
    name: 'a bad byte in a large frame that is still coming',
    bytes: (from: Role) => frame(from, 1, Buffer.alloc(40_000, 0xff)).subarray(0, 30_000),
  },
  {
    name: 'a bad byte behind 100,000 good ones',
    bytes: framed([1, join([Buffer.alloc(100_000, 'x'), hex('fe')])]),
  },
  { name: 'a close reason that is none', bytes: framed([8, hex('03e8 ff')]) },
].map((fault) => ({ ...fault, code: 'ERR_WS_INVALID_UTF8', closeCode: 1007 }))

const limitFaults: Fault[] = [
  ...[
    { name: 'one byte above the limit', bytes: framed([2, Buffer.alloc(101)]) },
    { name: 'a header that announces 2^32 + 5 bytes', bytes: header(0x82, 127, '0000000100000005') },
    { name: 'a header that announces 2^63 - 1 bytes', bytes: header(0x82, 127, '7fffffffffffffff') },
    {
      name: 'fragments that together are above the limit',
      bytes: framed([2, Buffer.alloc(60), false], [0, Buffer.alloc(41), true]),
    },
  ].map((fault) => ({
    ...fault,
    code: 'ERR_WS_MESSAGE_TOO_BIG',
    closeCode: 1009,
    options: { readLimit: 100 },
  })),
  {
    name: 'more fragments than allowed',
    bytes: framed([2, 'a', false], [0, '', false], [0, '', false], [0, '', false]),
    code: 'ERR_WS_TOO_MANY_FRAGMENTS',
    closeCode: 1008,
    options: { maxFragments: 3 },
  },
]

const faults = [...protocolFaults, ...textFaults, ...limitFaults]

/** A connection in the role, and the bare socket at its other end. */
function pair(role: Role, options: ConnOptions): Promise<{ conn: Conn; peer: RawPeer }> {
  return role === 'server' ? acceptRaw(options) : dialRaw(options)
}

async function collect(conn: Conn): Promise<{ texts: string[]; error: unknown }> {
  const texts: string[] = []
  try {
    for await (const message of conn as AsyncIterable<Message>) texts.push(message.text())
  } catch (error) {
    return { texts, error }
  }
  return { texts, error: undefined }
}

describe.each(kernels.map(({ name }) => name))('on the kernel %s', (kernel) => {
  const realm = globalThis as { [key: symbol]: { choice?: unknown } | undefined }
  const before = process.env.GIBBON_KERNEL

  /** Forces the kernel of connections still to come. */
  function force(name: string | undefined): void {
    if (name === undefined) delete process.env.GIBBON_KERNEL
    else process.env.GIBBON_KERNEL = name
    delete realm[Symbol.for('gibbon-ws.realm.1')]?.choice
  }

  beforeAll(() => {
    force(kernel)
    expect(kernelName()).toBe(kernel)
  })
  afterAll(() => force(before))

  describe.each(['server', 'client'] as const)('a %s', (role) => {
    const from: Role = role === 'server' ? 'client' : 'server'

    test.each(faults)('answers $name with $closeCode', async ({ bytes, code, closeCode, options = {} }) => {
      const { conn, peer } = await pair(role, options)
      const reading = collect(conn)
      peer.send(
        join([
          frame(from, 1, 'before'),
          frame(from, 9, 'ping'),
          bytes(from),
          frame(from, 1, 'behind'),
          frame(from, 9, 'behind'),
        ]),
      )
      const pong = await peer.frame()
      expect([pong.opcode, pong.payload.toString()]).toEqual([10, 'ping'])
      const close = await peer.closeFrame()
      expect(close.code).toBe(closeCode)
      expect(close.reason).not.toBe('')
      // Silence, and the end of our direction; what the peer still says is nothing to us.
      peer.send(join([frame(from, 1, 'later'), frame(from, 9, 'later')]))
      expect(await peer.rest()).toEqual(Buffer.alloc(0))
      peer.socket.end()

      const { texts, error } = await reading
      expect(texts).toEqual(['before'])
      expect(error).toMatchObject({ code, closeCode, remote: true })
      expect(await conn.closed).toEqual({ code: closeCode, reason: '', wasClean: false, error })
      await expect(conn.readMessage()).rejects.toBe(error)
      await expect(conn.writeMessage('x')).rejects.toBe(error)
    })

    test('answers a Close frame in order: what came before it is delivered, nothing behind it', async () => {
      const { conn, peer } = await pair(role, {})
      const reading = collect(conn)
      peer.send(
        join([
          frame(from, 1, 'before'),
          frame(from, 8, join([hex('0fa0'), Buffer.from('bye')])),
          frame(from, 1, 'behind'),
          frame(from, 9, 'behind'),
          hex('ffffffff'),
        ]),
      )
      expect(await peer.closeFrame()).toEqual({ code: 4000, reason: '' })
      if (role === 'client') peer.socket.end()
      expect(await peer.rest()).toEqual(Buffer.alloc(0))
      if (role === 'server') peer.socket.end()
      expect(await reading).toEqual({ texts: ['before'], error: undefined })
      expect(await conn.closed).toEqual({ code: 4000, reason: 'bye', wasClean: true })
    })

    test('reports a fault that comes byte by byte alike', async () => {
      const { conn, peer } = await pair(role, {})
      const reading = collect(conn)
      const bytes = join([frame(from, 1, 'before'), frame(from, 1, hex('61 ff 62'))])
      await peer.sendParts(
        Array.from(bytes, (byte) => Uint8Array.of(byte)),
        1,
      )
      expect((await peer.closeFrame()).code).toBe(1007)
      const { texts, error } = await reading
      expect(texts).toEqual(['before'])
      const headerBytes = from === 'client' ? 6 : 2
      expect(error).toMatchObject({ code: 'ERR_WS_INVALID_UTF8', offset: 2 * headerBytes + 6 + 1 })
    })

    test('has everything before the fault for a reader that comes late', async () => {
      const { conn, peer } = await pair(role, {})
      peer.send(join([frame(from, 1, 'one'), frame(from, 1, 'two'), header(0x83, 0)(from)]))
      expect((await peer.closeFrame()).code).toBe(1002)
      peer.socket.end()
      await conn.closed
      expect(conn.state).toBe('closed')
      expect((await conn.readMessage()).text()).toBe('one')
      const { texts, error } = await collect(conn)
      expect(texts).toEqual(['two'])
      expect(error).toMatchObject({ code: 'ERR_WS_OPCODE' })
    })

    test('takes the end of TCP inside a message for a fault', async () => {
      const { conn, peer } = await pair(role, {})
      const reading = collect(conn)
      peer.send(join([frame(from, 1, 'whole'), frame(from, 1, 'half', false)]))
      peer.socket.end()
      const { texts, error } = await reading
      expect(texts).toEqual(['whole'])
      expect(error).toMatchObject({ code: 'ERR_WS_ABNORMAL_CLOSURE', closeCode: 1006, remote: true })
      expect(String(error)).toContain('unexpected EOF')
      expect(await conn.closed).toMatchObject({ code: 1006, wasClean: false })
    })

    test('ends TCP within its closeTimeout when the peer stays', async () => {
      const { conn, peer } = await pair(role, { closeTimeout: 100 })
      peer.send(header(0x83, 0)(from))
      expect((await peer.closeFrame()).code).toBe(1002)
      const began = performance.now()
      expect(await conn.closed).toMatchObject({ code: 1002, wasClean: false })
      expect(performance.now() - began).toBeLessThan(2_000)
      await sleep(10)
      expect(conn.state).toBe('closed')
    })
  })
})
