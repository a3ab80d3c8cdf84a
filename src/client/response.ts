// Responses of HTTP/1.1 read from an inlet: the head of the one that counts, and the beginning of the body of a refusal.
// RFC 9112 §4; RFC 9110 §15.2 (interim responses).

import { WebSocketError } from '../codec/errors.ts'
import { HeadParser, MAX_HEAD_BYTES, type ResponseHead } from '../handshake/index.ts'
import { ErrorBody } from './error-body.ts'
import type { Inlet } from './inlet.ts'

/** Milliseconds that the body of a refusal is waited for. */
const BODY_TIMEOUT = 1_000

/**
 * The head of the response, interim ones passed over; undefined when the stream ends before. What is behind it is left
 * in the inlet.
 *
 * Rejects with ERR_WS_HEAD for what is no HTTP or is too large in all, or with the stream's error.
 */
export async function readHead(inlet: Inlet, onFirstByte?: () => void): Promise<ResponseHead | undefined> {
  let parser = new HeadParser('response')
  let bytes = 0
  for (;;) {
    const chunk = await inlet.next()
    if (chunk === undefined) return undefined
    if (bytes === 0) onFirstByte?.()
    const end = parser.push(chunk, 0, chunk.length)
    bytes += end < 0 ? chunk.length : end
    const { head } = parser
    if (end >= 0) inlet.unread(chunk.subarray(end))
    if (head !== undefined && (head.status === 101 || head.status >= 200)) return head
    if (bytes > MAX_HEAD_BYTES) {
      throw new WebSocketError('ERR_WS_HEAD', { message: 'the HTTP head is too large', remote: true })
    }
    // Behind an interim one the real one follows, within the same bound.
    if (head !== undefined) parser = new HeadParser('response')
  }
}

/** What there is of the body behind `head`, as far as an error keeps it; waits for it a little. */
export async function readBody(inlet: Inlet, head: ResponseHead): Promise<Uint8Array> {
  const body = new ErrorBody(head)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, BODY_TIMEOUT, undefined)
  })
  try {
    while (!body.isComplete) {
      const chunk = await Promise.race([inlet.next(), late])
      if (chunk === undefined) break
      body.push(chunk)
    }
  } catch {
    // The stream failed: the refusal is told all the same.
  } finally {
    clearTimeout(timer)
  }
  return body.data
}
