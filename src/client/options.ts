// What a Dialer can be told.
// RFC 6455 §4.1.

import type { ConnectionOptions } from 'node:tls'
import type { ConnOptions } from '../conn/index.ts'
import type { HeaderInput } from '../handshake/index.ts'

/** What a Dialer can be told: its handshake, and the connections that come of it. */
export interface DialerOptions extends ConnOptions {
  /** Subprotocols to offer, the one liked best first; different tokens (RFC 6455 §4.1). Default: none. */
  readonly subprotocols?: readonly string[]
  /**
   * Header fields of the request; `Host` replaces that of the URL. Those that the handshake itself is made of, and
   * those that announce a body, are refused with ERR_WS_HEADER.
   */
  readonly headers?: HeaderInput
  /** The Origin field, for clients that act for a page (RFC 6455 §4.1); sent as it is. Default: none. */
  readonly origin?: string
  /**
   * Milliseconds for connecting, TLS and the response together, 0 to 2^31-1; default 30,000. Beyond: ERR_WS_TIMEOUT.
   */
  readonly handshakeTimeout?: number
  /**
   * For wss: certificates, `rejectUnauthorized`, `servername` and the rest of tls.connect's options, which go before
   * ours.
   */
  readonly tls?: ConnectionOptions
}

/** What a single dial can be told. */
export interface DialOptions extends DialerOptions {
  /** Aborts every stage of the handshake; the dial then rejects with the signal's reason. No effect afterwards. */
  readonly signal?: AbortSignal
}
