// What the application does about control frames in place of the defaults (RFC 6455 §5.5), and how its functions are called.
// A handler is anybody's code: it may throw, and what it returns may be a promise that is rejected.

import { isThenable } from './waiter.ts'

/** Gets the payload of a ping or pong, to keep: at most 125 bytes. */
export type PingHandler = (data: Uint8Array) => unknown
/** Gets the code of the peer's Close frame, 1005 when it had none, and its reason. */
export type CloseHandler = (code: number, reason: string) => unknown

/** Undefined: the default. */
export interface Handlers {
  ping: PingHandler | undefined
  pong: PingHandler | undefined
  close: CloseHandler | undefined
}

/**
 * Calls a handler; what it throws, or its promise is rejected with, goes to `fail`.
 * @returns settles with its promise, never rejects; undefined when it returned none
 */
export function callHandler(
  call: () => unknown,
  fail: (cause: unknown) => void,
): Promise<unknown> | undefined {
  try {
    const result = call()
    return isThenable(result) ? Promise.resolve(result).catch(fail) : undefined
  } catch (cause) {
    fail(cause)
    return undefined
  }
}
