// gibbon-ws on Node: Upgrader, Dialer, Conn, and gorilla/websocket's names around them.
// Exports only.

import './node/native-kernel.ts'

export * from './client/index.ts'
export { CloseError, closeErrorOf, isCloseError, isUnexpectedCloseError } from './codec/close-error.ts'
export { formatCloseMessage } from './codec/close-payload.ts'
export * from './codec/constants.ts'
export { CloseSentError, ReadLimitError } from './codec/error-classes.ts'
export { type ErrorCode, type ErrorDetails, WebSocketError } from './codec/errors.ts'
export { Message } from './codec/message.ts'
export {
  type Bytes,
  type CloseInfo,
  type CloseOptions,
  Conn,
  type ConnOptions,
  type ConnState,
  type HandshakeInfo,
  type KeepAliveOptions,
  type Op,
  type WriteOptions,
} from './conn/index.ts'
export { HandshakeError } from './handshake/handshake-error.ts'
export {
  BadHandshakeError,
  type Field,
  type HeaderInput,
  isWebSocketUpgrade,
  type OriginPattern,
  type RawRequest,
  type Refusal,
  type RequestFields,
} from './handshake/index.ts'
export { subprotocols } from './handshake/subprotocol.ts'
export { type KernelName, kernelName, kernelReason, offerKernelModule } from './kernel/select.ts'
export * from './server/index.ts'
