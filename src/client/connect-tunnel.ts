// A tunnel through an HTTP proxy: the CONNECT request and its answer.
// RFC 9110 §9.3.6; RFC 7617 (Basic credentials).

import { WebSocketError } from '../codec/errors.ts'
import { formatMessage } from '../handshake/head-writer.ts'
import { type Field, type ResponseHead, valuesOf } from '../handshake/index.ts'
import { reasonOf } from './connect-error.ts'
import type { Inlet } from './inlet.ts'
import { proxyError } from './proxy-error.ts'
import type { ProxyServer } from './proxy-url.ts'
import { readHead } from './response.ts'

/** Most characters of a reason phrase in a message. */
const MAX_REASON = 100

/**
 * Asks the proxy at the other end of `inlet` for a tunnel to `authority`, host and port.
 *
 * Rejects with ERR_WS_PROXY for any answer but 2xx, for one that is no HTTP, and for bytes behind it, which come from
 * the proxy and not from the server: that one has not been spoken to.
 */
export async function openTunnel(
  inlet: Inlet,
  authority: string,
  { credentials }: ProxyServer,
  headers: readonly Field[],
): Promise<void> {
  const fields: Field[] = [['Host', authority]]
  if (credentials !== undefined && valuesOf(headers, 'Proxy-Authorization').length === 0) {
    const { user, password } = credentials
    const basic = Buffer.concat([user, Buffer.from(':'), password]).toString('base64')
    fields.push(['Proxy-Authorization', `Basic ${basic}`])
  }
  inlet.stream.write(formatMessage(`CONNECT ${authority} HTTP/1.1`, [...fields, ...headers]))
  const { status, reason } = await answerOf(inlet)
  if (status < 200 || status > 299) {
    throw proxyError(`the proxy answered with status ${status} ${reason.slice(0, MAX_REASON)}`.trimEnd())
  }
  // A Content-Length of such an answer means nothing (RFC 9110 §9.3.6).
  if (inlet.hasMore) throw proxyError('the proxy sent bytes behind its answer')
}

async function answerOf(inlet: Inlet): Promise<ResponseHead> {
  let head: ResponseHead | undefined
  try {
    head = await readHead(inlet)
  } catch (cause) {
    const isHead = cause instanceof WebSocketError && cause.code === 'ERR_WS_HEAD'
    const what = isHead ? 'the answer of the proxy is no HTTP' : 'the connection to the proxy failed'
    throw proxyError(`${what}: ${reasonOf(cause)}`, cause)
  }
  if (head === undefined) throw proxyError('the proxy ended the connection without an answer')
  return head
}
