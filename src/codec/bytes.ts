// What may be given as bytes: a Uint8Array of any realm whose memory is still there.
// Memory that other threads write to, or that can be resized, may change between two looks at it: it is copied first.

import { typeError } from './errors.ts'

/** The name of a built-in class, whatever its realm: `Uint8Array`, `Null`. */
export function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1)
}

/**
 * @param what is named in the message
 * @throws TypeError ERR_WS_ARGUMENT unless `value` is a Uint8Array, of this realm or another
 */
export function assertBytes(value: unknown, what: string): asserts value is Uint8Array {
  if (value instanceof Uint8Array || kindOf(value) === 'Uint8Array') return
  throw typeError(`${what} must be a Uint8Array`)
}

/** Whether nobody but this thread, by writing to it, changes the memory. */
export function isSteady(buffer: ArrayBufferLike & { resizable?: boolean }): boolean {
  return (buffer instanceof ArrayBuffer || kindOf(buffer) === 'ArrayBuffer') && buffer.resizable !== true
}

/**
 * `bytes`, or a copy of them as they are now where their memory is not steady.
 * @throws TypeError ERR_WS_ARGUMENT for memory that was transferred away
 */
export function steadyBytes(bytes: Uint8Array): Uint8Array {
  try {
    // A view of a buffer that was transferred away looks empty; only to make a new one fails.
    if (bytes.length === 0) new Uint8Array(bytes.buffer)
  } catch {
    throw typeError('the bytes were transferred away')
  }
  return isSteady(bytes.buffer) ? bytes : new Uint8Array(bytes)
}
