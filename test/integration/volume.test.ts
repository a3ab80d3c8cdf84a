// Much of everything: one message of 64 MiB, 100,000 messages in a row, 500 connections at once; each byte comes back.
// RFC 6455 §5.2 (the 64-bit length), §5.6 (messages in order).

import { once } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { patternOf, same } from './bytes.ts'
import { echo, open, serve } from './serve.ts'

const MIB = 1 << 20
const LARGE = 64 * MIB
const MANY = 100_000
const CONNECTIONS = 500

async function openWs(url: string): Promise<WebSocket> {
  const ws = new WebSocket(url, { perMessageDeflate: false })
  onTestFinished(() => ws.terminate())
  await once(ws, 'open')
  return ws
}

/** The n-th of many small messages: 0 to 40 bytes, one in three binary, one in five beyond ASCII. */
function small(n: number): string | Buffer {
  if (n % 3 === 0) return patternOf(n % 41, n)
  return `${n % 5 === 0 ? 'größe 🐒 ' : 'message '}${n}`
}

const smalls = Array.from({ length: MANY }, (_, n) => small(n))

/** Whether the n-th message is as it was sent. */
function isSmall(n: number, data: Uint8Array, isText: boolean): boolean {
  const sent = smalls[n]
  return typeof sent === 'string'
    ? isText && Buffer.from(data.buffer, data.byteOffset, data.length).toString() === sent
    : !isText && same(data, sent)
}

describe('a binary message of 64 MiB comes back byte-exact', () => {
  const bytes = patternOf(LARGE)

  test('to a client of ws', { timeout: 60_000 }, async () => {
    const { url } = await serve(echo, { readLimit: LARGE })
    const ws = await openWs(url)
    ws.send(bytes)
    const [data, isBinary] = await once(ws, 'message')
    expect(isBinary).toBe(true)
    expect(same(data, bytes)).toBe(true)
  })

  test('to our Dialer', { timeout: 60_000 }, async () => {
    const { url } = await serve(echo, { readLimit: LARGE })
    const conn = await open(url, { readLimit: LARGE })
    const [message] = await Promise.all([conn.readMessage(), conn.writeMessage(bytes)])
    expect(message.type).toBe(2)
    expect(same(message.data, bytes)).toBe(true)
    expect(conn.bufferedAmount).toBe(0)
  })
})

describe('100,000 small messages, pipelined on one connection, come back in order and byte-exact', () => {
  test('to a client of ws', { timeout: 60_000 }, async () => {
    const { url } = await serve(echo)
    const ws = await openWs(url)
    let count = 0
    let wrong = 0
    const all = new Promise<void>((resolve) => {
      ws.on('message', (data: Buffer, isBinary) => {
        if (!isSmall(count, data, !isBinary)) wrong++
        if (++count === MANY) resolve()
      })
    })
    for (const message of smalls) ws.send(message)
    await all
    expect(wrong).toBe(0)
    ws.close(1000)
    const [code] = await once(ws, 'close')
    expect([count, code]).toEqual([MANY, 1000])
  })

  test('N2: to our Dialer, which writes without waiting', { timeout: 60_000 }, async () => {
    const { url } = await serve(echo)
    const conn = await open(url)
    let count = 0
    let wrong = 0
    const reading = (async () => {
      for await (const message of conn) {
        if (!isSmall(count, message.data, message.isText)) wrong++
        if (++count === MANY) break
      }
    })()
    await Promise.all([reading, ...smalls.map((message) => conn.writeMessage(message))])
    expect([count, wrong]).toEqual([MANY, 0])
    expect(await conn.close()).toMatchObject({ code: 1000, wasClean: true })
  })

  test('to our Dialer, which waits for each write', { timeout: 60_000 }, async () => {
    const { url } = await serve(echo)
    const conn = await open(url)
    const writing = (async () => {
      for (const message of smalls) await conn.writeMessage(message)
    })()
    let wrong = 0
    for (let n = 0; n < MANY; n++) {
      const message = await conn.readMessage()
      if (!isSmall(n, message.data, message.isText)) wrong++
    }
    await writing
    expect(wrong).toBe(0)
  })
})

describe('500 connections at once each get their messages back', () => {
  const messagesOf = (connection: number) => [
    `connection ${connection} 🐒`,
    patternOf(connection, connection),
    patternOf(20_000 + connection, connection),
    '',
  ]

  test('of clients of ws', { timeout: 60_000 }, async () => {
    const { url, attachment } = await serve(echo)
    const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, () => openWs(url)))
    expect(attachment.connections.size).toBe(CONNECTIONS)
    await Promise.all(
      sockets.map(async (ws, connection) => {
        for (const sent of messagesOf(connection)) {
          ws.send(sent)
          const [data, isBinary] = await once(ws, 'message')
          expect(isBinary).toBe(typeof sent !== 'string')
          expect(same(data, Buffer.from(sent))).toBe(true)
        }
        ws.close(1000)
        await once(ws, 'close')
      }),
    )
    await expect.poll(() => attachment.connections.size).toBe(0)
  })

  test('of our Dialer, all messages sent at once', { timeout: 60_000 }, async () => {
    const { url, attachment } = await serve(echo)
    const conns = await Promise.all(Array.from({ length: CONNECTIONS }, () => open(url)))
    expect(attachment.connections.size).toBe(CONNECTIONS)
    await Promise.all(
      conns.map(async (conn, connection) => {
        const messages = messagesOf(connection)
        await Promise.all(messages.map((message) => conn.writeMessage(message)))
        for (const sent of messages) {
          const message = await conn.readMessage()
          expect(message.isText).toBe(typeof sent === 'string')
          expect(same(message.data, Buffer.from(sent))).toBe(true)
        }
        expect(await conn.close()).toMatchObject({ code: 1000, wasClean: true })
      }),
    )
    await expect.poll(() => attachment.connections.size).toBe(0)
  })
})
