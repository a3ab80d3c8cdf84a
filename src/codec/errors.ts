// Every error of the library: one table from stable code to message and close code, and the class that carries them.
// Close codes are those of RFC 6455 §7.4.1; the reaction to each is in ARCHITECTURE.md, "Errors".

/**
 * code → [what it means, close code that is sent to the peer, or that the connection ends with; 0: none]
 *
 * A type, since the words would weigh in every bundle: whoever makes an error gives it a message of its own.
 * scripts/render-errors.mjs makes docs/errors.md of this table: line comments open a group, and the comment above a
 * code says when it comes, what to do about it (`@do`), and where it comes from (`@from`).
 */
interface ErrorTable {
  // Faults of the peer
  //
  // What the peer sent breaks RFC 6455 or one of our limits. Messages in front of the fault are delivered, nothing
  // behind it is. The codec returns a fault event, whose `error.offset` is the byte of the stream that is at fault. A
  // `Conn` sends the close code to the peer and ends the connection by itself: there is nothing to clean up. `remote`
  // is true.

  /**
   * A frame has RSV1, RSV2 or RSV3 set, which belong to extensions, and none was negotiated (RFC 6455 §5.2).
   * @do Mend the peer. One that compresses unasked does this, and one that writes anything else than frames to the
   *   stream.
   * @from Fault event; reads and writes reject.
   */
  ERR_WS_RESERVED_BIT: ['a reserved bit is set that no negotiated extension owns', 1002]
  /**
   * A frame has one of the opcodes 3 to 7 and 11 to 15, which nothing defines (RFC 6455 §5.2).
   * @do Mend the peer.
   * @from Fault event; reads and writes reject.
   */
  ERR_WS_OPCODE: ['unknown opcode', 1002]
  /**
   * A Close, Ping or Pong frame is fragmented, or announces more than 125 bytes (RFC 6455 §5.5).
   * @do Mend the peer: what is longer has to travel in a message.
   * @from Fault event; reads and writes reject.
   */
  ERR_WS_CONTROL_FRAME: ['a control frame is fragmented or longer than 125 bytes', 1002]
  /**
   * A continuation frame comes while no message is begun, or a text or binary frame inside of one (RFC 6455 §5.4).
   * @do Mend the peer: two of its writers share the connection and mix their fragments.
   * @from Fault event; reads and writes reject.
   */
  ERR_WS_FRAGMENTATION: ['fragments out of order', 1002]
  /**
   * A frame from a client is not masked, or one from a server is (RFC 6455 §5.1).
   * @do With the codec, look at `role` first: the wrong one fails so at the first frame. Else mend the peer.
   * @from Fault event; reads and writes reject.
   */
  ERR_WS_MASK: ['the MASK bit does not fit the sender', 1002]
  /**
   * A length takes more bytes than it needs, or is one of 64 bits with the top bit set (RFC 6455 §5.2).
   * @do Mend the peer; where you cannot, `lenientLength: true` accepts long forms. The top bit is never accepted.
   * @from Fault event; reads and writes reject.
   */
  ERR_WS_LENGTH: ['the payload length is not in its shortest form or has its top bit set', 1002]
  /**
   * The payload of a Close frame is one byte: it is empty, or begins with a code of two (RFC 6455 §5.5.1).
   * @do Mend the peer.
   * @from Fault event; reads and writes reject.
   */
  ERR_WS_CLOSE_PAYLOAD: ['a Close frame has a payload of one byte', 1002]
  /**
   * A Close frame has a code other than 1000 to 1003, 1007 to 1014 and 3000 to 4999 (RFC 6455 §7.4).
   * @do Mend the peer. 4000 to 4999 are an application's to use as it likes.
   * @from Fault event; reads and writes reject.
   */
  ERR_WS_CLOSE_CODE: ['a Close frame has a code that must not be sent', 1002]
  /**
   * Text is not UTF-8 (RFC 6455 §8.1): a received text message or close reason, which ends the connection; or, with
   * `remote` false and the connection as it was, a text to be sent that was given as bytes, or a message of which
   * `text()` is asked.
   * @do Received: mend the peer, or take its texts unchecked with `checkUtf8: false`. Your own bytes: nothing was
   *   sent; send them as a binary message.
   * @from Fault event; reads and writes reject. For what is to be sent `writeMessage()` rejects, `Protocol.send()`
   *   and `Protocol.sendMessage()` throw. `Message.text()` and `Message.json()` throw.
   */
  ERR_WS_INVALID_UTF8: ['text that is not UTF-8', 1007]
  /**
   * A frame's header makes the message longer than `readLimit` (16 MiB unless told otherwise), its fragments summed
   * up; or this runtime has no memory for it. The limit is judged at the header, before any payload is kept. A
   * `ReadLimitError`.
   * @do Where such messages are wanted, raise `readLimit`, or `setReadLimit()` on one connection. Else the peer has
   *   to send less at a time.
   * @from Fault event; reads and writes reject.
   */
  ERR_WS_MESSAGE_TOO_BIG: ['the message is longer than the read limit', 1009]
  /**
   * A message has more frames than `maxFragments` (131,072 unless told otherwise); empty ones count.
   * @do Hardly anyone but an attacker cuts so small. For a peer that does, raise `maxFragments`.
   * @from Fault event; reads and writes reject.
   */
  ERR_WS_TOO_MANY_FRAGMENTS: ['the message has more fragments than allowed', 1008]

