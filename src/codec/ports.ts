// What the portable rooms need and do not own: the transport, time, randomness, text and extensions.
// Types only; the implementations live in web/ and node/, the defaults that every runtime has in codec/.

/** Source of cryptographically strong random bytes (RFC 6455 §10.3). */
export interface RandomSource {
  /** Fills `bytes`, at most 64 KiB. May throw: ERR_WS_RANDOM_SOURCE, and nothing is sent. */
  fill(bytes: Uint8Array): void
}

/** Conversion between strings and UTF-8. The bytes given to `decode` are already known to be valid. */
export interface TextCodec {
  /** String of bytes[start..end), which are valid UTF-8, or ASCII where `isAscii`. A leading U+FEFF is kept. */
  decode(bytes: Uint8Array, start: number, end: number, isAscii: boolean): string
  /**
   * String of bytes[start..end), one unit for each byte; which one matters for ASCII only. Worth having where it costs
   * less for 2 KiB than `decode` for many short texts; else left out.
   */
  latin1?(bytes: Uint8Array, start: number, end: number): string
  /** Bytes that `text` takes in UTF-8, each lone surrogate counting as U+FFFD. */
  byteLength(text: string): number
  /**
   * Writes `text` to `target` from `at`, which has room for it; lone surrogates become U+FFFD.
   * @returns bytes written
   */
  encodeInto(text: string, target: Uint8Array, at: number): number
}

/** Buffers that are lent for a while. gorilla's BufferPool. */
export interface BufferPool {
  /**
   * A buffer of `size` bytes, at best; its contents do not matter, and nobody else uses it until it is released. The
   * write that needs it rejects with what this throws.
   */
  acquire(size: number): Uint8Array
  /** Takes back what `acquire` gave, once. What this throws is ignored. */
  release(buffer: Uint8Array): void
}

/** Time, monotonic; and the end of the turn. */
export interface Clock {
  /** Milliseconds from an arbitrary start, never going back. */
  now(): number
  /**
   * Calls `task` once after `ms` milliseconds (0..2^31-1).
   * @param isAwaited somebody waits for what the timer bounds: where a process ends once nothing is left to do, it keeps
   *   it alive; another one does not
   */
  setTimer(task: () => void, ms: number, isAwaited?: boolean): unknown
  /** Takes back what `setTimer` returned; nothing happens for a timer that has run, or undefined. */
  clearTimer(timer: unknown): void
  /**
   * Calls `turn.endOfTurn()` once the current turn is over: after the running macrotask and every microtask that it
   * caused, and before any other macrotask where the runtime allows.
   */
  atEndOfTurn(turn: EndOfTurn): void
}

/** Something that wants to know when the turn is over. */
export interface EndOfTurn {
  /** Grows with what is written: where the end of a turn has to be guessed, it has not come while this changes. */
  readonly pendingBytes: number
  /** Called once for each `atEndOfTurn`. */
  endOfTurn(): void
}

/** The run bytes[start..end), on its way out. */
export interface Segment {
  /** Memory that others may use beside this run: not to be changed, and not to be transferred. */
  readonly bytes: Uint8Array
  /** Index in `bytes` of the run's first byte. */
  readonly start: number
  /** Index in `bytes` behind its last byte. */
  readonly end: number
}

/** A byte stream with two ends, seen from ours: a socket, a TLS stream, an HTTP/2 stream, a pipe. */
export interface ByteTransport {
  /** Begins delivery to `receiver`, of which no method is called before this returns; called once. */
  start(receiver: ByteReceiver): void
  /**
   * Sends the segments in order, as one write where the transport can.
   * @returns true when the bytes are handed over and may be reused at once; false when they must stay untouched until
   *   the matching call of `receiver.onWritten()` (one call for each `false`, in order, and never inside of this call),
   *   or until `receiver.onClose()`
   */
  write(segments: readonly Segment[]): boolean
  /** Stops delivery of bytes; at most what was already read may still arrive. */
  pause(): void
  /** Delivery goes on. */
  resume(): void
  /** Ends our direction behind everything written so far; the other direction lives on. */
  end(): void
  /** Tears the transport down at once; `receiver.onClose` follows. */
  destroy(): void
  /** The runtime's own object, for those who need it: a net.Socket, a TLSSocket, a stream. */
  readonly raw: unknown
  /** Our end of the connection, as far as it is known and has an address. */
  readonly localAddress?: Address | undefined
  /** The peer's end, likewise. */
  readonly remoteAddress?: Address | undefined
}

/** One end of a connection over IP. */
export interface Address {
  /** '127.0.0.1' or '::1' */
  readonly address: string
  /** 1 to 65535 */
  readonly port: number
}

/** Our end of a {@link ByteTransport}. */
export interface ByteReceiver {
  /**
   * Bytes arrived: bytes[start..end). `owned`: the buffer is ours from now on, to change and to keep; else it must be
   * neither changed nor used after the call.
   */
  onBytes(bytes: Uint8Array, start: number, end: number, owned: boolean): void
  /** The oldest write that returned false has been handed over. */
  onWritten(): void
  /** The peer ended its direction. */
  onEnd(): void
  /** The transport is gone; called once, nothing follows. */
  onClose(error?: Error): void
}
