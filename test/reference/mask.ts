// The naive masking loop that every kernel is compared with.
// RFC 6455 §5.3: octet i of the payload is XORed with octet i modulo 4 of the masking key.

export function mask(payload: Uint8Array, key: ArrayLike<number>, phase = 0): Uint8Array {
  const masked = new Uint8Array(payload.length)
  for (let i = 0; i < payload.length; i++) masked[i] = payload[i] ^ key[(i + phase) % 4]
  return masked
}
