// The limits of a connection and their defaults; checked safe integers, never coerced.
// RFC 6455 §10.4 asks implementations to have them.

import { rangeError } from './errors.ts'

/** Most payload bytes of a control frame (RFC 6455 §5.5). */
export const MAX_CONTROL_PAYLOAD = 125
/** Most bytes of a close reason: a control payload less its two bytes of code. */
export const MAX_CLOSE_REASON = MAX_CONTROL_PAYLOAD - 2

/** Most bytes that are gathered for one message, whatever its limit: indexes stay below 2^31. */
export const MAX_BUFFER = 2 ** 31 - 1
/** Most bytes of a received text, whatever its limit: what one string of V8 holds, should they all be ASCII. */
export const MAX_TEXT = 2 ** 29 - 24
/** Most bytes of a received message. */
export const DEFAULT_READ_LIMIT = 16 * 1024 * 1024
/** Most frames of a received message; 4 MiB in fragments of 32 bytes pass. */
export const DEFAULT_MAX_FRAGMENTS = 131_072

/**
 * `value`, or `fallback` when it is undefined.
 * @throws RangeError ERR_WS_ARGUMENT unless it is a safe integer of 0 or more, or Infinity
 */
export function checkLimit(name: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback
  if (value === Number.POSITIVE_INFINITY || (Number.isSafeInteger(value) && value >= 0)) return value
  throw rangeError(`${name} must be a whole number or Infinity`)
}

/**
 * Most wire bytes of a compressed message whose inflated size may be `limit`: deflate can make incompressible data
 * larger.
 */
export function compressedLimit(limit: number): number {
  return limit + Math.floor(limit / 1024) + 64 * 1024
}
