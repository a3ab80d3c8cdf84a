// All messages of a connection as one stream of bytes: gorilla/websocket's JoinMessages.
// Nothing is gathered: each piece goes on as it comes.

import type { Conn } from './conn.ts'
import type { MessageReader } from './message-reader.ts'

/**
 * The payloads of all messages that a connection receives from now on, as one stream of bytes. It ends when the peer
 * closes between messages, whatever its code, and fails with what reads reject with otherwise; to cancel it leaves the
 * connection open. While it is read nobody else may read from the connection. gorilla's JoinMessages.
 *
 * @param term put behind each message, in UTF-8; default ''
 */
export function joinMessages(conn: Conn, term = ''): ReadableStream<Uint8Array> {
  const separator = new TextEncoder().encode(term)
  const left = new AbortController()
  const { signal } = left
  let reader: MessageReader | undefined
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          try {
            reader ??= await conn.nextReader({ signal })
          } catch (error) {
            if ((error as { code?: unknown }).code !== 'ERR_WS_CLOSED') throw error
            controller.close()
            return
          }
          const piece = await reader.read({ signal })
          if (piece === null) reader = undefined
          const bytes = piece ?? separator.slice()
          if (bytes.length === 0) continue
          controller.enqueue(bytes)
          return
        }
      },
      // A read that waits must not stand in the way of the next reader.
      cancel: (reason) => left.abort(reason),
    },
    { highWaterMark: 0 },
  )
}