  // The end of a connection
  //
  // A connection ends once. Messages that came before can still be read; then every read rejects with the same error,
  // and `closed` says how it ended and never rejects.

  /**
   * The peer closed: `closeCode` and `reason` are those of its Close frame (1005: it had no code), `remote` is true.
   * A `Protocol` throws it too, with 1006, after `abort()` or an end of the stream without a Close frame. A
   * `CloseError`.
   * @do Nothing is wrong: stop reading and writing (`for await` ends by itself). A client may dial again; 1001, 1012
   *   and 1013 say that it makes sense to.
   * @from Reads and writes reject. `Protocol.send()`, `sendMessage()`, `ping()`, `pong()` and `closeWith()` throw.
   */
  ERR_WS_CLOSED: ['the connection was closed', 1006]
  /**
   * The connection ended without a Close frame from the peer: its end or reset (`remote` is true; `cause` is the
   * socket's error where there was one), `terminate()`, a closing handshake longer than `closeTimeout`, a transport
   * that failed to send, or a write whose signal aborted while the message was half way out. A `CloseError`, with
   * `closeCode` 1006.
   * @do What you sent last may not have arrived. A client dials again, after pauses that grow.
   * @from Reads and writes reject, `for await` throws. A fault event of `Protocol.receiveEnd()`. `upgrade()` rejects
   *   when the peer left before the 101.
   */
  ERR_WS_ABNORMAL_CLOSURE: ['the connection ended without a Close frame', 1006]
  /**
   * Something is to be sent behind our own Close frame, which is the last frame (RFC 6455 §5.5.1). A `CloseSentError`.
   * @do Write before you close. Whoever may come late can look at `state`, which is `open` as long as writing works.
   * @from Writes reject. `Protocol.send()`, `sendMessage()`, `ping()`,
   *   `pong()` and `closeWith()` throw.
   */
  ERR_WS_CLOSE_SENT: ['a Close frame was sent; nothing can be sent behind it', 0]
  /**
   * `keepAlive` is on, and not a byte came within its `timeout` behind a ping. The transport was torn down.
   * @do As for ERR_WS_ABNORMAL_CLOSURE. Give a peer on a poor network a longer `timeout`.
   * @from Reads and writes reject, `for await` throws.
   */
  ERR_WS_PEER_SILENT: ['the peer did not answer the keep-alive', 1006]

  /**
   * A handler for messages, pings, pongs or the peer's Close threw, or its promise was rejected; `cause` is what it
   * failed with. The peer got 1011.
   * @do Mend the handler. One that fails by the end of its own connection does not count.
   * @from Reads and writes reject. An attachment tells `onError` the cause.
   */
  ERR_WS_HANDLER: ['a handler failed', 1011]
  /**
   * A message that was sent in part was given up: `abort()` of its writer, the end of an `await using`, or a stream
   * that failed on the way into it; `cause` is the reason. The peer got 1011, as half a message cannot be taken back.
   * @do Look at `cause`. Call `close()` on every writer whose message is complete.
   * @from Reads and writes reject.
   */
  ERR_WS_WRITER_ABORTED: ['a message was left unfinished', 1011]

  // Waiting and pressure
  //
  // Operations that took too long or asked too much. Unless it says otherwise, the connection goes on as it was.

