// What an Upgrader and an attachment can be told.
// RFC 6455 §4.2.

import type { IncomingMessage } from 'node:http'
import type { Conn, ConnOptions } from '../conn/index.ts'
import type { HeaderInput, OriginPattern } from '../handshake/index.ts'

export interface UpgraderOptions extends ConnOptions {
  /** Subprotocols that the server speaks, the one it likes best first. */
  readonly subprotocols?: readonly string[]
  /** Origins that may connect; see {@link OriginPattern}. Default: the origin's host is the request's Host. */
  readonly origins?: readonly OriginPattern[]
  /** Replaces the check of origins; false, or a promise of it, refuses with 403. */
  readonly checkOrigin?: (request: IncomingMessage) => boolean | Promise<boolean>
  /** Milliseconds for everything between the request and the 101; default 10,000. Beyond: 503. */
  readonly handshakeTimeout?: number
}

/** What `authorize` may return: a refusal, or what the connection begins with; nothing lets the request pass. */
export type Authorization<Data> =
  | {
      /** 300 to 599 */
      readonly status: number
      readonly headers?: HeaderInput
      /** Text of at most 1,024 bytes in UTF-8. */
      readonly body?: string
      readonly data?: never
    }
  | { readonly data: Data; readonly headers?: HeaderInput; readonly status?: never }
  | undefined
  // biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing is what most of them are
  | void

/**
 * The data that connections begin with. Where `authorize` returns refusals and data, TypeScript gives both one type, in which
 * a refusal's data is undefined.
 */
export type Granted<Data> = Exclude<Data, undefined>

/** Decides about a request that is a good handshake from an allowed origin. A throw refuses with 500. */
export type Authorize<Data> = (request: IncomingMessage) => Authorization<Data> | Promise<Authorization<Data>>

export interface UpgradeOptions<Data> {
  readonly authorize?: Authorize<Data>
  /** Header fields of the 101, Set-Cookie for one. */
  readonly headers?: HeaderInput
}

export interface AttachOptions<Data> extends UpgradeOptions<Data> {
  /** The request's path without its query, to be equal; default: every path that no other attachment has. */
  readonly path?: string
  /** Most connections of this attachment at once; default Infinity. Beyond: 503. */
  readonly maxConnections?: number
  /** Default: what the Upgrader says, and `true` (30 s, 30 s) where it says nothing. */
  readonly keepAlive?: ConnOptions['keepAlive']
  /**
   * The application's own failure: a handler's, whose connection was closed with 1011; or, without a connection, that of
   * `authorize`, `checkOrigin` or the headers they gave, which the peer was refused for with 500. Default: a process warning.
   */
  readonly onError?: (error: unknown, conn: Conn<Granted<Data>> | undefined) => void
}
