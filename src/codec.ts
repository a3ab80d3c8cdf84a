// gibbon-ws/codec: kernels, codec and handshake without I/O, for any runtime.
// Exports only.

export {
  formatCloseMessage,
  isSendableCloseCode,
} from './codec/close-payload.ts'
export * from './codec/constants.ts'
export { Decoder, type DecoderOptions, type PushOptions } from './codec/decoder.ts'
export { Encoder, type EncoderOptions } from './codec/encoder.ts'
export { type ErrorCode, type ErrorDetails, WebSocketError } from './codec/errors.ts'
export type { CloseEvent, DecoderEvent, FaultEvent, PingEvent, PongEvent } from './codec/events.ts'
export { Message } from './codec/message.ts'
export type { Bytes } from './codec/payload.ts'
export type { RandomSource, Segment, TextCodec } from './codec/ports.ts'
export { PreparedMessage } from './codec/prepared-message.ts'
export { Protocol, type ProtocolOptions, type ProtocolState, type SendOptions } from './codec/protocol.ts'
export type { Role } from './codec/role.ts'
export * from './handshake/index.ts'
export type { Kernel, OutgoingMemory } from './kernel/kernel.ts'
export { getKernel, type KernelName, kernelName, kernelReason, offerKernelModule } from './kernel/select.ts'
