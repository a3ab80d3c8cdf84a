// Bytes of a WebAssembly module from the text they are embedded as.
// Hexadecimal is longer than base64 and smaller once compressed, since bytes that repeat stay visible.

/** The bytes that `hex` stands for, two digits each. */
export function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(hex.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16)
  return bytes
}