  /**
   * The `timeout` or `deadline` of an operation passed, or what `setReadTimeout()`, `setReadDeadline()`,
   * `setWriteTimeout()` or `setWriteDeadline()` set; the 30 s of a `ping()` or of a write behind a writer that does
   * nothing; or the `handshakeTimeout` of a dial.
   * @do After a read, a ping, a control frame or `flush()`, and after a write that waited for its turn or came behind
   *   its deadline: try again, or close. A message that was encoded and waited for the peer cannot be taken back and has
   *   failed the connection: every later operation rejects with this error, `closed` says 1006.
   * @from Reads, writes, `close()` with limits, and `dial()` reject, `for await` throws.
   */
  ERR_WS_TIMEOUT: ['timed out', 0]
  /**
   * A read is asked for while another one waits, or while `onMessage()` gets the messages. The one that waits is not
   * disturbed.
   * @do Read in one place and hand the messages on from there.
   * @from Reads reject, a second `for await` throws; `onMessage()` throws while a read waits.
   */
  ERR_WS_CONCURRENT_READ: ['another read of this connection is pending', 0]
  /**
   * A write is asked for while another one is not done, on a connection with `strict: true`; the message names both
   * callers. Or fragments of two messages would mix in a `Protocol`.
   * @do Write from one place, or await each write; without `strict` they wait for their turn.
   * @from `writeMessage()`, `writePreparedMessage()` and `nextWriter()` reject. `Protocol.send()`, `sendMessage()` and
   *   `sendPrepared()` throw.
   */
  ERR_WS_CONCURRENT_WRITE: ['another write of this connection is not done', 0]
  /**
   * A writer of `nextWriter()` is used after its message was closed or aborted.
   * @do Open a new writer for the next message.
   * @from `write()` and `close()` of a `MessageWriter` reject.
   */
  ERR_WS_WRITER_CLOSED: ['the writer of this message is closed', 0]
  /**
   * A message is to be sent while more than `hardLimit` bytes (16 MiB unless told otherwise) wait for the peer.
   * Nothing was queued.
   * @do Await the promises of `writeMessage()`: they wait for the peer above `highWaterMark`. When one message goes
   *   to many, leave out, or `terminate()`, the peer that cannot follow.
   * @from `writeMessage()`, `writePreparedMessage()`, `nextWriter()` and `write()` of a `MessageWriter` reject.
   */
  ERR_WS_BUFFER_FULL: ['the peer does not read: more bytes are buffered than the hard limit allows', 0]
  /**
   * The source of masking keys (RFC 6455 §5.3) or of the handshake's key threw; `cause` is what it threw. Nothing was
   * sent.
   * @do Look at `cause`. Without random bytes a client cannot send; where an automatic answer could not be masked,
   *   the connection has failed.
   * @from `writeMessage()`, `writeControl()` and `ping()` reject. `Protocol.send()` and all that encode, `makeKey()`
   *   and `dial()` throw. A fault event for an automatic answer.
   */
  ERR_WS_RANDOM_SOURCE: ['the random source failed; nothing was sent', 0]
  /**
   * A message that was lent, by `onMessage()` with `borrow` or to the sink of `Decoder.pushEach()`, is read after that
   * call.
   * @do Read it inside the function, or keep what its `copy()` gives.
   * @from `Message.data`, `source`, `text()`, `json()` and `copy()` throw.
   */
  ERR_WS_MESSAGE_EXPIRED: ['the borrowed message has expired: copy() what is to be kept', 0]

  // The opening handshake
  //
  // There is no connection. `dial()` and `handshake()` have destroyed their socket, and that of a refused request is ended.

