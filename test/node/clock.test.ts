// The clock of Node: the end of a turn comes behind every microtask of the turn and before the next macrotask.
// So a batch of asynchronous handlers ends in one write, and a lone message waits for nothing.

import { once } from 'node:events'
import { connect as connectSocket, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { ByteTransport } from '../../src/codec/ports.ts'
import { Protocol } from '../../src/codec/protocol.ts'
import { Conn } from '../../src/conn/conn.ts'
import { checkConnOptions } from '../../src/conn/options.ts'
import { nodeClock } from '../../src/node/clock.ts'
import { SocketTransport } from '../../src/node/socket-transport.ts'
import { nodeText } from '../../src/node/text.ts'
import { webClock } from '../../src/web/clock.ts'
import { MemoryTransport } from '../conn/memory-transport.ts'
import { frameBytes, join } from '../fuzz/frames.ts'
import { decodeAll } from '../reference/decode.ts'

const handshake = Object.freeze({ headers: {}, subprotocol: '', extensions: [] })
const key = Uint8Array.of(1, 2, 3, 4)

function connOn(transport: ByteTransport): Conn {
  const protocol = new Protocol({ role: 'server', text: nodeText })
  const settings = checkConnOptions({})
  return new Conn({ transport, protocol, clock: nodeClock, settings, handshake }, undefined)
}

const frames = (count: number) =>
  join(
    Array.from({ length: count }, (_, i) =>
      frameBytes({ fin: true, opcode: 1, payload: Buffer.from(`message ${i}`), key }),
    ),
  )

const ping = frameBytes({ fin: true, opcode: 9, payload: new Uint8Array(0), key })

const macrotask = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Calls `task` in a macrotask of its own; resolves in the next one, before any timer or I/O can have run between. */
function inOneTurn(task: () => void): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => {
      setImmediate(resolve)
      task()
    })
  })
}

describe('a batch of messages that is answered in', () => {
  type Answer = (conn: Conn) => Promise<unknown>
  const answers: [string, Answer][] = [
    [
      'a loop',
      async (conn) => {
        for await (const message of conn) await conn.writeMessage(message)
      },
    ],
    [
      'a loop of reads',
      async (conn) => {
        for (;;) await conn.writeMessage(await conn.readMessage())
      },
    ],
    [
      'asynchronous functions five deep',
      async (conn) => {
        const deep = async (text: string, depth: number): Promise<string> =>
          depth === 0 ? text : await deep(text, depth - 1)
        for await (const message of conn) await conn.writeMessage(await deep(message.text(), 5))
      },
    ],
    [
      'handlers that run side by side, each with its own number of microtasks',
      async (conn) => {
        let count = 0
        for await (const message of conn) {
          const turns = count++ % 20
          void (async () => {
            for (let i = 0; i < turns; i++) await undefined
            await conn.writeMessage(message)
          })()
        }
      },
    ],
    [
      'nested queueMicrotask calls',
      async (conn) => {
        for await (const message of conn)
          queueMicrotask(() => queueMicrotask(() => queueMicrotask(() => void conn.writeMessage(message))))
      },
    ],
  ]

  test.each(answers)('%s leaves in one write', async (_, answer) => {
    const transport = new MemoryTransport()
    const conn = connOn(transport)
    const done = answer(conn).catch(() => undefined)
    await macrotask()
    // The ping is answered in the synchronous part of the turn, before any handler runs.
    await inOneTurn(() => transport.receive(join([ping, frames(100)])))
    expect(transport.writes.length).toBe(1)
    expect(decodeAll(transport.written, { role: 'client' }).length).toBe(101)
    conn.terminate()
    await done
  })

  test('the loops of many connections leaves in one write for each', async () => {
    const transports = Array.from({ length: 20 }, () => new MemoryTransport())
    const done = transports.map(async (transport) => {
      const conn = connOn(transport)
      for await (const message of conn) await conn.writeMessage(message)
    })
    await inOneTurn(() => {
      for (const transport of transports) transport.receive(frames(10))
    })
    expect(transports.map(({ writes }) => writes.length)).toEqual(Array(20).fill(1))
    for (const transport of transports) transport.gone()
    await Promise.allSettled(done)
  })
})

