// Every error of the library: one table from the stable code to its message and close code, and the class that carries them.
// Close codes are those of RFC 6455 §7.4.1; the reaction to each is in ARCHITECTURE.md, "Errors".

/** code → [message, close code that is sent to the peer, or that the connection ends with; 0: none] */
const table = {
  // Faults of the peer in the frame stream.
  ERR_WS_RESERVED_BIT: ['a reserved bit is set that no negotiated extension owns', 1002],
  ERR_WS_OPCODE: ['unknown opcode', 1002],
  ERR_WS_CONTROL_FRAME: ['a control frame is fragmented or longer than 125 bytes', 1002],
  ERR_WS_FRAGMENTATION: ['fragments out of order', 1002],
  ERR_WS_MASK: ['the MASK bit does not fit the sender', 1002],
  ERR_WS_LENGTH: ['the payload length is not in its shortest form or has its top bit set', 1002],
  ERR_WS_CLOSE_PAYLOAD: ['a Close frame has a payload of one byte', 1002],
  ERR_WS_CLOSE_CODE: ['a Close frame has a code that must not be sent', 1002],
  ERR_WS_INVALID_UTF8: ['text that is not UTF-8', 1007],
  ERR_WS_MESSAGE_TOO_BIG: ['the message is longer than the read limit', 1009],
  ERR_WS_TOO_MANY_FRAGMENTS: ['the message has more fragments than allowed', 1008],
  // The end of a connection.
  ERR_WS_CLOSED: ['the connection was closed', 0],
  ERR_WS_ABNORMAL_CLOSURE: ['the connection ended without a Close frame', 1006],
  ERR_WS_CLOSE_SENT: ['a Close frame was sent; nothing can be sent behind it', 0],
  ERR_WS_PEER_SILENT: ['the peer did not answer the keep-alive', 1006],
  ERR_WS_HANDLER: ['the handler of the connection failed', 1011],
  // Waiting and pressure.
  ERR_WS_TIMEOUT: ['timed out', 0],
  ERR_WS_CONCURRENT_READ: ['another read of this connection is pending', 0],
  ERR_WS_BUFFER_FULL: ['the peer does not read: more bytes are buffered than the hard limit allows', 0],
  ERR_WS_RANDOM_SOURCE: ['the random source failed; nothing was sent', 0],
  // The opening handshake.
  ERR_WS_CONNECT: ['could not connect to the server', 0],
  ERR_WS_BAD_REQUEST: ['the request is no acceptable WebSocket handshake', 0],
  ERR_WS_BAD_HANDSHAKE: ['the server did not accept the WebSocket handshake', 0],
  ERR_WS_HEAD: ['the HTTP head is malformed or too large', 0],
  ERR_WS_UPGRADED: ['this request was answered already', 0],
  // Misuse: thrown at once as TypeError or RangeError.
  ERR_WS_ARGUMENT: ['invalid argument', 0],
  ERR_WS_URL: ['malformed ws or wss URL', 0],
  ERR_WS_HEADER: ['invalid or forbidden header', 0],
  ERR_WS_UNSUPPORTED_RUNTIME: ['not possible in this runtime', 0],
} as const satisfies Record<string, readonly [message: string, closeCode: number]>

/** The stable codes; `error.code` is one of them for every error that the library makes. */
export type ErrorCode = keyof typeof table

/** What is known of an error beyond its code. */
export interface ErrorDetails {
  /** In place of the table's message; it is prefixed by 'websocket: '. */
  readonly message?: string
  /** In place of the table's close code. */
  readonly closeCode?: number
  /** The reason of a received Close frame. */
  readonly reason?: string
  /** The peer caused it. */
  readonly remote?: boolean
  /** Byte of the incoming stream at which the fault is, counted from the first byte behind the handshake. */
  readonly offset?: number
  readonly cause?: unknown
}

const brand = Symbol.for('gibbon-ws.WebSocketError')

/**
 * The error of every operation that fails. `instanceof` holds across copies of the library.
 *
 * - `code`: stable, `ERR_WS_…`.
 * - `closeCode`: the close code of the connection's end where it has one (1002 for a protocol fault, the received code
 *   for ERR_WS_CLOSED, 1006 where no Close frame was received).
 * - `remote`: true when the peer caused it.
 */
export class WebSocketError extends Error {
  readonly code: ErrorCode
  readonly closeCode: number | undefined
  readonly reason: string | undefined
  readonly remote: boolean
  readonly offset: number | undefined

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    const [message, closeCode] = table[code]
    super(
      `websocket: ${details.message ?? message}`,
      'cause' in details ? { cause: details.cause } : undefined,
    )
    this.code = code
    this.closeCode = details.closeCode ?? (closeCode || undefined)
    this.reason = details.reason
    this.remote = details.remote ?? false
    this.offset = details.offset
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: subclasses inherit this, and mean themselves
    if (this !== WebSocketError) return Function.prototype[Symbol.hasInstance].call(this, value)
    return typeof value === 'object' && value !== null && brand in value
  }
}
Object.defineProperty(WebSocketError.prototype, 'name', {
  value: 'WebSocketError',
  configurable: true,
  writable: true,
})
Object.defineProperty(WebSocketError.prototype, brand, { value: true })

/** A TypeError with a stable `code`, for an argument of the wrong kind. */
export function typeError(code: ErrorCode, message: string): TypeError & { code: ErrorCode } {
  return Object.assign(new TypeError(`websocket: ${message}`), { code })
}

/** A RangeError with a stable `code`, for an argument of the right kind and a wrong value. */
export function rangeError(code: ErrorCode, message: string): RangeError & { code: ErrorCode } {
  return Object.assign(new RangeError(`websocket: ${message}`), { code })
}
