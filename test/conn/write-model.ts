// What a connection should send, as a list of messages: the naive counterpart of sender, lane and writers.
// RFC 6455 §5.4: one message after the other, in the order of the calls.

/** A message as the peer gets it. */
export interface Sent {
  readonly type: 1 | 2
  readonly parts: Uint8Array[]
}

interface Waiting {
  readonly id: number
  readonly message: Sent
  /** It opens a writer. */
  readonly opens: boolean
}

interface OpenWriter {
  readonly id: number
  readonly message: Sent
  /** Bytes gathered. */
  used: number
  hasSent: boolean
}

/** How a call ends: `undefined` in order, else the code that it rejects with. */
export type Fate = string | undefined

export class WriteModel {
  /** Messages that the peer gets, in their order. */
  readonly sent: Sent[] = []
  /** Of the Close frame that the peer gets. */
  closeCode: number | undefined
  /** How each call ends that waited for its turn. */
  readonly fates = new Map<number, Fate>()
  holder: OpenWriter | undefined
  /** Why nothing is sent any more. */
  private ending: string | undefined
  private queue: Waiting[] = []
  private readonly writeBufferSize: number

  constructor(writeBufferSize: number) {
    this.writeBufferSize = writeBufferSize
  }

  /** Ids of what waits for its turn. */
  get waiting(): readonly number[] {
    return this.queue.map(({ id }) => id)
  }

  /** A whole message, or the opening of a writer. */
  begin(id: number, type: 1 | 2, parts: Uint8Array[], opens: boolean): void {
    if (this.ending !== undefined) this.fates.set(id, this.ending)
    else {
      this.queue.push({ id, message: { type, parts }, opens })
      this.startNext()
    }
  }

  /** A piece of the open writer's message. */
  piece(writer: OpenWriter, bytes: Uint8Array): void {
    const size = this.writeBufferSize
    writer.message.parts.push(bytes)
    const flushes = writer.used > 0 && writer.used + bytes.length > size
    if (flushes || bytes.length > size) writer.hasSent = true
    if (bytes.length > size) writer.used = 0
    else writer.used = (flushes ? 0 : writer.used) + bytes.length
  }

  /** The open writer's message ends in order. */
  finish(): void {
    this.sent.push(this.holder!.message)
    this.holder = undefined
    this.startNext()
  }

  /** The open writer gives up. */
  abort(): void {
    const { hasSent } = this.holder!
    this.holder = undefined
    if (hasSent) this.fail('ERR_WS_WRITER_ABORTED', 1011)
    else this.startNext()
  }

  /** What waits is taken back. */
  withdraw(id: number): void {
    this.queue = this.queue.filter((one) => one.id !== id)
    this.fates.set(id, 'withdrawn')
  }

  close(code: number): void {
    if (this.ending !== undefined) return
    if (this.holder !== undefined && !this.holder.hasSent) {
      for (const { id, message, opens } of this.queue.splice(0)) {
        this.fates.set(id, opens ? 'ERR_WS_CLOSE_SENT' : undefined)
        if (!opens) this.sent.push(message)
      }
    }
    this.fail('ERR_WS_CLOSE_SENT', code)
  }

  private fail(error: string, closeCode: number): void {
    this.ending = error
    this.closeCode = closeCode
    this.holder = undefined
    for (const { id } of this.queue.splice(0)) this.fates.set(id, error)
  }

  private startNext(): void {
    while (this.holder === undefined && this.queue.length > 0) {
      const { id, message, opens } = this.queue.shift()!
      this.fates.set(id, undefined)
      if (opens) this.holder = { id, message, used: 0, hasSent: false }
      else this.sent.push(message)
    }
  }
}
