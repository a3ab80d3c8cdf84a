// Connections for tests: one whose peer the test plays frame by frame, and a real pair joined in memory.
// What a connection wrote is read back by the naive decoder of test/reference.

import { expect } from 'vitest'
import { Chunk } from '../../src/codec/chunk.ts'
import { Message, type TextForm } from '../../src/codec/message.ts'
import type { RandomSource } from '../../src/codec/ports.ts'
import { Protocol } from '../../src/codec/protocol.ts'
import { Conn } from '../../src/conn/conn.ts'
import { type ConnOptions, checkConnOptions } from '../../src/conn/options.ts'
import type { Kernel } from '../../src/kernel/kernel.ts'
import { nodeText } from '../../src/node/text.ts'
import { frameBytes, join } from '../fuzz/frames.ts'
import { decodeAll } from '../reference/decode.ts'
import type { PlainEvent } from '../reference/events.ts'
import { FakeClock, microtasks } from './fake-clock.ts'
import { MemoryTransport } from './memory-transport.ts'

type Role = 'server' | 'client'

const utf8 = new TextEncoder()
const key = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d)

export interface SoloOptions extends ConnOptions {
  /** Which end the connection is; default 'server'. */
  readonly role?: Role
  readonly random?: RandomSource
  /** Default: the fastest. */
  readonly kernel?: Kernel
}

function makeProtocol(options: SoloOptions): Protocol {
  const { role = 'server', random, kernel, ...connOptions } = options
  const { readLimit, maxFragments, lenientLength, checkUtf8 } = checkConnOptions(connOptions)
  const limits = { readLimit, maxFragments, lenientLength, checkUtf8, checkSentUtf8: checkUtf8 }
  return new Protocol({ role, text: nodeText, random, kernel, ...limits })
}

function makeConn(
  transport: MemoryTransport,
  clock: FakeClock,
  options: SoloOptions,
  protocol = makeProtocol(options),
): Conn {
  const { role: _, random: __, kernel: ___, ...connOptions } = options
  const settings = checkConnOptions(connOptions)
  const handshake = Object.freeze({ headers: {}, subprotocol: 'chat', extensions: [] })
  return new Conn({ transport, protocol, clock, settings, handshake }, undefined)
}

/** One connection, and the test as its peer. */
export class Solo {
  readonly clock = new FakeClock()
  readonly transport = new MemoryTransport()
  readonly conn: Conn
  readonly role: Role
  readonly #protocol: Protocol

  constructor(options: SoloOptions = {}) {
    this.role = options.role ?? 'server'
    this.#protocol = makeProtocol(options)
    this.conn = makeConn(this.transport, this.clock, options, this.#protocol)
  }

  /** Payload bytes held of a message that is not complete. */
  held(): number {
    return this.#protocol.gatheredBytes
  }

  /** A frame as the peer writes it. */
  frame(opcode: number, payload: string | Uint8Array = '', fin = true): Uint8Array {
    const bytes = typeof payload === 'string' ? utf8.encode(payload) : payload
    return frameBytes({ fin, opcode, payload: bytes, key: this.role === 'server' ? key : undefined })
  }

  /** The peer's frames or bytes come in one piece, and the turn ends. */
  async receive(...parts: Uint8Array[]): Promise<void> {
    this.transport.receive(join(parts))
    await this.settle()
  }

  /** The peer sends text messages, in one piece. */
  async receiveTexts(...texts: string[]): Promise<void> {
    await this.receive(...texts.map((text) => this.frame(1, text)))
  }

  /** The peer sends a Close frame. */
  async receiveClose(code?: number, reason = ''): Promise<void> {
    const text = utf8.encode(reason)
    const payload = code === undefined ? new Uint8Array(0) : join([Uint8Array.of(code >>> 8, code), text])
    await this.receive(this.frame(8, payload))
  }

  /** Everything happens that needs no time. */
  async settle(): Promise<void> {
    await this.clock.settle()
  }

  /** What the peer has got. */
  get sent(): PlainEvent[] {
    const role = this.role === 'server' ? 'client' : 'server'
    return decodeAll(this.transport.written, { role, readLimit: 2 ** 30 })
  }

  /** What the peer has got, each event in a word or two. */
  get log(): string[] {
    return this.sent.map(eventWords)
  }

  /** The close code of the Close frame that the peer has got. */
  get sentClose(): number | undefined {
    return this.sent.find(({ type }) => type === 8)?.closeCode
  }
}

/** A connection whose peer does not read: its transport holds every write back. */
export function stalled(options?: SoloOptions): Solo {
  const solo = new Solo(options)
  solo.transport.holds = true
  return solo
}

const names: Record<number, string> = { 1: 'text', 2: 'binary', 9: 'ping', 10: 'pong' }

function eventWords(event: PlainEvent): string {
  if (event.type === 8) return `close ${event.closeCode}${event.reason === '' ? '' : ` ${event.reason}`}`
  if (event.type === 0) return `fault ${event.error}`
  const data = event.data!
  return `${names[event.type]} ${data.length > 40 ? `${data.length} bytes` : Buffer.from(data).toString('utf8')}`
}

/** A server's and a client's connection, joined. */
export class Pair {
  readonly clock = new FakeClock()
  readonly transports = { server: new MemoryTransport(), client: new MemoryTransport() }
  readonly server: Conn
  readonly client: Conn

  constructor(options: SoloOptions = {}) {
    const { server, client } = this.transports
    server.peer = client
    client.peer = server
    this.server = makeConn(server, this.clock, { ...options, role: 'server' })
    this.client = makeConn(client, this.clock, { ...options, role: 'client' })
  }

  /** Turns end and bytes arrive until nothing moves any more. */
  async settle(): Promise<void> {
    const { server, client } = this.transports
    for (let quiet = 0; quiet < 2; ) {
      await microtasks()
      const moved = [this.clock.endTurn(), server.deliver(), client.deliver()]
      quiet = moved.includes(true) ? 0 : quiet + 1
    }
  }

  /** Time passes, in steps of `step` milliseconds. */
  async advance(ms: number, step = 100): Promise<void> {
    for (let passed = 0; passed < ms; passed += step) {
      await this.clock.advance(step)
      await this.settle()
    }
  }
}

/** What a promise has come to so far. */
export interface Outcome<T> {
  state: 'pending' | 'resolved' | 'rejected'
  value?: T
  error?: unknown
}

/** Watches a promise, without waiting for it. */
export function watch<T>(promise: Promise<T>): Outcome<T> {
  const outcome: Outcome<T> = { state: 'pending' }
  promise.then(
    (value) => {
      outcome.state = 'resolved'
      outcome.value = value
    },
    (error) => {
      outcome.state = 'rejected'
      outcome.error = error
    },
  )
  return outcome
}

/** Matches an error of the library by its code, and more. */
export function failure(code: string, more: Record<string, unknown> = {}): unknown {
  return expect.objectContaining({ code, ...more })
}

/** Bytes that differ along their length. */
export function counted(length: number, from = 0): Uint8Array {
  return new Uint8Array(length).map((_, i) => from + i * 7)
}

/** A message as an application may have received it on another connection. */
export function received(type: 1 | 2, data: Uint8Array, form: TextForm): Message {
  return new Message(type, new Chunk(data, nodeText), 0, data.length, form)
}
