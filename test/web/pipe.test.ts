// Two connections joined in memory: all that a connection does works over a pipe, and neither end can starve the runtime.
// RFC 6455 §5 to §7.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { Conn } from '../../src/conn/conn.ts'
import { pipe } from '../../src/web/pipe.ts'
import { counted, failure, watch } from '../conn/connections.ts'

const MiB = 1024 * 1024
const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0))

async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await turn()
}

async function echo(conn: Conn): Promise<void> {
  for await (const message of conn) await conn.writeMessage(message)
}

describe('messages', () => {
  test('pass both ways, in order, of both types and any length', async () => {
    const [server, client] = pipe()
    const echoing = echo(server)
    const sent = ['', 'a', 'käse €', 'x'.repeat(70_000), 'y'.repeat(200)]
    for (const text of sent) client.writeMessage(text)
    for (const text of sent) expect(await client.readText()).toBe(text)
    client.writeMessage(counted(100_000))
    const message = await client.readMessage()
    expect([message.type, Buffer.compare(message.data, counted(100_000))]).toEqual([2, 0])
    await client.close()
    await echoing
  })

  test('are the ones that were written, whatever the writer does to its memory then', async () => {
    const [server, client] = pipe()
    const bytes = counted(1000)
    await client.writeMessage(bytes)
    bytes.fill(0)
    const large = counted(200_000)
    const write = server.writeMessage(large)
    expect(Buffer.compare((await server.readMessage()).data, counted(1000))).toBe(0)
    const got = client.readMessage()
    await write
    large.fill(0)
    expect(Buffer.compare((await got).data, counted(200_000))).toBe(0)
  })

  test('10 MiB each way at once arrive whole', async () => {
    const [server, client] = pipe({ highWaterMark: 100_000 })
    const total = 10 * MiB
    async function send(conn: Conn): Promise<void> {
      const chunk = counted(50_000)
      let left = total
      for (; left > 0; left -= chunk.length)
        await conn.writeMessage(left < chunk.length ? chunk.subarray(0, left) : chunk)
    }
    async function receive(conn: Conn): Promise<number> {
      let bytes = 0
      while (bytes < total) bytes += (await conn.readMessage()).byteLength
      return bytes
    }
    const all = await Promise.all([send(server), receive(server), send(client), receive(client)])
    expect([all[1], all[3]]).toEqual([total, total])
    // And a message of that size in one piece, both ways.
    const message = counted(total)
    const [a, b] = await Promise.all([
      server.readMessage(),
      client.readMessage(),
      server.writeMessage(message),
      client.writeMessage(message),
    ])
    expect([Buffer.compare(a.data, message), Buffer.compare(b.data, message)]).toEqual([0, 0])
  })

  test.each([[0], [1]])(
    'of end %d wait when the other does not read, and go on when it does',
    async (from) => {
      const ends = pipe({ highWaterMark: 1000 })
      const [writer, reader] = [ends[from], ends[1 - from]]
      let written = 0
      const writing = (async () => {
        for (; written < 100; written++) await writer.writeMessage(counted(10_000), { copy: true })
      })()
      await turns()
      const before = written
      // 64 KiB under way and as much read ahead, and one message more of each.
      expect(before).toBeGreaterThan(5)
      expect(before).toBeLessThan(18)
      await turns()
      expect(written).toBe(before)
      for (let i = 0; i < 100; i++) expect((await reader.readMessage()).byteLength).toBe(10_000)
      await writing
      expect(writer.bufferedAmount).toBe(0)
    },
  )

  test('both ways wait at once, and both go on', async () => {
    const [server, client] = pipe({ highWaterMark: 1000 })
    const fill = async (conn: Conn) => {
      for (let i = 0; i < 50; i++) await conn.writeMessage(counted(10_000), { copy: true })
    }
    const writes = [watch(fill(server)), watch(fill(client))]
    await turns()
    expect(writes.map(({ state }) => state)).toEqual(['pending', 'pending'])
    for (let i = 0; i < 50; i++) await Promise.all([server.readMessage(), client.readMessage()])
    await turns()
    expect(writes.map(({ state }) => state)).toEqual(['resolved', 'resolved'])
  })
})

