// Random programs of writes against a model: the peer gets exactly the model's messages, and every promise settles.
// RFC 6455 §5.4, §5.5.1; both roles, every kernel, a peer that stalls now and then.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PreparedMessage } from '../../src/codec/prepared-message.ts'
import type { MessageWriter } from '../../src/conn/message-writer.ts'
import type { Kernel } from '../../src/kernel/kernel.ts'
import { join } from '../fuzz/frames.ts'
import { kernels } from '../kernel/kernels.ts'
import { type Outcome, Solo, watch } from './connections.ts'
import { microtasks } from './fake-clock.ts'
import { WatchedPool } from './watched-pool.ts'
import { WriteModel } from './write-model.ts'

const WRITE_BUFFER = 16
const utf8 = new TextEncoder()

const length = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 40 }) },
  { weight: 2, arbitrary: fc.constantFrom(125, 126, 200, 3000) },
  { weight: 1, arbitrary: fc.constantFrom(32_768, 32_769, 66_000) },
)
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('message' as const), length }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('text' as const), length }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('prepared' as const), length }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('open' as const), length }) },
  { weight: 12, arbitrary: fc.record({ do: fc.constant('piece' as const), length }) },
  { weight: 7, arbitrary: fc.record({ do: fc.constant('finish' as const), length }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('abort' as const), length }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('withdraw' as const), length }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('ping' as const), length }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stall' as const), length }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('drain' as const), length }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('turn' as const), length }) },
)

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** One program on one connection, with the model beside it. */
class Run {
  readonly pool = new WatchedPool()
  readonly model = new WriteModel(WRITE_BUFFER)
  readonly solo: Solo
  private readonly outcomes = new Map<number, Outcome<unknown>>()
  private readonly signals = new Map<number, AbortController>()
  private readonly pieces: Outcome<unknown>[] = []
  private readonly pings: string[] = []
  private count = 0

  constructor(role: 'server' | 'client', kernel: Kernel) {
    const options = { writeBufferPool: this.pool, writeBufferSize: WRITE_BUFFER, highWaterMark: 100 }
    this.solo = new Solo({ role, kernel, ...options })
  }

  async step(step: Step): Promise<void> {
    const { solo, model } = this
    const { conn, transport } = solo
    const id = ++this.count
    const bytes = new Uint8Array(step.length).map((_, i) => id * 13 + i)
    const text = String.fromCharCode(97 + (id % 26)).repeat(step.length)
    const controller = new AbortController()
    const { signal } = controller
    switch (step.do) {
      case 'message':
      case 'prepared':
      case 'text': {
        const data = step.do === 'text' ? utf8.encode(text) : bytes.slice()
        const type = step.do === 'text' ? 1 : 2
        const isQueued = model.holder !== undefined
        model.begin(id, type, [data.slice()], false)
        this.signals.set(id, controller)
        if (step.do === 'prepared')
          this.outcomes.set(id, watch(conn.writePreparedMessage(new PreparedMessage(2, data), { signal })))
        else {
          this.outcomes.set(id, watch(conn.writeMessage(type, data, { signal })))
          // What was copied may change; a large payload that is sent at once is borrowed.
          if (isQueued || data.length <= 32_768) data.fill(0x2a)
        }
        break
      }
      case 'open':
        model.begin(id, id % 2 ? 1 : 2, [], true)
        this.signals.set(id, controller)
        this.outcomes.set(id, watch(conn.nextWriter(id % 2 ? 1 : 2, { signal })))
        break
      case 'piece': {
        const { holder } = model
        if (holder === undefined) break
        const isText = holder.message.type === 1
        const data = isText ? utf8.encode(text) : bytes.slice()
        model.piece(holder, data.slice())
        this.pieces.push(watch(this.writer.write(isText && id % 3 === 0 ? text : data)))
        if (data.length <= 32_768) data.fill(0x2a)
        break
      }
      case 'finish':
        if (model.holder === undefined) break
        this.pieces.push(watch(this.writer.close()))
        model.finish()
        break
      case 'abort':
        if (model.holder === undefined) break
        this.writer.abort()
        model.abort()
        break
      case 'withdraw': {
        const { waiting } = model
        if (waiting.length === 0) break
        const one = waiting[step.length % waiting.length]
        this.signals.get(one)?.abort('withdrawn')
        model.withdraw(one)
        break
      }
      case 'ping':
        if (model.closeCode !== undefined) break
        this.pings.push(`${id}`)
        this.pieces.push(watch(conn.writeControl(9, `${id}`)))
        break
      case 'stall':
        transport.holds = true
        break
      case 'drain':
        transport.holds = false
        transport.handOver()
        break
      case 'turn':
        await solo.settle()
    }
    await microtasks()
  }

  /** The writer that is open. */
  private get writer(): MessageWriter {
    const outcome = this.outcomes.get(this.model.holder!.id)!
    expect(outcome.state).toBe('resolved')
    return outcome.value as MessageWriter
  }

  /** Closes, lets the peer read and answer, and looks at everything. */
  async end(): Promise<void> {
    const { solo, model, pool } = this
    this.solo.conn.close(4000)
    model.close(4000)
    await solo.settle()
    solo.transport.holds = false
    solo.transport.handOver()
    await solo.settle()
    const { sent } = solo
    const text = (type: number, data: Uint8Array) =>
      `${type}:${data.length}:${Buffer.from(data).toString('latin1')}`
    const messages = sent.filter(({ type }) => type === 1 || type === 2)
    expect(messages.map(({ type, data }) => text(type, data!))).toEqual(
      model.sent.map(({ type, parts }) => text(type, join(parts))),
    )
    expect(sent.filter(({ type }) => type === 9).map(({ data }) => Buffer.from(data!).toString())).toEqual(
      this.pings,
    )
    expect(sent.at(-1)).toMatchObject({ type: 8, closeCode: model.closeCode })
    await solo.receiveClose(model.closeCode)
    solo.transport.receiveEnd()
    await solo.settle()
    for (const [id, outcome] of this.outcomes) {
      const code = (outcome.error as { code?: string } | undefined)?.code ?? outcome.error
      expect([id, outcome.state === 'pending' ? 'pending' : code]).toEqual([id, model.fates.get(id)])
    }
    expect(this.pieces.filter(({ state }) => state === 'pending')).toEqual([])
    expect([pool.out.size, pool.misuse, solo.transport.misuse]).toEqual([0, [], []])
    expect([solo.conn.state, solo.clock.timerCount, solo.conn.bufferedAmount]).toEqual(['closed', 0, 0])
  }
}

describe.each(
  kernels.flatMap((kernel) => ['server', 'client'].map((role) => [role, kernel.name, kernel] as const)),
)('a %s on the %s kernel', (role, _, kernel) => {
  test('sends what the model says, whatever is called in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
        const run = new Run(role as 'server' | 'client', kernel)
        for (const one of steps) await run.step(one)
        await run.end()
      }),
      { numRuns: 200 },
    )
  })
})
