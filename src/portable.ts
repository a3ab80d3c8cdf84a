// gibbon-ws where there are no sockets, for the conditions browser, worker and workerd: the names of index.ts, one by one.
// What needs no socket is the real thing; Upgrader, Dialer and dial say what does their part of RFC 6455 §4 instead.

import { typeError } from './codec/errors.ts'
import { rejected } from './conn/index.ts'

export { CloseError, closeErrorOf, isCloseError, isUnexpectedCloseError } from './codec/close-error.ts'
export { formatCloseMessage } from './codec/close-payload.ts'
export * from './codec/constants.ts'
export { CloseSentError, ReadLimitError } from './codec/error-classes.ts'
export { WebSocketError } from './codec/errors.ts'
export { Message } from './codec/message.ts'
export { PreparedMessage } from './codec/prepared-message.ts'
export { Conn, joinMessages } from './conn/index.ts'
export { HandshakeError } from './handshake/handshake-error.ts'
export { BadHandshakeError, isWebSocketUpgrade } from './handshake/index.ts'
export { subprotocols } from './handshake/subprotocol.ts'
export { kernelName, kernelReason, offerKernelModule } from './kernel/select.ts'
export { connFrom } from './web/conn-from.ts'
export { pipe } from './web/pipe.ts'

const CLIENT = "the runtime's own WebSocket, or buildRequest, judgeResponse and Protocol of gibbon-ws/codec"
const SERVER = 'judgeRequest, acceptResponse and Protocol of gibbon-ws/codec'

function unsupported(name: string, instead: string): TypeError {
  const message = `${name} needs Node, and this is gibbon-ws for other runtimes; use ${instead}`
  return typeError(message, 'ERR_WS_UNSUPPORTED_RUNTIME')
}

export class Upgrader {
  /** @throws TypeError ERR_WS_UNSUPPORTED_RUNTIME */
  constructor() {
    throw unsupported('Upgrader', SERVER)
  }
}

export class Dialer {
  /** @throws TypeError ERR_WS_UNSUPPORTED_RUNTIME */
  constructor() {
    throw unsupported('Dialer', CLIENT)
  }
}

/** Rejects with TypeError ERR_WS_UNSUPPORTED_RUNTIME. */
export function dial(): Promise<never> {
  return rejected(unsupported('dial', CLIENT))
}

/** @throws TypeError ERR_WS_UNSUPPORTED_RUNTIME */
export function nodeReadable(): never {
  throw unsupported('nodeReadable', 'the readable of the MessageReader')
}

/** @throws TypeError ERR_WS_UNSUPPORTED_RUNTIME */
export function nodeWritable(): never {
  throw unsupported('nodeWritable', 'the writable of the MessageWriter')
}

/** Not made by the constructor above, since to import the library must not throw. */
export const defaultDialer: { readonly dial: typeof dial; readonly handshake: typeof dial } = {
  dial,
  handshake: () => rejected(unsupported('handshake', CLIENT)),
}