test('control frames pass: pings both ways have a round trip, and handlers work', async () => {
  const [server, client] = pipe()
  expect(await server.ping('a')).toBeGreaterThanOrEqual(0)
  expect(await client.ping()).toBeGreaterThanOrEqual(0)
  const met: string[] = []
  server.setPingHandler((data) => {
    met.push(Buffer.from(data).toString())
    return server.writeControl(10, data)
  })
  await client.ping('b')
  expect(met).toEqual(['b'])
})

test('readers, writers, batches and pushed messages work over it', async () => {
  const [server, client] = pipe({ writeBufferSize: 10 })
  const writer = await client.nextWriter(1)
  await writer.write('piece by piece, ')
  const reader = await server.nextReader()
  const first = (await reader.read())!
  await writer.write('and the rest')
  await writer.close()
  let text = Buffer.from(first).toString()
  for await (const piece of reader) text += Buffer.from(piece).toString()
  expect(text).toBe('piece by piece, and the rest')
  client.writeMessage('1')
  client.writeMessage('2')
  for await (const batch of server.batches()) {
    expect(batch.map((message) => message.text())).toEqual(['1', '2'])
    break
  }
  const pushed: string[] = []
  client.onMessage((message) => void pushed.push(message.text()), { borrow: true })
  await server.writeMessage('a')
  await server.writeMessage('b')
  await server.flush()
  await turns()
  expect(pushed).toEqual(['a', 'b'])
})

describe('the end', () => {
  test.each([[0], [1]])('by close() of end %d is clean on both, behind what was written', async (from) => {
    const ends = pipe()
    const [closer, other] = [ends[from], ends[1 - from]]
    closer.writeMessage('last')
    const closed = closer.close(4000, 'so')
    const texts: string[] = []
    for await (const message of other) texts.push(message.text())
    expect(texts).toEqual(['last'])
    expect(await closed).toEqual({ code: 4000, reason: '', wasClean: true })
    expect(await other.closed).toEqual({ code: 4000, reason: 'so', wasClean: true })
    expect([closer.state, other.state]).toEqual(['closed', 'closed'])
  })

  test('by close() of both at once is clean on both', async () => {
    const [server, client] = pipe()
    const infos = await Promise.all([server.close(4001), client.close(4002)])
    expect(infos.map(({ code, wasClean }) => [code, wasClean])).toEqual([
      [4002, true],
      [4001, true],
    ])
  })

  test('by close() while the other does not read is clean: its queue can still be read', async () => {
    const [server, client] = pipe()
    for (let i = 0; i < 5; i++) client.writeMessage(counted(10_000))
    const { wasClean } = await client.close()
    expect(wasClean).toBe(true)
    let count = 0
    for await (const _ of server) count++
    expect(count).toBe(5)
  })

  test.each([[0], [1]])(
    'by terminate() of end %d: what was written arrives, then reads fail',
    async (from) => {
      const ends = pipe()
      const [one, other] = [ends[from], ends[1 - from]]
      one.writeMessage('written')
      one.flush()
      one.terminate()
      expect((await one.closed).code).toBe(1006)
      expect(await other.readText()).toBe('written')
      await expect(other.readText()).rejects.toEqual(failure('ERR_WS_ABNORMAL_CLOSURE'))
      expect((await other.closed).code).toBe(1006)
      await expect(other.writeMessage('x')).rejects.toEqual(failure('ERR_WS_ABNORMAL_CLOSURE'))
    },
  )

  test('by terminate() of an end that has not read all is the end of both at once', async () => {
    const [server, client] = pipe()
    client.writeMessage(counted(100_000))
    await turns()
    client.writeMessage(counted(100_000))
    const flushed = watch(client.flush())
    await turns()
    expect(flushed.state).toBe('pending')
    server.terminate()
    expect([(await server.closed).code, (await client.closed).code]).toEqual([1006, 1006])
    await turns(2)
    expect(flushed.error).toEqual(failure('ERR_WS_ABNORMAL_CLOSURE'))
  })

  test('by terminate() comes behind all that was written, however late that is read', async () => {
    const [server, client] = pipe()
    for (let i = 0; i < 3; i++) {
      client.writeMessage(counted(60_000))
      await turns(5)
    }
    client.terminate()
    await turns(5)
    expect([client.state, server.state]).toEqual(['closed', 'open'])
    for (let i = 0; i < 3; i++) expect((await server.readMessage()).byteLength).toBe(60_000)
    await expect(server.readMessage()).rejects.toEqual(failure('ERR_WS_ABNORMAL_CLOSURE'))
  })

  test('by terminate() is told to an end that reads as little as the other', async () => {
    const [server, client] = pipe()
    for (const conn of [server, client]) {
      conn.writeMessage(counted(100_000))
      await turns(5)
      conn.writeMessage(counted(100_000))
    }
    await turns(5)
    server.terminate()
    expect([(await server.closed).code, (await client.closed).code]).toEqual([1006, 1006])
  })

  test('by terminate() of both at once, and again', async () => {
    const [server, client] = pipe()
    server.terminate()
    client.terminate()
    server.terminate()
    expect([(await server.closed).code, (await client.closed).code]).toEqual([1006, 1006])
  })

  test('an end that has gone is noticed by who writes to it', async () => {
    const [server, client] = pipe({ closeTimeout: 60_000 })
    // The close handler holds the end up, and writes when the peer is gone.
    server.setCloseHandler(async () => {
      await turns(5)
      await server.writeMessage('too late')
    })
    client.close()
    await turns(2)
    client.terminate()
    expect((await server.closed).code).toBe(1000)
  })

  test('with a fault on one side is the fault on both', async () => {
    const [server, client] = pipe({ readLimit: 100 })
    client.writeMessage(counted(101))
    await expect(server.readMessage()).rejects.toEqual(failure('ERR_WS_MESSAGE_TOO_BIG'))
    await expect(client.readMessage()).rejects.toEqual(failure('ERR_WS_CLOSED', { closeCode: 1009 }))
    expect((await server.closed).code).toBe(1009)
  })
})

