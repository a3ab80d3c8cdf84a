// Runs an application's handler for a connection and tells its own errors from the connection's end.
// A handler that fails closes its connection with 1011 and disturbs no other.

import { CloseInternalServerErr } from '../codec/constants.ts'
import type { Conn } from './conn.ts'

/** Calls `handler`; its failure closes the connection with 1011 and goes to `onError`. */
export async function runHandler<Data>(
  conn: Conn<Data>,
  handler: (conn: Conn<Data>) => unknown,
  onError: (error: unknown, conn: Conn<Data>) => void,
): Promise<void> {
  try {
    await handler(conn)
  } catch (error) {
    if (conn.isOwnEnd(error)) return
    conn.close(CloseInternalServerErr)
    onError(error, conn)
  }
}
