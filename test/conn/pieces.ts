// What tests of message readers read with.
// RFC 6455 §5.4: pieces may end anywhere, inside of a character too.

import { Buffer } from 'node:buffer'
import type { MessageReader } from '../../src/conn/message-reader.ts'

/** The rest of a message. */
export async function textOf(reader: MessageReader): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of reader) pieces.push(piece)
  return Buffer.concat(pieces).toString('utf8')
}

/** The next piece of a message, null at its end. */
export async function word(reader: MessageReader): Promise<string | null> {
  const piece = await reader.read()
  return piece === null ? null : Buffer.from(piece).toString('utf8')
}