test('two ends that echo for ever starve nobody: timers run meanwhile', async () => {
  const [server, client] = pipe()
  const echoes = [echo(server), echo(client)]
  client.writeMessage('for ever')
  let count = 0
  for (let i = 0; i < 20; i++) {
    await turn()
    count++
  }
  expect(count).toBe(20)
  client.terminate()
  await Promise.allSettled(echoes)
})

test('what is written in one turn arrives in one read', async () => {
  const [server, client] = pipe()
  const sizes: number[] = []
  const reading = (async () => {
    for await (const batch of server.batches()) sizes.push(batch.length)
  })()
  for (let i = 0; i < 10; i++) client.writeMessage(`${i}`)
  await turns(3)
  await client.close()
  await reading
  expect(sizes).toEqual([10])
})

test('100 pipes do not mix', async () => {
  const pipes = Array.from({ length: 100 }, () => pipe())
  const echoes = pipes.map(([server]) => echo(server))
  pipes.forEach(([, client], i) => {
    for (let k = 0; k < 5; k++) client.writeMessage(`${i} ${k}`)
  })
  for (let i = 0; i < pipes.length; i++)
    for (let k = 0; k < 5; k++) expect(await pipes[i][1].readText()).toBe(`${i} ${k}`)
  await Promise.all(pipes.map(([, client]) => client.close()))
  await Promise.all(echoes)
})

test('options that are none throw', () => {
  expect(() => pipe({ readLimit: -1 })).toThrow(failure('ERR_WS_ARGUMENT') as Error)
  expect(() => pipe({ closeTimeout: 'x' as unknown as number })).toThrow(TypeError)
})

test('a wait over a pipe ends at its limit, though nothing else keeps the process alive', async () => {
  const script = new URL('pipe-and-wait.mjs', import.meta.url).pathname
  const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: 20_000 })
  expect(stdout).toBe('ERR_WS_TIMEOUT,ERR_WS_TIMEOUT,ERR_WS_TIMEOUT\n')
})

test('what was handed over does not change with the memory it was in', async () => {
  const [server, client] = pipe()
  const memory = Buffer.alloc(40_000)
  let wrong = 0
  const reading = (async () => {
    for (let i = 0; i < 300; i++) {
      const { data } = await client.readMessage()
      if (data[0] !== i % 256 || data.at(-1) !== i % 256) wrong++
    }
  })()
  for (let i = 0; i < 300; i++) await server.writeMessage(memory.fill(i % 256))
  await reading
  expect(wrong).toBe(0)
  await client.close()
})
