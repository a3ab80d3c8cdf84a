// The byte transport over real sockets: plain, TLS, and a Duplex of memory. Whose memory it is when, and how it ends.
// A write that returned true may be overwritten at once, one that returned false when it is told to be written.

import { once } from 'node:events'
import { connect as connectSocket, createServer, type Server, type Socket } from 'node:net'
import { Duplex, duplexPair } from 'node:stream'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import type { ByteReceiver } from '../../src/codec/ports.ts'
import { SocketTransport } from '../../src/node/socket-transport.ts'
import { join } from '../fuzz/frames.ts'
import { cert, key, trust } from '../integration/certificate.ts'

/** Notes what a transport delivers. */
class Receiver implements ByteReceiver {
  readonly chunks: Uint8Array[] = []
  readonly log: string[] = []
  /** Whether what it gets is given to it. */
  isGiven = true
  error: Error | undefined
  written = 0
  onWrite: (() => void) | undefined

  onBytes(bytes: Uint8Array, start: number, end: number, owned: boolean): void {
    expect(owned).toBe(this.isGiven)
    this.chunks.push(bytes.subarray(start, end))
  }

  onWritten(): void {
    this.written++
    this.onWrite?.()
  }

  onEnd(): void {
    this.log.push('end')
  }

  onClose(error?: Error): void {
    this.log.push('close')
    this.error = error
  }

  get bytes(): Uint8Array {
    return join(this.chunks)
  }
}

const segment = (bytes: Uint8Array, start = 0, end = bytes.length) => ({ bytes, start, end })
const counted = (length: number, from = 0) => new Uint8Array(length).map((_, i) => from + i * 7)

/** Waits until `condition` holds, some seconds at most. */
async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 2))
  expect(condition()).toBe(true)
}

const cleanUp: (() => void)[] = []
afterEach(() => {
  for (const task of cleanUp.splice(0)) task()
})

/** Two ends of a real connection; `ours` is the server's, as an HTTP server's it may be half open. */
async function pairOf(kind: 'plain' | 'TLS'): Promise<{ ours: Socket; theirs: Socket }> {
  const options = { allowHalfOpen: true }
  const server: Server = kind === 'plain' ? createServer(options) : createTlsServer({ ...options, key, cert })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const target = { port, host: '127.0.0.1', allowHalfOpen: true }
  const theirs = kind === 'plain' ? connectSocket(target) : connectTls({ ...target, ...trust })
  const [ours] = (await once(server, kind === 'plain' ? 'connection' : 'secureConnection')) as [Socket]
  theirs.on('error', () => undefined)
  cleanUp.push(
    () => server.close(),
    () => ours.destroy(),
    () => theirs.destroy(),
  )
  return { ours, theirs }
}

function transportOver(socket: Duplex): { transport: SocketTransport; receiver: Receiver } {
  const transport = new SocketTransport(socket)
  const receiver = new Receiver()
  transport.start(receiver)
  return { transport, receiver }
}

/** What the other end has received, once it has received `length` bytes. */
async function readAll(socket: Duplex, length: number): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let received = 0
  const collect = (chunk: Buffer) => {
    chunks.push(chunk)
    received += chunk.length
  }
  socket.on('data', collect)
  socket.resume()
  await until(() => received >= length)
  socket.off('data', collect)
  return join(chunks)
}

