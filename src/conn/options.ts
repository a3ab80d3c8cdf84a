// What a connection can be told, its defaults, and the checked form that connections of one Upgrader or Dialer share.
// Limits are whole numbers, never coerced; times are milliseconds.

import { rangeError, typeError } from '../codec/errors.ts'
import { checkLimit } from '../codec/limits.ts'
import type { BufferPool } from '../codec/ports.ts'
import { sharedBuffers } from './buffer-pool.ts'
import type { KeepAliveOptions } from './keep-alive.ts'
import { checkMilliseconds } from './waiter.ts'

/**
 * What a connection can be told. Limits are whole numbers of 0 or more, or Infinity; anything else is a RangeError
 * ERR_WS_ARGUMENT.
 */
export interface ConnOptions {
  /** Most bytes of a received message; default 16 MiB. Beyond: ERR_WS_MESSAGE_TOO_BIG, close code 1009. */
  readonly readLimit?: number
  /**
   * Most frames of a received message, empty ones included; default 131,072. Beyond: ERR_WS_TOO_MANY_FRAGMENTS, close
   * code 1008.
   */
  readonly maxFragments?: number
  /** Accept frame lengths that are not in their shortest form; default false: ERR_WS_LENGTH, close code 1002. */
  readonly lenientLength?: boolean
  /**
   * Check that texts are UTF-8 (RFC 6455 §8.1): received ones (ERR_WS_INVALID_UTF8, close code 1007) and those to be
   * sent that are given as bytes; default true.
   */
  readonly checkUtf8?: boolean
  /** Buffered outgoing bytes above which the promise of a write waits for the peer; default 1 MiB. */
  readonly highWaterMark?: number
  /** Buffered outgoing bytes above which a message is refused with ERR_WS_BUFFER_FULL; default 16 MiB. */
  readonly hardLimit?: number
  /**
   * Bytes of messages that are read ahead while the application does not read, 1 or more; default 65,536. One whole
   * message is read ahead whatever its length, but for connections whose messages are read by `nextReader`. gorilla's
   * ReadBufferSize: it does not limit messages.
   */
  readonly readBufferSize?: number
  /**
   * Bytes that small pieces written by `nextWriter` are gathered to, 1 or more; default 4,096. It does not limit
   * messages, and `writeMessage` sends any in one frame. gorilla's WriteBufferSize.
   */
  readonly writeBufferSize?: number
  /** Where the buffers of `nextWriter` come from; default one pool for all. gorilla's WriteBufferPool. */
  readonly writeBufferPool?: BufferPool
  /**
   * Refuse a write while another one is not done (ERR_WS_CONCURRENT_WRITE, which names both callers) where it would
   * wait for its turn by default: finds writers that do not know of each other. Default false.
   */
  readonly strict?: boolean
  /**
   * Negotiate permessage-deflate (RFC 7692). This version declines and offers nothing: connections are not compressed.
   * Default false.
   */
  readonly compression?: boolean
  /** Milliseconds that the closing handshake may take, in every state, 0 to 2^31-1; default 5,000. */
  readonly closeTimeout?: number
  /** Pings that find a dead peer; default false (`attach`: true). `true`: every 30 s, dead after 30 s of silence. */
  readonly keepAlive?: boolean | KeepAliveOptions
}

/** {@link ConnOptions}, checked and complete. */
export interface ConnSettings {
  readonly readLimit: number | undefined
  readonly maxFragments: number | undefined
  readonly lenientLength: boolean
  readonly checkUtf8: boolean
  readonly highWaterMark: number
  readonly hardLimit: number
  readonly readBufferSize: number
  readonly writeBufferSize: number
  readonly writeBufferPool: BufferPool
  readonly strict: boolean
  readonly closeTimeout: number
  readonly keepAlive: KeepAliveOptions | undefined
}

const DEFAULT_KEEP_ALIVE: KeepAliveOptions = { interval: 30_000, timeout: 30_000 }

function checkKeepAlive(value: boolean | KeepAliveOptions | undefined): KeepAliveOptions | undefined {
  if (value === undefined || value === false) return undefined
  if (value === true) return DEFAULT_KEEP_ALIVE
  if (typeof value !== 'object' || value === null) {
    throw typeError('keepAlive must be a boolean or { interval, timeout }')
  }
  const interval = checkMilliseconds('keepAlive.interval', value.interval)
  const timeout = checkMilliseconds('keepAlive.timeout', value.timeout)
  if (interval < 1 || timeout < 1) {
    throw rangeError('keepAlive.interval and keepAlive.timeout must be 1 ms or more')
  }
  return { interval, timeout }
}

function checkSize(name: string, value: number | undefined, fallback: number): number {
  const size = checkLimit(name, value, fallback)
  if (size < 1 || size > 2 ** 30) throw rangeError(`${name} must be from 1 to ${2 ** 30} bytes`)
  return size
}

function checkPool(pool: BufferPool | undefined): BufferPool | undefined {
  if (pool !== undefined && (typeof pool?.acquire !== 'function' || typeof pool.release !== 'function'))
    throw typeError('writeBufferPool must have acquire and release')
  return pool
}

function checkSwitch(name: string, value: boolean | undefined): boolean {
  if (value !== undefined && typeof value !== 'boolean') throw typeError(`${name} must be a boolean`)
  return value ?? false
}

/** @throws RangeError, TypeError ERR_WS_ARGUMENT */
export function checkConnOptions(options: ConnOptions): ConnSettings {
  checkSwitch('compression', options.compression)
  return {
    readLimit: options.readLimit === undefined ? undefined : checkLimit('readLimit', options.readLimit, 0),
    maxFragments:
      options.maxFragments === undefined ? undefined : checkLimit('maxFragments', options.maxFragments, 0),
    lenientLength: options.lenientLength ?? false,
    checkUtf8: options.checkUtf8 ?? true,
    highWaterMark: checkLimit('highWaterMark', options.highWaterMark, 1024 * 1024),
    hardLimit: checkLimit('hardLimit', options.hardLimit, 16 * 1024 * 1024),
    readBufferSize: checkSize('readBufferSize', options.readBufferSize, 64 * 1024),
    writeBufferSize: checkSize('writeBufferSize', options.writeBufferSize, 4 * 1024),
    writeBufferPool: checkPool(options.writeBufferPool) ?? sharedBuffers,
    strict: checkSwitch('strict', options.strict),
    closeTimeout: checkMilliseconds('closeTimeout', options.closeTimeout ?? 5_000),
    keepAlive: checkKeepAlive(options.keepAlive),
  }
}
