// Rows of gorilla/websocket's conn_test.go about reading: streams that end too early, limits, and connections that have failed.
// RFC 6455 §5.2, §7.1.7.

import { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { describe, expect, test } from 'vitest'
import { type Address, connFrom, isCloseError, nodeReadable, pipe, ReadLimitError } from '../../src/index.ts'
import { failure, Solo } from '../conn/connections.ts'
import { MemoryTransport } from '../conn/memory-transport.ts'
import { openBoth } from '../integration/serve.ts'
import { errorOf, readAll, roles, Wire } from './wire.ts'

/** Two reads reject with one error, which says that the stream ended; loops throw it too. */
async function expectEnded(solo: Solo, what: string, error: unknown): Promise<void> {
  expect(error, what).toEqual(failure('ERR_WS_ABNORMAL_CLOSURE', { closeCode: 1006, remote: true }))
  expect(isCloseError(error, 1006), what).toBe(true)
  for (let i = 0; i < 2; i++) expect(await errorOf(solo.conn.nextReader()), what).toBe(error)
  expect(await errorOf(solo.conn.readMessage()), what).toBe(error)
}

describe.each(roles)('what a %s wrote', (role) => {
  test.each(['as is', 'one'] as const)(
    'TestEOFWithinFrame: cut at every byte it ends with 1006, again and again; chunks: %s',
    async (chunking) => {
      for (let cut = 0; ; cut++) {
        const wire = new Wire(role)
        const writer = await wire.writer.conn.nextWriter(2)
        await writer.write(new Uint8Array(64))
        await writer.close()
        const bytes = await wire.take()
        if (cut >= bytes.length) break
        wire.writer.transport.writes.push(bytes.subarray(0, cut))
        const { conn, transport } = wire.reader
        const reading = conn.nextReader().then((reader) => readAll(reader))
        const failed = errorOf(reading)
        await wire.carry(chunking)
        transport.receiveEnd()
        await expectEnded(wire.reader, `cut at ${cut}`, await failed)
        expect(await conn.closed).toMatchObject({ code: 1006, wasClean: false })
      }
    },
  )

  test('TestEOFBeforeFinalFrame: the pieces that came, then 1006', async () => {
    const wire = new Wire(role, { writeBufferSize: 512 })
    const writer = await wire.writer.conn.nextWriter(2)
    await writer.write(new Uint8Array(512))
    await writer.write(new Uint8Array(256))
    await wire.carry()
    const reader = await wire.reader.conn.nextReader()
    expect(reader.type).toBe(2)
    expect((await reader.read())?.length).toBe(512)
    const failed = errorOf(reader.read())
    wire.reader.transport.receiveEnd()
    const error = await failed
    expect(await errorOf(reader.read())).toBe(error)
    await expectEnded(wire.reader, 'behind the first frame', error)
  })

  test('TestReadLimit: a message at the limit in two frames with a pong between them passes, read or skipped', async () => {
    const wire = new Wire(role, { writeBufferSize: 510 })
    const { reader } = wire
    reader.conn.setReadLimit(512)
    for (const skip of [false, true]) {
      const writer = await wire.writer.conn.nextWriter(2)
      await writer.write(new Uint8Array(511))
      await wire.writer.conn.writeControl(10, 'this is a pong')
      await writer.write(new Uint8Array(1))
      await writer.close()
      await wire.carry()
      const message = await reader.conn.nextReader()
      if (!skip) expect((await readAll(message)).length).toBe(512)
    }

    await wire.writer.conn.writeMessage(new Uint8Array(513))
    const failed = errorOf(reader.conn.nextReader())
    await wire.carry()
    const error = await failed
    expect(error).toBeInstanceOf(ReadLimitError)
    expect(error).toEqual(failure('ERR_WS_MESSAGE_TOO_BIG', { closeCode: 1009, remote: true }))
    expect(await errorOf(reader.conn.nextReader())).toBe(error)
    expect(reader.sentClose).toBe(1009)
  })

  test('TestReadLimit: fragments that go beyond the limit together', async () => {
    const wire = new Wire(role, { writeBufferSize: 256 })
    wire.reader.conn.setReadLimit(512)
    const writer = await wire.writer.conn.nextWriter(2)
    for (let i = 0; i < 3; i++) await writer.write(new Uint8Array(257))
    const reading = wire.reader.conn.nextReader().then((reader) => readAll(reader))
    const failed = errorOf(reading)
    await wire.carry('one')
    expect(await failed).toBeInstanceOf(ReadLimitError)
    expect(wire.reader.sentClose).toBe(1009)
  })

  test('TestBufioReadBytes: a line longer than what is read ahead', async () => {
    const ends = pipe({ readBufferSize: 512 - 64 })
    const [from, to] = role === 'server' ? ends : [ends[1], ends[0]]
    const writer = await from.nextWriter(2)
    await writer.write(new Uint8Array(511).fill(0x61))
    await writer.write('\n')
    await writer.close()
    const reader = await to.nextReader()
    expect(reader.type).toBe(2)
    const lines: string[] = []
    for await (const line of createInterface({ input: nodeReadable(reader) })) lines.push(line)
    expect(lines).toEqual(['a'.repeat(511)])
    from.terminate()
  })
})

test('TestReadLimit: a continuation frame of negative length cannot defeat the limit; the peer is told', async () => {
  const solo = new Solo({ readLimit: 1 })
  const key = [0, 0, 0, 0]
  const stream = [
    [0x02, 0x81, ...key, 0x41],
    [0x00, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, ...key],
    [0x80, 0xff, 0, 0, 0, 0, 0, 0, 0, 5, ...key, 0x42, 0x43, 0x44, 0x45, 0x46],
  ]
  const opening = solo.conn.nextReader()
  await solo.receive(...stream.map((bytes) => Uint8Array.from(bytes)))
  const reader = await opening.catch((error) => error)
  const error = reader instanceof Error ? reader : await errorOf(readAll(reader))
  expect(error).toEqual(failure('ERR_WS_LENGTH', { closeCode: 1002 }))
  expect(await errorOf(solo.conn.readMessage())).toBe(error)
  expect(solo.sentClose).toBe(1002)
})

test('TestAddrs: are those of the transport', async () => {
  const localAddress: Address = { address: '127.0.0.1', port: 1 }
  const remoteAddress: Address = { address: '::1', port: 2 }
  const transport = Object.assign(new MemoryTransport(), { localAddress, remoteAddress })
  const conn = connFrom(transport, { role: 'server' })
  expect([conn.localAddress, conn.remoteAddress]).toEqual([localAddress, remoteAddress])

  const { client, server } = await openBoth()
  expect(client.localAddress).toEqual(server.remoteAddress)
  expect(client.remoteAddress).toEqual(server.localAddress)
  expect(client.localAddress).toMatchObject({ address: expect.stringContaining('127.0.0.1') })
})

test('TestNetConn, TestDeprecatedUnderlyingConn: conn.socket is the object below', async () => {
  const solo = new Solo()
  expect(solo.conn.socket).toBe(solo.transport.raw)
  const { client, server } = await openBoth()
  for (const { socket } of [client, server]) expect(socket).toBeInstanceOf(Socket)
  expect((client.socket as Socket).localPort).toBe((server.socket as Socket).remotePort)
})

test('TestFailedConnectionReadPanic: 20,000 reads of a failed connection reject with the one error, and none panics', async () => {
  const [conn] = pipe()
  conn.terminate()
  const errors = new Set<unknown>()
  await Promise.all(
    Array.from({ length: 20_000 }, () => conn.readMessage().catch((error) => errors.add(error))),
  )
  expect([...errors]).toEqual([failure('ERR_WS_ABNORMAL_CLOSURE')])
})
