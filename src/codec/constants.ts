// Message types and close codes as gorilla/websocket names them; the types are the opcodes of the wire.
// RFC 6455 §5.2 and §11.8 (opcodes), §7.4.1 and IANA's WebSocket Close Code Number Registry (close codes).

/** Opcode of a text message, which is UTF-8 (RFC 6455 §5.6). */
export const TextMessage = 1
/** Opcode of a binary message (RFC 6455 §5.6). */
export const BinaryMessage = 2
/** Opcode of a Close frame (RFC 6455 §5.5.1); `formatCloseMessage` makes its payload. Reads never return it. */
export const CloseMessage = 8
/** Opcode of a Ping frame, at most 125 bytes (RFC 6455 §5.5.2). Reads never return it. */
export const PingMessage = 9
/** Opcode of a Pong frame, at most 125 bytes (RFC 6455 §5.5.3). Reads never return it. */
export const PongMessage = 10

/** Opcode of a data message: 1 text, 2 binary. */
export type DataType = typeof TextMessage | typeof BinaryMessage
/** Opcode of a control frame: 8 Close, 9 Ping, 10 Pong. */
export type ControlType = typeof CloseMessage | typeof PingMessage | typeof PongMessage

/** Close code 1000: done, nothing is wrong (RFC 6455 §7.4.1, as those below where nothing else is said). */
export const CloseNormalClosure = 1000
/** Close code 1001: a server goes down, or a page is left. */
export const CloseGoingAway = 1001
/** Close code 1002: the peer's frames break the protocol. Sent for most faults. */
export const CloseProtocolError = 1002
/** Close code 1003: a message of a type that the application does not take, such as binary. */
export const CloseUnsupportedData = 1003
/** 1005, never on the wire: the received Close frame had no code. */
export const CloseNoStatusReceived = 1005
/** 1006, never on the wire: the connection ended without a Close frame from the peer. */
export const CloseAbnormalClosure = 1006
/** Close code 1007: a text that is not UTF-8. */
export const CloseInvalidFramePayloadData = 1007
/** Close code 1008: against the application's rules. Sent for too many fragments. */
export const ClosePolicyViolation = 1008
/** Close code 1009: a message longer than the read limit. */
export const CloseMessageTooBig = 1009
/** Close code 1010: the client needs an extension that the server did not grant. */
export const CloseMandatoryExtension = 1010
/** Close code 1011: the server's own failure. Sent when a handler throws. */
export const CloseInternalServerErr = 1011
/** Close code 1012: the server restarts; dial again, after a random pause (IANA's registry). */
export const CloseServiceRestart = 1012
/** Close code 1013: the server is overloaded; dial again later (IANA's registry). */
export const CloseTryAgainLater = 1013
/** Close code 1014: a gateway got a bad answer from the server behind it (IANA's registry). */
export const CloseBadGateway = 1014
/** 1015, never on the wire: the TLS handshake failed. This library does not report it: `dial` rejects instead. */
export const CloseTLSHandshake = 1015
