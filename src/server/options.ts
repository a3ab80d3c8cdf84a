// What an Upgrader and an attachment can be told.
// RFC 6455 §4.2.

import type { IncomingMessage } from 'node:http'
import type { Conn, ConnOptions } from '../conn/index.ts'
import type { HeaderInput, OriginPattern, Refusal } from '../handshake/index.ts'

/** What a refused peer is answered. */
export interface RefusalInput {
  /** 300 to 599 (RFC 9110 §15) */
  readonly status: number
  /** Header fields of the answer, Set-Cookie or Location for one; Content-Type replaces ours. */
  readonly headers?: HeaderInput
  /** Text of at most 1,024 bytes in UTF-8; default the reason phrase. */
  readonly body?: string
}

/** What an Upgrader can be told: which requests it accepts, and the connections that come of them. */
export interface UpgraderOptions extends ConnOptions {
  /**
   * Subprotocols that the server speaks, the one it likes best first: the first that the client offers is chosen (RFC
   * 6455 §4.2.2). Different tokens; default: none.
   */
  readonly subprotocols?: readonly string[]
  /**
   * Chooses in place of `subprotocols`, once the request was let pass: one of those that the client offers, or nothing.
   * Not asked when it offers none. A throw, or another choice (RangeError ERR_WS_ARGUMENT), refuses with 500.
   */
  readonly selectSubprotocol?: (offered: readonly string[], request: IncomingMessage) => string | undefined
  /**
   * Origins that may connect (RFC 6455 §10.2); see {@link OriginPattern}. Others are refused with 403; a request
   * without an origin comes from no web page and passes. Default: the origin's host and port are those of the request's
   * Host.
   */
  readonly origins?: readonly OriginPattern[]
  /**
   * Replaces the check of origins: anything but true, or a promise of it, refuses with 403. A throw refuses with 500.
   */
  readonly checkOrigin?: (request: IncomingMessage, context: DecisionContext) => boolean | Promise<boolean>
  /**
   * Asked about every request that this Upgrader refuses, whatever for, before it is answered: what it returns is sent
   * instead of `refusal`, which is sent when it returns nothing. `refusal.error` says why; it is also what `upgrade()`
   * rejects with. Nothing can be accepted here, and nothing waited for. Should it throw, or return what cannot be sent, the
   * refusal goes out as it was and the failure to the attachment's `onError`, or else into a process warning. Requests for
   * paths that nothing is attached to are no Upgrader's. gorilla's Upgrader.Error.
   *
   * An attachment's `onError` is another one: it is told of the application's own failures and decides nothing.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a function that only counts returns nothing
  readonly onError?: (request: IncomingMessage, refusal: Refusal) => RefusalInput | undefined | void
  /**
   * Most connections at once, those of `upgrade()` and of all attachments together, handshakes included, 0 or more;
   * default Infinity. Beyond: 503.
   */
  readonly maxConnections?: number
  /** Milliseconds for everything between the request and the 101, 0 to 2^31-1; default 10,000. Beyond: 503. */
  readonly handshakeTimeout?: number
}

/** What `authorize` may return: a refusal, or what the connection begins with; nothing lets the request pass. */
export type Authorization<Data> =
  | (RefusalInput & { readonly data?: never })
  | {
      /** What `conn.data` is at first. */
      readonly data: Data
      /** Header fields of the 101. */
      readonly headers?: HeaderInput
      readonly status?: never
    }
  | undefined
  // biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing is what most of them are
  | void

/**
 * The data that connections begin with. Where `authorize` returns refusals and data, TypeScript gives both one type, in
 * which a refusal's data is undefined.
 */
export type Granted<Data> = Exclude<Data, undefined>

/** What those who decide about a request get beside it. */
export interface DecisionContext {
  /** Aborts when the decision does not count any more: its time is up, the peer has left, or the server shuts down. */
  readonly signal: AbortSignal
}

/** Decides about a request that is a good handshake from an allowed origin. A throw refuses with 500. */
export type Authorize<Data> = (
  request: IncomingMessage,
  context: DecisionContext,
) => Authorization<Data> | Promise<Authorization<Data>>

/** What a single upgrade can be told. */
export interface UpgradeOptions<Data> {
  /**
   * Lets the request pass or not, once it is found to be a good handshake from an allowed origin. Default: it passes.
   */
  readonly authorize?: Authorize<Data>
  /** Header fields of the 101, Set-Cookie for one; those of `authorize` go behind them. */
  readonly headers?: HeaderInput
  /**
   * Gives the request up while it is being decided about: the peer gets 503, and `upgrade()` rejects with the signal's
   * reason. No effect afterwards.
   */
  readonly signal?: AbortSignal
}

/** How an Upgrader shuts down. */
export interface ShutdownOptions {
  /** 1000..1003, 1007..1014 or 3000..4999; 1005 for Close frames without a code; default 1001, going away. */
  readonly code?: number
  /** At most 123 bytes in UTF-8; default ''. */
  readonly reason?: string
  /**
   * Milliseconds after which connections that are left are terminated and undecided requests refused, 0 to 2^31-1.
   * Default: connections have their `closeTimeout`, requests what remains of the `handshakeTimeout`.
   */
  readonly timeout?: number
  /** Gives up the wait and nothing else: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** What an attachment can be told. */
export interface AttachOptions<Data> extends Omit<UpgradeOptions<Data>, 'signal'> {
  /** The request's path without its query, to be equal, as sent; default: every path that no other attachment has. */
  readonly path?: string
  /** Most connections of this attachment at once, handshakes included, 0 or more; default Infinity. Beyond: 503. */
  readonly maxConnections?: number
  /** Default: what the Upgrader says, and `true` (30 s, 30 s) where it says nothing. */
  readonly keepAlive?: ConnOptions['keepAlive']
  /**
   * The application's own failure: a handler's, whose connection was closed with 1011; or, without a connection, that
   * of `authorize`, `checkOrigin` or the headers they gave, which the peer was refused for with 500. Default: a process
   * warning.
   */
  readonly onError?: (error: unknown, conn: Conn<Granted<Data>> | undefined) => void
}
