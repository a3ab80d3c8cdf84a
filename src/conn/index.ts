// The connection room. Exports only.

export type { CloseInfo } from './close-info.ts'
export { type CloseOptions, Conn, type ConnState, type WriteOptions } from './conn.ts'
export type { HandshakeInfo } from './handshake-info.ts'
export type { KeepAliveOptions } from './keep-alive.ts'
export { type ConnOptions, type ConnSettings, checkConnOptions } from './options.ts'
export type { Bytes } from './payload.ts'
export { runHandler } from './run-handler.ts'
export { checkMilliseconds, millisecondsUntil, type Op, rejected, timeLimit } from './waiter.ts'
