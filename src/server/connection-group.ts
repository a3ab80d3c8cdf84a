// The connections of one attachment, or of upgrade(), and all those of one Upgrader: to count them and to close them.
// Node's server forgets a socket once it is upgraded. RFC 6455 §7.1.1, §7.4.1 (1001).

import { checkLimit } from '../codec/limits.ts'
import type { Conn } from '../conn/index.ts'
import { type Refusal, refuse } from '../handshake/index.ts'

/** The Close frame that connections are closed with. */
interface Closing {
  readonly code: number
  readonly reason: string
}

/** A request that is being decided about. */
export interface Opening {
  /** Decides, where nobody has yet: the request is refused with what is given. */
  cut: ((refusal: Refusal) => void) | undefined
  readonly over: Promise<void>
  readonly end: () => void
}

function shuttingDown(): Refusal {
  return refuse(503, 'the server is shutting down')
}

/** All that came by one Upgrader. */
export class ConnectionGroups {
  /** Those with a connection or a request: an attachment that is let go must not be kept by its Upgrader. */
  readonly busy = new Set<ConnectionGroup>()
  readonly maxConnections: number
  closing: Closing | undefined

  /** @throws RangeError ERR_WS_ARGUMENT */
  constructor(maxConnections: number | undefined) {
    this.maxConnections = checkLimit('maxConnections', maxConnections, Number.POSITIVE_INFINITY)
  }

  /** Connections, and requests that are being decided about. */
  get size(): number {
    let size = 0
    for (const group of this.busy) size += group.size
    return size
  }

  /** Closes all and refuses what comes from now on. Resolves once they are gone; never rejects. */
  async close(code: number, reason: string, timeout: number | undefined): Promise<void> {
    this.closing ??= { code, reason }
    const timer =
      timeout === undefined
        ? undefined
        : setTimeout(() => {
            for (const group of this.busy) group.terminate()
          }, timeout)
    while (this.busy.size > 0) await Promise.all([...this.busy].map((group) => group.closeAll()))
    clearTimeout(timer)
  }
}

/** What came by one attachment, or by `upgrade()`. */
export class ConnectionGroup<Data = unknown> {
  /** Connections that are not gone. */
  readonly open = new Set<Conn<Data>>()
  private readonly openings = new Set<Opening>()
  private readonly all: ConnectionGroups
  private readonly maxConnections: number
  private own: Closing | undefined

  /** @throws RangeError ERR_WS_ARGUMENT */
  constructor(all: ConnectionGroups, maxConnections?: number) {
    this.all = all
    this.maxConnections = checkLimit('maxConnections', maxConnections, Number.POSITIVE_INFINITY)
  }

  get size(): number {
    return this.open.size + this.openings.size
  }

  get isClosing(): boolean {
    return this.closing !== undefined
  }

  private get closing(): Closing | undefined {
    return this.own ?? this.all.closing
  }

  /** Why there is no place for another one. */
  refusal(): Refusal | undefined {
    if (this.isClosing) return shuttingDown()
    const isFull = this.size >= this.maxConnections || this.all.size >= this.all.maxConnections
    return isFull ? refuse(503, 'too many connections') : undefined
  }

  /** Counts a request until its `end` is called. */
  opening(): Opening {
    let settle!: () => void
    const over = new Promise<void>((resolve) => {
      settle = resolve
    })
    const opening: Opening = {
      cut: undefined,
      over,
      end: () => {
        this.openings.delete(opening)
        this.changed()
        settle()
      },
    }
    this.openings.add(opening)
    this.changed()
    return opening
  }

  /** Counts a connection until it is gone. */
  add(conn: Conn<Data>): void {
    if (conn.state === 'closed') return
    this.open.add(conn)
    this.changed()
  }

  /** It is gone. */
  readonly forget = (conn: Conn): void => {
    this.open.delete(conn as Conn<Data>)
    this.changed()
  }

  /** Closes a connection that was opened while the others were being closed. */
  closeLate(conn: Conn<Data>): void {
    if (this.closing !== undefined) conn.close(this.closing.code, this.closing.reason)
  }

  /** Closes all and refuses what comes from now on. Resolves once they are gone; never rejects. */
  close(code: number, reason: string): Promise<void> {
    this.own ??= { code, reason }
    return this.closeAll()
  }

  /** Closes all, with what {@link closing} says. Resolves once they are gone; never rejects. */
  async closeAll(): Promise<void> {
    while (this.size > 0) {
      for (const conn of this.open) this.closeLate(conn)
      await Promise.all([
        ...[...this.open].map((conn) => conn.closed),
        ...[...this.openings].map(({ over }) => over),
      ])
    }
  }

  /** Ends all at once. */
  terminate(): void {
    for (const conn of this.open) conn.terminate()
    for (const { cut } of this.openings) cut?.(shuttingDown())
  }

  private changed(): void {
    if (this.size > 0) this.all.busy.add(this as ConnectionGroup)
    else this.all.busy.delete(this as ConnectionGroup)
  }
}
