// Messages as Node's streams, as pipeline() and zlib take them: backpressure, ends, errors, and streams that are destroyed.
// RFC 6455 §5.4.

import { once } from 'node:events'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { nodeReadable, nodeWritable } from '../../src/node/streams.ts'
import { pipe } from '../../src/web/pipe.ts'
import { counted, failure, Solo } from '../conn/connections.ts'

const settle = async () => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
}

test('5 MiB go through gzip, a connection and gunzip, piece by piece', async () => {
  const [server, client] = pipe()
  const payload = Buffer.alloc(5 * 1024 * 1024)
  for (let i = 0; i < payload.length; i++) payload[i] = (i * i) >>> 7
  const sending = pipeline(
    Readable.from(
      (function* () {
        for (let at = 0; at < payload.length; at += 100_000) yield payload.subarray(at, at + 100_000)
      })(),
    ),
    createGzip({ level: 1 }),
    nodeWritable(await client.nextWriter(2)),
  )
  const chunks: Buffer[] = []
  await pipeline(nodeReadable(await server.nextReader()), createGunzip(), async (source) => {
    for await (const chunk of source) chunks.push(chunk)
  })
  await sending
  expect(Buffer.compare(Buffer.concat(chunks), payload)).toBe(0)
  client.writeMessage('next')
  expect(await server.readText()).toBe('next')
})

describe('nodeReadable', () => {
  test('gives bytes, and ends with the message; an empty one ends at once', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'text'), solo.frame(2), solo.frame(2, 'next'))
    expect(await nodeReadable(await solo.conn.nextReader()).toArray()).toEqual([Buffer.from('text')])
    expect(await nodeReadable(await solo.conn.nextReader()).toArray()).toEqual([])
    expect(await solo.conn.readText()).toBe('next')
  })

  test('cuts a text inside of a character, and setEncoding() puts it together', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, Uint8Array.of(0x61, 0xe2, 0x82), false))
    const stream = nodeReadable(await solo.conn.nextReader()).setEncoding('utf8')
    const text = stream.toArray()
    await solo.receive(solo.frame(0, Uint8Array.of(0xac)))
    expect((await text).join('')).toBe('a€')
  })

  test('that is not read stops the peer, and goes on when it is', async () => {
    const solo = new Solo()
    const asked = solo.conn.nextReader()
    await solo.receive(solo.frame(2, counted(1000), false))
    const stream = nodeReadable(await asked)
    let sent = 1
    for (; sent < 200 && !solo.transport.isPaused; sent++)
      await solo.receive(solo.frame(0, counted(1000), false))
    expect(sent).toBeLessThan(150)
    const all = stream.toArray()
    await settle()
    expect(solo.transport.isPaused).toBe(false)
    await solo.receive(solo.frame(0, 'end'))
    expect(Buffer.concat(await all).length).toBe(sent * 1000 + 3)
  })

  test.each([[true], [false]])(
    'that is destroyed leaves the rest to be skipped (it waits: %s)',
    async (waits) => {
      const solo = new Solo()
      await solo.receive(solo.frame(1, 'a', false))
      const stream = nodeReadable(await solo.conn.nextReader())
      stream.on('error', () => {})
      if (waits) stream.resume()
      await settle()
      stream.destroy(waits ? new Error('mine') : undefined)
      await once(stream, 'close').catch(() => {})
      const next = solo.conn.readText()
      await solo.receive(solo.frame(0, 'b', false))
      await solo.receive(solo.frame(0, 'c'), solo.frame(1, 'next'))
      expect(await next).toBe('next')
    },
  )

  test('fails as reads do', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'a', false))
    const stream = nodeReadable(await solo.conn.nextReader())
    const all = stream.toArray()
    all.catch(() => {})
    await settle()
    solo.transport.gone(new Error('reset'))
    await expect(all).rejects.toEqual(failure('ERR_WS_ABNORMAL_CLOSURE'))
    expect(stream.destroyed).toBe(true)
  })

  test('ends early where the next reader begins', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'one'), solo.frame(1, 'two'))
    const stream = nodeReadable(await solo.conn.nextReader())
    const second = await solo.conn.nextReader()
    expect(await stream.toArray()).toEqual([])
    expect(await nodeReadable(second).toArray()).toEqual([Buffer.from('two')])
  })
})

describe('nodeWritable', () => {
  test('writes strings in any encoding, and bytes; end() completes the message', async () => {
    const solo = new Solo()
    const stream = nodeWritable(await solo.conn.nextWriter(1))
    stream.write('kä')
    stream.write('c3a4', 'hex')
    stream.end(Uint8Array.of(0x21))
    await once(stream, 'finish')
    await solo.settle()
    expect(solo.log).toEqual(['text kää!'])
  })

  test('gives bad text back as its error', async () => {
    const solo = new Solo()
    const stream = nodeWritable(await solo.conn.nextWriter(1))
    stream.write(Uint8Array.of(0xff))
    const [error] = await once(stream, 'error')
    expect(error).toEqual(failure('ERR_WS_INVALID_UTF8'))
    await solo.settle()
    // Nothing of it was sent: the next message can be.
    await solo.conn.writeMessage('next')
    await solo.settle()
    expect(solo.log).toEqual(['text next'])
  })

  test('that a pipeline leaves because its source failed gives the message up', async () => {
    const solo = new Solo({ writeBufferSize: 10 } as never)
    const cause = new Error('source')
    const source = new Transform({ transform: (_, __, done) => done(cause) })
    const writing = pipeline(source, nodeWritable(await solo.conn.nextWriter(2)))
    writing.catch(() => {})
    source.write('x')
    await expect(writing).rejects.toBe(cause)
    await settle()
    await solo.conn.writeMessage('next')
    await solo.settle()
    expect(solo.log).toEqual(['text next'])
  })
})