  /**
   * There was no response to the handshake: the name is unknown, the connection to the server or the proxy refused, the
   * certificate not trusted, the socket ended, `connect` or `connectTLS` failed. `cause` is the socket's error, or what
   * that function failed with, where there was one.
   * @do Look at `cause.code`. Dial again later, except where the certificate or the name is at fault.
   * @from `dial()` and `handshake()` reject.
   */
  ERR_WS_CONNECT: ['could not connect to the server', 0]
  /**
   * The proxy was reached and did not make the connection: it answered CONNECT with another status than 2xx or with what
   * is no HTTP, refused as SOCKS does, did not accept the user and password, or sent more than it was asked for. The
   * message says which.
   * @do 407, or a user and password not accepted: put them into the proxy's URL. 403: the proxy does not want this
   *   server. 502 to 504 and SOCKS replies 3 to 6: the proxy cannot reach it; dial again later.
   * @from `dial()` rejects.
   */
  ERR_WS_PROXY: ['the proxy did not make the connection', 0]
  /**
   * The request was refused, and has been answered: it is no handshake that can be accepted (400, 405 or 426; RFC
   * 6455 §4.2.1), its origin is not allowed (403), `authorize` said so, deciding took too long, there are
   * `maxConnections`, or the server shuts down (503). The message says which. A `HandshakeError` with the `status`.
   * @do Nothing. Count or log it if you like, and leave the socket alone.
   * @from `upgrade()` rejects. `judgeRequest()`, `refuse()` and `refuseHead()` return it as the `error` of a
   *   `Refusal`. An attachment tells nobody.
   */
  ERR_WS_BAD_REQUEST: ['the request is no acceptable WebSocket handshake', 0]
  /**
   * The server answered with something else than a good 101 (RFC 6455 §4.1). A `BadHandshakeError` with the
   * response's `status` and `headers` and the beginning of its `body`.
   * @do Look at `status`. 401 and 403: mend the credentials or the origin. 3xx: dial what `headers.location` says, if
   *   you trust it. 429 and 503: dial again later. 101: the server speaks no proper WebSocket.
   * @from `dial()` and `handshake()` reject, `judgeResponse()` throws.
   */
  ERR_WS_BAD_HANDSHAKE: ['the server did not accept the WebSocket handshake', 0]
  /**
   * The head of an HTTP message is malformed, longer than 16 KiB, or has more than 100 fields (RFC 9112). Mostly the
   * other side speaks no HTTP/1.1, or TLS where you dialled `ws:`. From `HeadParser` it is a `HeadError`, with the
   * `status` to refuse with.
   * @do Check scheme, host and port. On a server built on the codec, answer with `responseOf(refuseHead(error))`.
   * @from `dial()` and `handshake()` reject, `HeadParser.push()` throws.
   */
  ERR_WS_HEAD: ['the HTTP head is malformed or too large', 0]
  /**
   * The request's socket was answered before: `upgrade()` was called twice, an attachment of the server took it, or the
   * application wrote to it. That answer is not disturbed.
   * @do Let one listener answer a request, and nothing else write to its socket.
   * @from `upgrade()` rejects.
   */
  ERR_WS_UPGRADED: ['this request was answered already', 0]

  // Misuse
  //
  // An argument is wrong. These are plain errors with a `code`: a TypeError for the wrong kind of thing, a RangeError
  // for the wrong value. They are thrown at once, even by functions that return promises, and nothing was sent or
  // changed. Only what an application's callback returned makes a promise reject.

  /**
   * An option, a payload, a limit, a time or a close code is none. The message says which and what it must be.
   * @do Mend the call. Payloads are strings, bytes and received messages: nothing is turned into a string by itself.
   * @from Thrown by whatever takes it. `upgrade()` rejects and an attachment tells `onError` for a refusal of
   *   `authorize` that cannot be sent and a choice of `selectSubprotocol` that was not offered; the peer gets 500.
   */
  ERR_WS_ARGUMENT: ['invalid argument', 0]
  /**
   * A URL is none, is not `ws:` or `wss:`, or has a fragment, user information, a control character or port 0 (RFC
   * 6455 §3). The message leaves the URL out, since its query may hold a secret.
   * @do Mend the URL. Credentials go into `headers` as `authorization`.
   * @from `dial()`, `parseUrl()` and `buildRequest()` throw.
   */
  ERR_WS_URL: ['malformed ws or wss URL', 0]
  /**
   * A header's name is no token or its value has a control character or one above U+00FF (RFC 9110 §5); or the field
   * is one that the handshake itself is made of, or that would announce a body.
   * @do Mend the headers. What the handshake sets has options of its own: `subprotocols`, `origin`.
   * @from `dial()`, `buildRequest()`, `acceptResponse()`, `refuse()`, `fieldsOf()`, `applicationFields()` and
   *   `formatExtensions()` throw. `upgrade()` rejects and an attachment tells `onError`; the peer gets 500.
   */
  ERR_WS_HEADER: ['invalid or forbidden header', 0]
  /**
   * `Upgrader`, `Dialer` or `dial()` is used in a browser or a worker, where there are no sockets.
   * @do Use the runtime's own WebSocket; or `gibbon-ws/codec` with a transport of your own.
   * @from The constructors throw and `dial()` rejects where a bundler or runtime chose the condition `browser`,
   *   `worker` or `workerd`.
   */
  ERR_WS_UNSUPPORTED_RUNTIME: ['not possible in this runtime', 0]
  /**
   * The kernel asked for by name cannot run here: `native` without its addon, `wasm` where WebAssembly is absent or
   * forbidden. An Error; `cause` says why.
   * @do Ask for none: the fastest that runs is chosen, and `kernelReason()` tells what was passed over.
   * @from `getKernel()` throws.
   */
  ERR_WS_KERNEL: ['the kernel cannot run here', 0]
}

/** The stable codes, one of which is the `code` of every error that the library makes; docs/errors.md explains each. */
export type ErrorCode = keyof ErrorTable

