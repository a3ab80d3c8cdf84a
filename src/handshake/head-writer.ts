// Bytes of an HTTP/1.1 head, and of a body behind it.
// RFC 9112 §2.1 (message), §5 (field syntax).

import type { Field } from './fields.ts'

const noBody = new Uint8Array(0)

/** The message: `startLine`, the fields in order, an empty line, `body`. Every character is at most U+00FF. */
export function formatMessage(
  startLine: string,
  fields: readonly Field[],
  body: Uint8Array = noBody,
): Uint8Array {
  let text = `${startLine}\r\n`
  for (const [name, value] of fields) text += `${name}: ${value}\r\n`
  text += '\r\n'
  const bytes = new Uint8Array(text.length + body.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  bytes.set(body, text.length)
  return bytes
}
