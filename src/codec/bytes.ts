// What may be given as bytes: a Uint8Array of any realm whose memory is still there.
// Memory that other threads write to, or that can be resized, may change between two looks at it: it is copied first.

import { typeError } from './errors.ts'

/**
 * @param what is named in the message
 * @throws TypeError ERR_WS_ARGUMENT unless `value` is a Uint8Array, of this realm or another
 */
export function assertBytes(value: unknown, what: string): asserts value is Uint8Array {
  if (value instanceof Uint8Array) return
  if (Object.prototype.toString.call(value) === '[object Uint8Array]') return
  const kind = value === null ? 'null' : Object.prototype.toString.call(value).slice(8, -1)
  throw typeError('ERR_WS_ARGUMENT', `${what} must be a Uint8Array, not ${kind}`)
}

/** Whether nobody but this thread, by writing to it, changes the memory. */
export function isSteady(buffer: ArrayBufferLike & { resizable?: boolean }): boolean {
  return buffer instanceof ArrayBuffer ? buffer.resizable !== true : isForeignArrayBuffer(buffer)
}

/** An ArrayBuffer of another realm, not resizable. */
function isForeignArrayBuffer(buffer: { resizable?: boolean }): boolean {
  return Object.prototype.toString.call(buffer) === '[object ArrayBuffer]' && buffer.resizable !== true
}

/**
 * `bytes`, or a copy of them as they are now where their memory is not steady.
 * @throws TypeError ERR_WS_ARGUMENT for memory that was transferred away
 */
export function steadyBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) assertAttached(bytes)
  return isSteady(bytes.buffer) ? bytes : new Uint8Array(bytes)
}

function assertAttached({ buffer }: Uint8Array): void {
  try {
    // A view of a buffer that was transferred away looks empty; only to make a new one fails.
    new Uint8Array(buffer)
  } catch {
    throw typeError('ERR_WS_ARGUMENT', 'the memory of these bytes was transferred away')
  }
}
