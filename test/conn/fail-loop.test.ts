// The fail loop: the Nth operation of the transport goes wrong, for N = 1, 2, 3... until the scenario passes unharmed.
// Whatever goes wrong, each end has one outcome, every promise settles, and nothing is thrown into the transport.

import { describe, expect, test } from 'vitest'
import { WebSocketError } from '../../src/codec/errors.ts'
import type { Conn } from '../../src/conn/conn.ts'
import { counted, type Outcome, Pair, watch } from './connections.ts'
import type { FaultKind } from './memory-transport.ts'

interface Play {
  readonly pair: Pair
  /** Notes a promise that must settle in the end. */
  owe(name: string, promise: Promise<unknown>): void
}

async function collect(conn: Conn, into: string[]): Promise<void> {
  for await (const message of conn) into.push(message.text())
}

const scenarios: Record<string, (play: Play) => Promise<void>> = {
  async 'an echo of three messages'({ pair, owe }) {
    const echo = (async () => {
      for await (const message of pair.server) await pair.server.writeMessage(message)
    })()
    owe('echo', echo)
    for (const text of ['1', '2', '3']) {
      owe('write', pair.client.writeMessage(text))
      owe('read', pair.client.readMessage({ timeout: 2000 }))
      await pair.settle()
    }
    owe('close', pair.client.close())
  },
  async 'a close by the client'({ pair, owe }) {
    owe('loop', collect(pair.server, []))
    owe('write', pair.client.writeMessage('last'))
    owe('close', pair.client.close(4000, 'done'))
  },
  async 'a close by the server, with a drain'({ pair, owe }) {
    owe('loop', collect(pair.client, []))
    owe('write', pair.server.writeMessage('last'))
    owe('close', pair.server.close(1001, '', { drain: true }))
    owe('drain', collect(pair.server, []))
  },
  async 'pings both ways'({ pair, owe }) {
    for (const conn of [pair.client, pair.server]) {
      owe('ping', conn.ping())
      owe('timed ping', conn.ping('x', { timeout: 2000 }))
    }
    await pair.settle()
    owe('close', pair.server.close())
  },
  async 'large writes to a reader that pauses'({ pair, owe }) {
    for (let i = 0; i < 4; i++) {
      owe('large', pair.server.writeMessage(counted(100_000, i)))
      owe('text', pair.client.writeMessage('x'.repeat(70_000)))
      owe('flush', pair.server.flush())
      await pair.settle()
    }
    owe('client', collect(pair.client, []))
    owe('server', collect(pair.server, []))
    await pair.settle()
    owe('close', pair.client.close())
  },
  async 'a fault of the client'({ pair, owe }) {
    owe('loop', collect(pair.server, []))
    owe('read', pair.client.readMessage())
    owe('write', pair.client.writeMessage('before'))
    await pair.settle()
    pair.transports.server.receive(Uint8Array.of(0x83, 0x80, 0, 0, 0, 0))
    await pair.settle()
  },
}

const kinds: FaultKind[] = ['error', 'close', 'end', 'stall']

/** What reads fail with once the messages are read that nobody wanted before. */
async function lastError(conn: Conn): Promise<unknown> {
  try {
    for (let i = 0; i < 100; i++) await conn.readMessage()
  } catch (error) {
    return error
  }
  return undefined
}

/** Plays a scenario with the fault, or with none; returns how many operations there were and how it ended. */
async function play(scenario: string, victim: 'server' | 'client', kind: FaultKind, at: number) {
  const pair = new Pair({
    closeTimeout: 1000,
    highWaterMark: 50_000,
    keepAlive: { interval: 500, timeout: 500 },
  })
  pair.transports[victim].fault = { kind, at }
  const owed: [name: string, outcome: Outcome<unknown>][] = []
  const outcomes = { server: 0, client: 0 }
  for (const role of ['server', 'client'] as const) {
    void pair[role].closed.then(() => outcomes[role]++)
  }
  await scenarios[scenario]({ pair, owe: (name, promise) => owed.push([name, watch(promise)]) })
  await pair.settle()
  await pair.advance(6000, 250)
  const label = `${kind} at operation ${at} of the ${victim}`
  const late = [await pair.server.closed, await pair.client.closed]
  expect(outcomes, label).toEqual({ server: 1, client: 1 })
  expect(
    owed.filter(([, { state }]) => state === 'pending').map(([name]) => name),
    label,
  ).toEqual([])
  expect([pair.server.state, pair.client.state], label).toEqual(['closed', 'closed'])
  expect(pair.clock.timerCount, label).toBe(0)
  expect([...pair.transports.server.misuse, ...pair.transports.client.misuse], label).toEqual([])
  for (const role of ['server', 'client'] as const) {
    const error = await lastError(pair[role])
    expect(error, label).toBeInstanceOf(WebSocketError)
    expect(await pair[role].readMessage().catch((e) => e), label).toBe(error)
  }
  const refused = await Promise.allSettled([pair.server.writeMessage('x'), pair.client.writeMessage('x')])
  expect(
    refused.map(({ status }) => status),
    label,
  ).toEqual(['rejected', 'rejected'])
  return { operations: pair.transports[victim].operations, isClean: late.every(({ wasClean }) => wasClean) }
}

describe.each(Object.keys(scenarios))('%s', (scenario) => {
  test.each(['server', 'client'] as const)(
    'M1: ends in order, whatever goes wrong at the %s',
    async (victim) => {
      for (const kind of kinds) {
        let at = 1
        for (; ; at++) {
          const { operations, isClean } = await play(scenario, victim, kind, at)
          if (operations >= at) continue
          expect(isClean).toBe(scenario !== 'a fault of the client')
          break
        }
        // Each scenario does something.
        expect(at).toBeGreaterThan(3)
      }
    },
  )
})
