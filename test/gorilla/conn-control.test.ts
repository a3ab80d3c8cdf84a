// Rows of gorilla/websocket's conn_test.go about control frames: sent under deadlines, side by side, and in every way there is.
// RFC 6455 §5.5.

import { describe, expect, test } from 'vitest'
import {
  formatCloseMessage,
  isCloseError,
  PingMessage,
  PongMessage,
  type ReadOptions,
} from '../../src/index.ts'
import { failure, Pair, watch } from '../conn/connections.ts'
import { errorOf, readAll, roles, Wire } from './wire.ts'

const message = 'this is a ping/pong message'
const inAMinute = () => new Date(Date.now() + 60_000)

describe.each(roles)('sent by a %s', (role) => {
  test('TestWriteControlDeadline: none and one to come are good, one that has passed sends nothing and breaks nothing', async () => {
    const { writer } = new Wire(role)
    const send = (options?: ReadOptions) => writer.conn.writeControl(PongMessage, message, options)
    await send()
    await send({ deadline: inAMinute() })
    await expect(send({ deadline: new Date(Date.now() - 1) })).rejects.toEqual(failure('ERR_WS_TIMEOUT'))
    await send({ timeout: 60_000 })
    await writer.settle()
    expect(writer.log).toEqual(Array(3).fill(`pong ${message}`))
  })

  test('TestConcurrencyWriteControl: ten at once, ten times, none fails and none is torn', async () => {
    for (let round = 0; round < 10; round++) {
      const { writer } = new Wire(role)
      const writes = Array.from({ length: 10 }, (_, i) =>
        writer.conn.writeControl(PongMessage, `${message} ${i}`, { deadline: inAMinute() }),
      )
      await Promise.all(writes)
      await writer.settle()
      expect(writer.log).toEqual(writes.map((_, i) => `pong ${message} ${i}`))
    }
  })

  test.each([
    ['writeControl', 'writeControl'],
    ['writeMessage', 'writeMessage'],
  ] as const)('TestControl: a pong by %s, the pong handler gets its payload', async (_, method) => {
    const wire = new Wire(role)
    const pongs: string[] = []
    wire.reader.conn.setPongHandler((data) => {
      pongs.push(Buffer.from(data).toString())
    })
    await wire.writer.conn[method](PongMessage, message)
    await wire.carry()
    expect(pongs).toEqual([message])
  })

  test('TestControl: nextWriter is for messages, control frames are none', async () => {
    const { writer } = new Wire(role)
    for (const type of [8, PingMessage, PongMessage, 0, 3]) {
      const open = () => writer.conn.nextWriter(type as 1)
      expect(open).toThrow(TypeError)
      expect(open).toThrow(failure('ERR_WS_ARGUMENT') as Error)
    }
    await writer.settle()
    expect(writer.log).toEqual([])
  })

  test('TestControl: between the fragments of a message of an open writer', async () => {
    const wire = new Wire(role, { writeBufferSize: 4 })
    const pongs: string[] = []
    wire.reader.conn.setPongHandler((data) => {
      pongs.push(Buffer.from(data).toString())
    })
    const writer = await wire.writer.conn.nextWriter(1)
    await writer.write('first ')
    await wire.writer.conn.writeControl(PongMessage, message)
    await wire.carry()
    expect(pongs).toEqual([message])
    await writer.write('second')
    await writer.close()
    await wire.carry()
    expect((await wire.reader.conn.readMessage()).text()).toBe('first second')
  })
})

describe.each(roles)('a Close frame of a %s', (role) => {
  test('TestCloseFrameBeforeFinalMessageFrame: the reader gets what came, then the CloseError, then it again', async () => {
    const wire = new Wire(role, { writeBufferSize: 512 })
    const writer = await wire.writer.conn.nextWriter(2)
    await writer.write(new Uint8Array(512))
    await writer.write(new Uint8Array(256))
    await wire.writer.conn.writeControl(8, formatCloseMessage(1000, 'hello'))
    expect(await errorOf(writer.close())).toEqual(failure('ERR_WS_CLOSE_SENT'))

    const { conn } = wire.reader
    const opening = conn.nextReader()
    await wire.carry()
    const reader = await opening
    expect(reader.type).toBe(2)
    expect((await reader.read())?.length).toBe(512)
    const error = await errorOf(readAll(reader))
    expect(error).toEqual(failure('ERR_WS_CLOSED', { closeCode: 1000, reason: 'hello', remote: true }))
    expect(isCloseError(error, 1000)).toBe(true)
    expect((error as Error).message).toBe('websocket: close 1000 (normal): hello')
    expect(await errorOf(conn.nextReader())).toBe(error)
    expect(await errorOf(conn.readMessage())).toBe(error)
  })

  test('TestCloseFrameBeforeFinalMessageFrame: both ends agree how it ended', async () => {
    const pair = new Pair({ writeBufferSize: 512 })
    const other = role === 'server' ? 'client' : 'server'
    const reading = watch(pair[other].readMessage())
    const writer = await pair[role].nextWriter(2)
    await writer.write(new Uint8Array(768))
    pair[role].close(1000, 'hello')
    await pair.settle()
    expect(reading.error).toEqual(failure('ERR_WS_CLOSED', { closeCode: 1000, reason: 'hello' }))
    expect(await pair[other].closed).toEqual({ code: 1000, reason: 'hello', wasClean: true })
    expect(await pair[role].closed).toMatchObject({ code: 1000, wasClean: true })
  })
})
