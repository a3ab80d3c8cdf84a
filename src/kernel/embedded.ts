// Bytes of a WebAssembly module from the text that assembly/embed.mjs makes of them.
// One printable character for a byte that is frequent there, two for others: smaller than base64 or hexadecimal once
// compressed, since bytes that repeat stay visible.

/** Characters from FIRST on are digits; '|' and '}' add 89 and 178 to the digit behind them. */
const DIGITS = 89
const FIRST = 0x23

/** The bytes that `text` stands for; each is written as if it were 4 more, so that 0xfc to 0xff are small as well. */
export function fromText(text: string): Uint8Array<ArrayBuffer> {
  const bytes: number[] = []
  let high = 0
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - FIRST
    if (digit < DIGITS) {
      bytes.push(high + digit - 4)
      high = 0
    } else {
      high = (digit - DIGITS + 1) * DIGITS
    }
  }
  return Uint8Array.from(bytes)
}
