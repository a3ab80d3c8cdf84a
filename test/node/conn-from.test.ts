// Connections over what Node has: any Duplex of bytes, sockets, and transports of the application's own.
// RFC 6455 §7.1.1: a server ends the transport first.

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { Duplex, duplexPair } from 'node:stream'
import { afterEach, describe, expect, test } from 'vitest'
import type { Conn } from '../../src/conn/conn.ts'
import { connFrom } from '../../src/node/conn-from.ts'
import { counted, failure } from '../conn/connections.ts'
import { MemoryTransport } from '../conn/memory-transport.ts'

const cleanUp: (() => void)[] = []
afterEach(() => {
  for (const task of cleanUp.splice(0)) task()
})

async function sockets(): Promise<[Duplex, Duplex]> {
  const server = createServer({ allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const theirs = connect((server.address() as { port: number }).port, '127.0.0.1')
  const [ours] = await accepted
  cleanUp.push(() => {
    ours.destroy()
    theirs.destroy()
    server.close()
  })
  return [ours, theirs]
}

async function echo(conn: Conn): Promise<void> {
  for await (const message of conn) await conn.writeMessage(message)
}

describe.each<[string, () => Promise<[Duplex, Duplex]> | [Duplex, Duplex]]>([
  ['a pair of Duplex streams', () => duplexPair()],
  ['a pair of Duplex streams with little room', () => duplexPair({ highWaterMark: 10 })],
  ['a pair of sockets', sockets],
])('over %s', (_, make) => {
  test('messages pass both ways, and it closes clean', async () => {
    const [a, b] = await make()
    const server = connFrom(a, { role: 'server' })
    const client = connFrom(b, { role: 'client', subprotocol: 'chat' })
    expect([client.subprotocol, client.socket === b, server.socket === a]).toEqual(['chat', true, true])
    const echoing = echo(server)
    for (const length of [0, 1, 1000, 70_000, 1_000_000]) {
      client.writeMessage(counted(length))
      const { data } = await client.readMessage()
      expect(Buffer.compare(data, counted(length))).toBe(0)
    }
    expect(await client.ping('x')).toBeGreaterThanOrEqual(0)
    expect(await client.close(4000, 'done')).toEqual({ code: 4000, reason: '', wasClean: true })
    await echoing
    expect(await server.closed).toEqual({ code: 4000, reason: 'done', wasClean: true })
    expect([a.destroyed, b.destroyed]).toEqual([true, true])
  })

  test('10 MiB each way at once arrive whole', async () => {
    const [a, b] = await make()
    const ends = [connFrom(a, { role: 'server' }), connFrom(b, { role: 'client' })]
    const total = 10 * 1024 * 1024
    const counts = await Promise.all(
      ends.flatMap((conn) => [
        (async () => {
          for (let sent = 0; sent < total; sent += 65_536) await conn.writeMessage(new Uint8Array(65_536))
          return total
        })(),
        (async () => {
          let bytes = 0
          while (bytes < total) bytes += (await conn.readMessage()).byteLength
          return bytes
        })(),
      ]),
    )
    expect(counts).toEqual([total, total, total, total])
    await Promise.all(ends.map((conn) => conn.close()))
  })

  test('terminate() destroys it', async () => {
    const [a] = await make()
    const server = connFrom(a, { role: 'server' })
    server.terminate()
    expect([(await server.closed).code, a.destroyed]).toEqual([1006, true])
  })
})

test('early bytes come first', async () => {
  const [a, b] = duplexPair()
  const client = connFrom(b, { role: 'client' })
  await client.writeMessage('first')
  await client.writeMessage('second')
  await client.flush()
  const early = a.read() as Buffer
  await client.writeMessage('third')
  const server = connFrom(a, { role: 'server', early })
  expect([await server.readText(), await server.readText(), await server.readText()]).toEqual([
    'first',
    'second',
    'third',
  ])
  server.terminate()
  client.terminate()
})

test('an error of the stream is the cause of the connection’s', async () => {
  const [a] = duplexPair()
  const conn = connFrom(a, { role: 'server' })
  const cause = new Error('broken')
  a.destroy(cause)
  expect((await conn.closed).error).toEqual(failure('ERR_WS_ABNORMAL_CLOSURE', { cause }))
})

test('a stream that is destroyed already is the end of its connection', async () => {
  const [a] = duplexPair()
  a.destroy()
  await once(a, 'close')
  const conn = connFrom(a, { role: 'server' })
  expect((await conn.closed).code).toBe(1006)
})

test('a transport of the application’s own is taken as it is, and a Duplex that has a start() is a Duplex', async () => {
  const transport = new MemoryTransport()
  expect(connFrom(transport, { role: 'server' }).socket).toBe(transport.raw)
  const [a] = duplexPair()
  const odd = Object.assign(a, { start() {} })
  const conn = connFrom(odd, { role: 'server' })
  expect(conn.socket).toBe(odd)
  conn.terminate()
})

test.each([[undefined], [null], [1], ['socket'], [{}], [{ start() {} }]])(
  'connFrom(%j) throws at once',
  (value) => {
    const make = () => connFrom(value as unknown as Duplex, { role: 'server' })
    expect(make).toThrow(TypeError)
    expect(make).toThrow(failure('ERR_WS_ARGUMENT') as Error)
  },
)

test.each<[string, (stream: Duplex) => void, unknown]>([
  ['strings', (stream) => stream.setEncoding('utf8'), 'hello'],
  ['objects', () => {}, { no: 'bytes' }],
])('a stream that gives %s ends the connection, and nothing is thrown out of it', async (_, set, chunk) => {
  const stream = new Duplex({ read() {}, write() {}, readableObjectMode: typeof chunk === 'object' })
  set(stream)
  const conn = connFrom(stream, { role: 'client' })
  stream.push(chunk)
  expect(await conn.closed).toMatchObject({ code: 1006, error: { cause: { code: 'ERR_WS_ARGUMENT' } } })
})
