// The key of a handshake and the answer to it, by which each side knows that the other speaks WebSocket.
// RFC 6455 §4.1 item 7 (Sec-WebSocket-Key), §4.2.2 item 5.4 (Sec-WebSocket-Accept).

import type { RandomSource } from '../codec/ports.ts'
import { randomSourceError } from '../codec/shared-errors.ts'
import { sha1 } from './sha1.ts'

/** Appended to the key before it is hashed (RFC 6455 §1.3). */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** 16 bytes in base64: 21 full characters, one whose last four bits are zero, and the padding. */
const canonicalKey = /^[A-Za-z0-9+/]{21}[AQgw]==$/

/**
 * A new Sec-WebSocket-Key: 16 random bytes in base64 (RFC 6455 §4.1 item 7).
 *
 * @throws WebSocketError ERR_WS_RANDOM_SOURCE
 */
export function makeKey(random: RandomSource): string {
  const bytes = new Uint8Array(16)
  try {
    random.fill(bytes)
  } catch (cause) {
    throw randomSourceError(cause)
  }
  return base64(bytes)
}

/** Whether `text` is the base64 of exactly 16 bytes, in the one canonical form of 24 characters. */
export function isWebSocketKey(text: string): boolean {
  return canonicalKey.test(text)
}

/** Sec-WebSocket-Accept for `key`, which {@link isWebSocketKey}: 28 characters of base64 (RFC 6455 §4.2.2 item 5.4). */
export function acceptKey(key: string): string {
  return base64(sha1(Uint8Array.from(key + GUID, (char) => char.charCodeAt(0))))
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}
