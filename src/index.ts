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
export type { Bytes } from './codec/payload.ts'
export type { Address, BufferPool, ByteReceiver, ByteTransport, Segment } from './codec/ports.ts'
export { PreparedMessage } from './codec/prepared-message.ts'
export {
  type AsyncDisposal,
  type CloseHandler,
  type CloseInfo,
  type CloseOptions,
  Conn,
  type ConnOptions,
  type ConnState,
  type HandshakeInfo,
  joinMessages,
  type KeepAliveOptions,
  type MessageReader,
  type MessageWriter,
  type Op,
  type PieceOptions,
  type PingHandler,
  type PushMode,
  type ReadOptions,
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
export { connFrom } from './node/conn-from.ts'
export { nodeReadable, nodeWritable } from './node/streams.ts'
export * from './server/index.ts'
export type { ConnFromOptions } from './web/conn-from.ts'
export { pipe } from './web/pipe.ts'