describe('a lone message leaves before the next macrotask', () => {
  test.each<[string, (write: () => void) => void]>([
    ['when it is written in a macrotask', (write) => write()],
    ['when it is written in a microtask', (write) => queueMicrotask(write)],
    ['when it is written by process.nextTick', (write) => process.nextTick(write)],
    [
      'when it is written behind ten awaits',
      async (write) => {
        for (let i = 0; i < 10; i++) await undefined
        write()
      },
    ],
    [
      'when it is written in a tick behind a microtask behind a tick',
      (write) => process.nextTick(() => queueMicrotask(() => process.nextTick(write))),
    ],
  ])('%s', async (_, start) => {
    const transport = new MemoryTransport()
    const conn = connOn(transport)
    await inOneTurn(() => start(() => void conn.writeMessage('alone')))
    expect(transport.writes.length).toBe(1)
    conn.terminate()
  })

  test('when it is written at the end of a turn', async () => {
    const transport = new MemoryTransport()
    const conn = connOn(transport)
    await inOneTurn(() =>
      nodeClock.atEndOfTurn({ pendingBytes: 0, endOfTurn: () => void conn.writeMessage('at the end') }),
    )
    expect(transport.writes.length).toBe(1)
    conn.terminate()
  })
})

test.each([nodeClock, webClock])(
  'the end of a turn comes to all, though one of them throws',
  async (clock) => {
    const ended: number[] = []
    const error = new Error('mine')
    const caught = new Promise((resolve) => {
      for (const event of ['uncaughtException', 'unhandledRejection']) {
        const known = process.listeners(event as 'uncaughtException')
        process.removeAllListeners(event)
        process.once(event, (thrown) => {
          for (const each of known) process.on(event, each)
          resolve(thrown)
        })
      }
    })
    for (let i = 0; i < 4; i++) {
      clock.atEndOfTurn({
        pendingBytes: 0,
        endOfTurn() {
          ended.push(i)
          if (i === 1) throw error
        },
      })
    }
    expect(await caught).toBe(error)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(ended).toEqual([0, 1, 2, 3])
  },
)

test('a timer that somebody waits for keeps the process alive, another one does not', () => {
  for (const clock of [nodeClock, webClock]) {
    for (const isAwaited of [true, false]) {
      const timer = clock.setTimer(() => {}, 1000, isAwaited) as NodeJS.Timeout
      expect(timer.hasRef()).toBe(isAwaited)
      clock.clearTimer(timer)
    }
  }
})

describe('on a real socket', () => {
  const open: { close(): void }[] = []
  afterEach(() => {
    for (const each of open.splice(0)) each.close()
  })

  test('a chunk of 100 messages is answered in one write', async () => {
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    open.push(server)
    const { port } = server.address() as { port: number }
    const client = connectSocket(port, '127.0.0.1')
    const [socket] = (await once(server, 'connection')) as [Socket]
    open.push({ close: () => client.destroy() }, { close: () => socket.destroy() })
    let writes = 0
    const write = socket.write.bind(socket)
    socket.write = ((...args: Parameters<typeof write>) => {
      writes++
      return write(...args)
    }) as typeof socket.write
    let chunks = 0
    socket.prependListener('data', () => chunks++)
    const conn = connOn(new SocketTransport(socket))
    const echo = (async () => {
      for await (const message of conn) await conn.writeMessage(message)
    })()
    const answer = frames(100).length - 100 * 4
    client.write(frames(100))
    let received = 0
    for await (const chunk of client) {
      received += (chunk as Buffer).length
      if (received >= answer) break
    }
    expect(received).toBe(answer)
    // One write for each chunk in which the messages came: nearly always one.
    expect(writes).toBe(chunks)
    conn.terminate()
    await echo.catch(() => undefined)
  })
})

describe('time', () => {
  test('never goes back', async () => {
    let last = nodeClock.now()
    for (let i = 0; i < 1000; i++) {
      const now = nodeClock.now()
      expect(now).toBeGreaterThanOrEqual(last)
      last = now
    }
  })

  test('a timer runs once, after its time, and keeps no process alive', async () => {
    const start = nodeClock.now()
    let runs = 0
    const timer = nodeClock.setTimer(() => runs++, 30) as NodeJS.Timeout
    expect(timer.hasRef()).toBe(false)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(runs).toBe(1)
    expect(nodeClock.now() - start).toBeGreaterThanOrEqual(99)
  })

  test('a timer that was cleared does not run; clearing nothing is harmless', async () => {
    let runs = 0
    const timer = nodeClock.setTimer(() => runs++, 5)
    nodeClock.clearTimer(timer)
    nodeClock.clearTimer(timer)
    nodeClock.clearTimer(undefined)
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(runs).toBe(0)
  })
})
