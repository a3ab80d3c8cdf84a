// gorilla's Conn, Upgrader and Dialer as the tests see them: each call is done by the Go program.
// RFC 6455 §4 to §7, as gorilla/websocket understands it.

import type { GoEnd, GoProgram } from './go-program.ts'

/** Options of gorilla's Upgrader and Dialer, and what their connections begin with. */
export interface GoOptions {
  /** Serve over TLS, with a certificate made for this server. */
  readonly tls?: boolean
  /** Certificates that the client trusts, in PEM. */
  readonly ca?: string
  readonly headers?: Readonly<Record<string, readonly string[]>>
  readonly subprotocols?: readonly string[]
  readonly enableCompression?: boolean
  /** Payload bytes of a fragment; default 4096. */
  readonly writeBufferSize?: number
  /** 0 for none, which is the default. */
  readonly readLimit?: number
  /** After so many bytes written, head included, the transport takes no more. */
  readonly stallAfter?: number
}

/** What a connection of Go's tells of its handshake: a client the response, a server the request. */
export interface GoHandshake {
  readonly connection: number
  readonly subprotocol: string
  /** By Go's spelling of the name. */
  readonly headers: Readonly<Record<string, readonly string[]>>
  readonly status?: number
  readonly target?: string
}

/** How gorilla's message writer is given its parts. */
export type Means = 'Write' | 'WriteString' | 'ReadFrom'

export interface PartsOptions {
  readonly means?: Means
  /** Pings to be sent behind each part, as far as they go. */
  readonly pings?: readonly string[]
  /** Leave the writer open. */
  readonly open?: boolean
  /** Go on with the writer that was left open. */
  readonly resume?: boolean
}

/** A ping or pong that came inside of a message, behind `at` bytes of it. */
export interface Noted {
  readonly what: 'ping' | 'pong'
  readonly data: string
  readonly at: number
}

const base64 = (data: Uint8Array | string) => Buffer.from(data).toString('base64')

/** gorilla's Conn. Reads wait for each other, writes too; what fails rejects with a GoError. */
export class GoConn {
  readonly handshake: GoHandshake
  private readonly program: GoProgram

  constructor(program: GoProgram, handshake: GoHandshake) {
    this.program = program
    this.handshake = handshake
  }

  private request<Answer>(op: string, fields: object = {}): Promise<Answer> {
    return this.program.request(op, { on: this.handshake.connection, ...fields })
  }

  async read(): Promise<{ type: number; data: Buffer }> {
    const { type, data } = await this.request<{ type: number; data: string | null }>('read')
    return { type, data: Buffer.from(data ?? '', 'base64') }
  }

  async readJSON(): Promise<unknown> {
    return (await this.request<{ value: unknown }>('readJSON')).value
  }

  /** Reads `count` messages, which must be those of {@link writeCounted}. */
  readCounted(count: number): Promise<{ count: number }> {
    return this.request('readCounted', { count })
  }

  /** Reads until that fails, then closes the transport; resolves with why, and how many messages there were. */
  readToEnd(): Promise<{ end: GoEnd; count: number }> {
    return this.request('readToEnd')
  }

  /** As {@link readToEnd}, sending back what comes. */
  echo(): Promise<{ end: GoEnd; count: number }> {
    return this.request('echo')
  }

  /** Sends one message back; resolves with the control frames that came before its end. */
  async echoNoting(): Promise<Noted[]> {
    const { noted } = await this.request<{ noted: Noted[] }>('echoNoting')
    return noted.map((each) => ({ ...each, data: Buffer.from(each.data ?? '', 'base64').toString() }))
  }

  /** Reads `count` messages, which must be those of {@link writeMixed}. */
  readMixed(count: number): Promise<{ count: number }> {
    return this.request('readMixed', { count })
  }

  /** Reads a message piece by piece, which must be that of {@link writeLarge}. */
  readLarge(bytes: number): Promise<{ count: number }> {
    return this.request('readLarge', { count: bytes })
  }

  async write(type: number, data: Uint8Array | string): Promise<void> {
    await this.request('write', { type, data: base64(data) })
  }

  async writeJSON(value: unknown): Promise<void> {
    await this.request('writeJSON', { data: base64(JSON.stringify(value)) })
  }

  /** Writes `count` messages of 20 bytes without waiting for anything. */
  async writeCounted(type: number, count: number): Promise<void> {
    await this.request('writeCounted', { type, count })
  }

  /** Writes `count` messages of 0 to 70,000 bytes, texts and binary ones in turn, without waiting for anything. */
  async writeMixed(count: number): Promise<void> {
    await this.request('writeMixed', { count })
  }

  /** Writes one binary message of so many bytes, in fragments. */
  async writeLarge(bytes: number): Promise<void> {
    await this.request('writeLarge', { count: bytes })
  }

  /** One message through gorilla's NextWriter. */
  async writeParts(
    type: number,
    parts: readonly (Uint8Array | string)[],
    { means = 'Write', pings = [], open = false, resume = false }: PartsOptions = {},
  ): Promise<void> {
    await this.request('writeParts', {
      type,
      parts: parts.map(base64),
      means,
      pings: pings.map(base64),
      open,
      resume,
    })
  }

  /** gorilla's WriteControl. */
  async control(type: number, data: Uint8Array | string): Promise<void> {
    await this.request('control', { type, data: base64(data) })
  }

  /** Sends what gorilla's FormatCloseMessage makes, which does not look at the code. */
  async close(code: number, reason = ''): Promise<void> {
    await this.request('close', { code, reason })
  }

  /** gorilla's Close: the end of the transport without a Close frame. */
  async terminate(): Promise<void> {
    await this.request('terminate')
  }

  /** The data of the next ping or pong that a handler was called with; something must be reading. */
  async heard(what: 'ping' | 'pong'): Promise<string> {
    const { data } = await this.request<{ data: string | null }>(what)
    return Buffer.from(data ?? '', 'base64').toString()
  }
}

/** A server of gorilla's; it upgrades what asks for /ws, by the Upgrader's own check of origins. */
export class GoListener {
  readonly url: string
  /** What a client trusts it by, where it serves over TLS. */
  readonly ca: string | undefined
  private readonly program: GoProgram
  private readonly id: number

  constructor(program: GoProgram, { url, ca, listener }: { url: string; ca?: string; listener: number }) {
    this.program = program
    this.url = url
    this.ca = ca
    this.id = listener
  }

  /** The next connection, in the order in which they were made. */
  async accept(): Promise<GoConn> {
    return new GoConn(this.program, await this.program.request<GoHandshake>('accept', { on: this.id }))
  }

  async close(): Promise<void> {
    await this.program.request('closeListener', { on: this.id })
  }
}
