// Tokens and comma-separated lists of them, the small change of HTTP header fields.
// RFC 9110 §5.6.1 (lists), §5.6.2 (tokens), §5.6.3 (optional whitespace).

const SP = 0x20
const HTAB = 0x09

const token = /^[\w!#$%&'*+.^`|~-]+$/

/** Whether a token may have the character of this code. */
export function isTokenCode(code: number): boolean {
  return isToken(String.fromCharCode(code))
}

/** Whether `text` is one token: not empty, nothing but token characters. */
export function isToken(text: string): boolean {
  return token.test(text)
}

/**
 * `text` without the spaces and tabs around it. Not `trim()`, which takes U+00A0 too, and no regular expression, which
 * would need quadratic time for a long run of spaces in the middle.
 */
export function trimWhitespace(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isWhitespace(text.charCodeAt(start))) start++
  while (end > start && isWhitespace(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

/** Whether the code is that of a space or a tab. */
export function isWhitespace(code: number): boolean {
  return code === SP || code === HTAB
}

/** `text` with A to Z in lower case and all else untouched: `toLowerCase()` makes a `k` of the Kelvin sign. */
export function asciiLowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (upper) => upper.toLowerCase())
}

/** Elements of the comma-separated list `text`, trimmed; empty ones included. */
export function listElements(text: string): string[] {
  return text.split(',').map(trimWhitespace)
}

/** Whether one of the field values, each a list, has the element `token` (lower case), compared without ASCII case. */
export function hasToken(values: readonly string[], token: string): boolean {
  return values.some((value) => listElements(value).some((element) => asciiLowerCase(element) === token))
}