/** The close codes of the table, where there are any. */
const closeCodes: {
  readonly [Code in ErrorCode as ErrorTable[Code][1] extends 0 ? never : Code]: ErrorTable[Code][1]
} & Partial<Record<ErrorCode, number>> = {
  ERR_WS_RESERVED_BIT: 1002,
  ERR_WS_OPCODE: 1002,
  ERR_WS_CONTROL_FRAME: 1002,
  ERR_WS_FRAGMENTATION: 1002,
  ERR_WS_MASK: 1002,
  ERR_WS_LENGTH: 1002,
  ERR_WS_CLOSE_PAYLOAD: 1002,
  ERR_WS_CLOSE_CODE: 1002,
  ERR_WS_INVALID_UTF8: 1007,
  ERR_WS_MESSAGE_TOO_BIG: 1009,
  ERR_WS_TOO_MANY_FRAGMENTS: 1008,
  ERR_WS_CLOSED: 1006,
  ERR_WS_ABNORMAL_CLOSURE: 1006,
  ERR_WS_PEER_SILENT: 1006,
  ERR_WS_HANDLER: 1011,
  ERR_WS_WRITER_ABORTED: 1011,
}

/** What is known of an error beyond its code. */
export interface ErrorDetails {
  /** Behind 'websocket: '; default the code. */
  readonly message?: string
  /** In place of the table's close code; 0: none. */
  readonly closeCode?: number
  /** The reason of a received Close frame. */
  readonly reason?: string
  /** The peer caused it. */
  readonly remote?: boolean
  /** Byte of the incoming stream at which the fault is, counted from the first byte behind the handshake. */
  readonly offset?: number
  /** The error below, as `Error.cause`. */
  readonly cause?: unknown
}

const brand = Symbol.for('gibbon-ws.WebSocketError')

/** Whether `value` is of the class with that brand, in this or in another copy of the library. */
export function hasBrand(value: unknown, brand: symbol): boolean {
  return (value as { [brand]?: unknown } | null | undefined)?.[brand] === true
}

/**
 * The error of every operation that fails; only misuse of arguments is a TypeError or a RangeError, with the same kind
 * of `code`. `instanceof` holds across copies of the library.
 */
export class WebSocketError extends Error {
  /** Stable, `ERR_WS_…`; the message is not. */
  readonly code: ErrorCode
  /**
   * The close code that belongs to it (RFC 6455 §7.4.1): the one that a fault ends the connection with (1002, 1007,
   * 1008, 1009), the peer's for ERR_WS_CLOSED, 1006 where no Close frame was received. Undefined where there is none.
   */
  readonly closeCode: number | undefined
  /** The reason of the received Close frame, for ERR_WS_CLOSED; '' when there is none. */
  readonly reason: string
  /** Whether the peer caused it. */
  readonly remote: boolean
  /** Of a fault in received frames: the byte it is at, counted from the first one behind the opening handshake. */
  readonly offset: number | undefined

  /** The message is 'websocket: ' and what the details say, or else the code. */
  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    // Error takes the cause from there, where there is one.
    super(`websocket: ${details.message ?? code}`, details)
    this.code = code
    this.closeCode = (details.closeCode ?? closeCodes[code]) || undefined
    this.reason = details.reason ?? ''
    this.remote = details.remote ?? false
    this.offset = details.offset
  }

  /** Whether it is the end of a connection with a Close frame of the peer's (RFC 6455 §7.1.4), ERR_WS_CLOSED. */
  get wasClean(): boolean {
    return this.code === 'ERR_WS_CLOSED' && this.closeCode !== 1006
  }

  /** @internal */
  get [brand](): true {
    return true
  }

  /** Recognizes the errors of every copy of the library; of a subclass, its own only. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: subclasses inherit this, and mean themselves
    return this === WebSocketError ? hasBrand(value, brand) : super[Symbol.hasInstance](value)
  }
}
Object.defineProperty(WebSocketError.prototype, 'name', {
  value: 'WebSocketError',
  configurable: true,
  writable: true,
})

/** Whether `value` is an error of the library, or of another copy of it, with one of the codes. */
export function hasCode(value: unknown, code: ErrorCode): boolean {
  return value instanceof WebSocketError && value.code === code
}

/** A TypeError with a stable `code`, for an argument of the wrong kind. */
export function typeError(
  message: string,
  code: ErrorCode = 'ERR_WS_ARGUMENT',
): TypeError & { code: ErrorCode } {
  return Object.assign(new TypeError(`websocket: ${message}`), { code })
}

/** A RangeError with a stable `code`, for an argument of the right kind and a wrong value. */
export function rangeError(
  message: string,
  code: ErrorCode = 'ERR_WS_ARGUMENT',
): RangeError & { code: ErrorCode } {
  return Object.assign(new RangeError(`websocket: ${message}`), { code })
}
