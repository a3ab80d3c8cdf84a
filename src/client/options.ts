// What a Dialer can be told.
// RFC 6455 §4.1.

import type { ConnectionOptions } from 'node:tls'
import type { ConnOptions } from '../conn/index.ts'
import type { HeaderInput } from '../handshake/index.ts'

export interface DialerOptions extends ConnOptions {
  /** Subprotocols to offer, the one liked best first. */
  readonly subprotocols?: readonly string[]
  /** Header fields of the request; `Host` replaces that of the URL. Those of the handshake itself are refused. */
  readonly headers?: HeaderInput
  /** The Origin field, for clients that act for a page. */
  readonly origin?: string
  /** Milliseconds for connecting, TLS and the response together; default 30,000. */
  readonly handshakeTimeout?: number
  /** For wss: certificates, `rejectUnauthorized`, `servername` and the rest of tls.connect's options. */
  readonly tls?: ConnectionOptions
}

export interface DialOptions extends DialerOptions {
  /** Aborts every stage of the handshake; the dial then rejects with the signal's reason. No effect afterwards. */
  readonly signal?: AbortSignal
}
