// Message types and close codes as gorilla/websocket names them; the types are the opcodes of the wire.
// RFC 6455 §5.2 and §11.8 (opcodes), §7.4.1 and IANA's WebSocket Close Code Number Registry (close codes).

/** A text message: UTF-8. */
export const TextMessage = 1
/** A binary message. */
export const BinaryMessage = 2
/** A Close frame; its payload is made by {@link formatCloseMessage}. Never returned by reads. */
export const CloseMessage = 8
/** A Ping frame, at most 125 bytes. Never returned by reads. */
export const PingMessage = 9
/** A Pong frame, at most 125 bytes. Never returned by reads. */
export const PongMessage = 10

/** Opcode of a data message. */
export type DataType = typeof TextMessage | typeof BinaryMessage
/** Opcode of a control frame. */
export type ControlType = typeof CloseMessage | typeof PingMessage | typeof PongMessage

export const CloseNormalClosure = 1000
export const CloseGoingAway = 1001
export const CloseProtocolError = 1002
export const CloseUnsupportedData = 1003
/** Never on the wire: a Close frame without a code was received. */
export const CloseNoStatusReceived = 1005
/** Never on the wire: the connection ended without a Close frame. */
export const CloseAbnormalClosure = 1006
export const CloseInvalidFramePayloadData = 1007
export const ClosePolicyViolation = 1008
export const CloseMessageTooBig = 1009
export const CloseMandatoryExtension = 1010
export const CloseInternalServerErr = 1011
export const CloseServiceRestart = 1012
export const CloseTryAgainLater = 1013
export const CloseBadGateway = 1014
/** Never on the wire: the TLS handshake failed. */
export const CloseTLSHandshake = 1015
