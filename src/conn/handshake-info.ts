// What is kept of the opening handshake on a connection; the request or response object itself is let go.
// RFC 6455 §4.1 (client), §4.2 (server).

/** What was said in the opening handshake. */
export interface HandshakeInfo {
  /**
   * Header fields by lower-case name, repeated ones joined with ', ': of the request on a server, else of the response.
   */
  readonly headers: Readonly<Record<string, string>>
  /** The chosen subprotocol; '' when none was. */
  readonly subprotocol: string
  /** Names of the extensions in use (RFC 6455 §9); none as yet. */
  readonly extensions: readonly string[]
  /** On a server: the request's method, GET. */
  readonly method?: string
  /** On a server: the request's target, path and query, as sent: `/chat?room=1`. */
  readonly path?: string
  /** On a client: the response's status, 101. */
  readonly status?: number
  /** On a client: the value of each Set-Cookie field of the response, as received (RFC 6265 §4.1). */
  readonly setCookies?: readonly string[]
}