describe.each(['plain', 'TLS'] as const)('over a %s socket', (kind) => {
  test('bytes pass both ways, several segments as one run', async () => {
    const { ours, theirs } = await pairOf(kind)
    const { transport, receiver } = transportOver(ours)
    const bytes = counted(300)
    transport.write([segment(bytes, 0, 100), segment(bytes, 100, 101), segment(bytes, 101)])
    expect(Buffer.compare(await readAll(theirs, 300), bytes)).toBe(0)
    theirs.write(counted(1000))
    await until(() => receiver.bytes.length === 1000)
    expect(Buffer.compare(receiver.bytes, counted(1000))).toBe(0)
  })

  test('a write is handed over at once, or onWritten tells: once for each, in order', async () => {
    const { ours, theirs } = await pairOf(kind)
    const { transport, receiver } = transportOver(ours)
    theirs.pause()
    let pending = 0
    let total = 0
    for (let i = 0; i < 100; i++) {
      const bytes = counted(50_000 + i, i)
      total += bytes.length
      if (!transport.write([segment(bytes, 0, 7), segment(bytes, 7)])) pending++
    }
    // Some megabytes are more than the kernels take.
    expect(pending).toBeGreaterThan(0)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(receiver.written).toBeLessThan(pending)
    const received = await readAll(theirs, total)
    await until(() => receiver.written === pending)
    let at = 0
    for (let i = 0; i < 100; i++) {
      const expected = counted(50_000 + i, i)
      expect(Buffer.compare(received.subarray(at, at + expected.length), expected)).toBe(0)
      at += expected.length
    }
  })

  test('N4: memory that was given back and overwritten does not show at a peer that stalls', async () => {
    const { ours, theirs } = await pairOf(kind)
    const { transport, receiver } = transportOver(ours)
    theirs.pause()
    const waiting: Uint8Array[] = []
    receiver.onWrite = () => waiting.shift()!.fill(0xee)
    let total = 0
    const sizes = [5, 200, 3000, 20_000, 65_000, 200_000]
    for (let round = 0; round < 40; round++) {
      for (const size of sizes) {
        const bytes = new Uint8Array(size).fill(round)
        total += size
        if (transport.write([segment(bytes)])) bytes.fill(0xee)
        else waiting.push(bytes)
      }
      if (round % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    expect(waiting.length).toBeGreaterThan(0)
    const received = await readAll(theirs, total)
    await until(() => waiting.length === 0)
    let at = 0
    for (let round = 0; round < 40; round++) {
      const length = sizes.reduce((sum, size) => sum + size, 0)
      expect(received.subarray(at, at + length).every((byte) => byte === round)).toBe(true)
      at += length
    }
  })

  test('a paused transport delivers nothing more until it is resumed', async () => {
    const { ours, theirs } = await pairOf(kind)
    const { transport, receiver } = transportOver(ours)
    theirs.write(counted(10))
    await until(() => receiver.bytes.length === 10)
    transport.pause()
    theirs.write(counted(100))
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(receiver.bytes.length).toBe(10)
    transport.resume()
    await until(() => receiver.bytes.length === 110)
  })

  test('end() ends our direction behind everything written, once; the other lives on', async () => {
    const { ours, theirs } = await pairOf(kind)
    const { transport, receiver } = transportOver(ours)
    const ended = once(theirs, 'end')
    transport.write([segment(counted(100_000))])
    transport.end()
    transport.end()
    expect((await readAll(theirs, 100_000)).length).toBe(100_000)
    await ended
    theirs.end('last words')
    await until(() => receiver.log.includes('close'))
    expect(Buffer.from(receiver.bytes).toString()).toBe('last words')
    expect(receiver.log).toEqual(['end', 'close'])
    expect(receiver.error).toBeUndefined()
  })

  test('destroy() ends it at once; the close is told once, later, and calls behind it are harmless', async () => {
    const { ours } = await pairOf(kind)
    const { transport, receiver } = transportOver(ours)
    transport.destroy()
    expect(receiver.log).toEqual([])
    await until(() => receiver.log.length > 0)
    // Never handed over: the close settles it.
    expect(transport.write([segment(counted(10))])).toBe(false)
    transport.pause()
    transport.resume()
    transport.end()
    transport.destroy()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(receiver.log).toEqual(['close'])
    expect([receiver.chunks.length, receiver.written]).toEqual([0, 0])
  })

  test('a peer that vanishes while writes wait is told, and no write as written behind the close', async () => {
    const { ours, theirs } = await pairOf(kind)
    const { transport, receiver } = transportOver(ours)
    theirs.pause()
    while (transport.write([segment(counted(200_000))]));
    theirs.destroy()
    // Whether TLS shows a reset or an end is the runtime's affair; whoever hears of an end destroys.
    await until(() => receiver.log.length > 0)
    transport.destroy()
    await until(() => receiver.log.includes('close'))
    const { written } = receiver
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(receiver.log.filter((entry) => entry === 'close').length).toBe(1)
    expect(receiver.written).toBe(written)
  })
})

describe('over a plain socket', () => {
  test('a reset is told with its error', async () => {
    const { ours, theirs } = await pairOf('plain')
    const { receiver } = transportOver(ours)
    theirs.resetAndDestroy()
    await until(() => receiver.log.includes('close'))
    expect(receiver.error).toMatchObject({ code: 'ECONNRESET' })
  })

  test('a socket that is gone already is told as a close, later', async () => {
    const { ours } = await pairOf('plain')
    ours.destroy()
    await once(ours, 'close')
    const { receiver } = transportOver(ours)
    expect(receiver.log).toEqual([])
    await until(() => receiver.log.length > 0)
    expect(receiver.log).toEqual(['close'])
  })

  test('the time limit of an HTTP server is lifted from its socket', async () => {
    const { ours } = await pairOf('plain')
    ours.setTimeout(5000)
    transportOver(ours)
    expect(ours.timeout).toBe(0)
  })

  test('a small write leaves at once and may be reused at once', async () => {
    const { ours, theirs } = await pairOf('plain')
    const { transport, receiver } = transportOver(ours)
    const bytes = counted(1000)
    expect(transport.write([segment(bytes)])).toBe(true)
    bytes.fill(0)
    expect(Buffer.compare(await readAll(theirs, 1000), counted(1000))).toBe(0)
    expect(receiver.written).toBe(0)
  })

  test('several segments leave in one system call', async () => {
    const { ours, theirs } = await pairOf('plain')
    const { transport } = transportOver(ours)
    let vectors = 0
    const internals = ours as unknown as { _writev(chunks: unknown[], done: () => void): void }
    const writev = internals._writev.bind(ours)
    internals._writev = (chunks, done) => {
      vectors++
      writev(chunks, done)
    }
    transport.write([segment(counted(10)), segment(counted(40_000)), segment(counted(5))])
    expect((await readAll(theirs, 40_015)).length).toBe(40_015)
    expect(vectors).toBe(1)
  })

  test('the transport keeps to a socket with two listeners at most for each event', async () => {
    const { ours } = await pairOf('plain')
    const before = ours.listenerCount('error')
    const { transport } = transportOver(ours)
    for (let i = 0; i < 50; i++) transport.write([segment(counted(10))])
    expect(ours.listenerCount('error')).toBe(before + 1)
    expect(ours.listenerCount('drain')).toBe(0)
    expect(transport.raw).toBe(ours)
  })
})

describe('over a Duplex of memory', () => {
  test('memory is ours again only when the stream has taken the bytes', async () => {
    const [ours, theirs] = duplexPair()
    const { transport, receiver } = transportOver(ours)
    const bytes = counted(500)
    expect(transport.write([segment(bytes, 0, 200), segment(bytes, 200)])).toBe(false)
    expect(receiver.written).toBe(0)
    const received = await readAll(theirs, 500)
    await until(() => receiver.written === 1)
    expect(Buffer.compare(received, counted(500))).toBe(0)
  })

  test('a stream that fails to write is told as a close with its error', async () => {
    const error = new Error('no room')
    const stream = new Duplex({
      read() {},
      write(_chunk, _encoding, done) {
        done(error)
      },
    })
    const { transport, receiver } = transportOver(stream)
    expect(transport.write([segment(counted(10))])).toBe(false)
    await until(() => receiver.log.includes('close'))
    expect([receiver.error, receiver.written]).toEqual([error, 0])
  })

  test('its end and its close are told, its memory is not ours', async () => {
    const [ours, theirs] = duplexPair()
    const { transport, receiver } = transportOver(ours)
    receiver.isGiven = false
    theirs.resume()
    theirs.end('bye')
    await until(() => receiver.log.includes('end'))
    transport.end()
    await until(() => receiver.log.includes('close'))
    expect(Buffer.from(receiver.bytes).toString()).toBe('bye')
  })

  test('what it hands on is memory of its own: the next write may follow in ours, though nobody has read the first', async () => {
    const [ours, theirs] = duplexPair()
    const { transport, receiver } = transportOver(ours)
    const bytes = counted(500)
    transport.write([segment(bytes)])
    // There is room in the stream: it asks for more while it holds these.
    await until(() => receiver.written === 1)
    bytes.fill(0)
    expect(Buffer.compare(await readAll(theirs, 500), counted(500))).toBe(0)
  })
})
