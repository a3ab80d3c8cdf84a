// The opening handshake on a stream to the server: sends the request, reads the response, gives its cookies to the jar.
// RFC 6455 §4.1. Whoever calls judges the response; time and signal are the Attempt's.

import type { Duplex } from 'node:stream'
import { WebSocketError } from '../codec/errors.ts'
import type { ResponseHead } from '../handshake/index.ts'
import { connectError } from './connect-error.ts'
import { Inlet } from './inlet.ts'
import { readBody, readHead } from './response.ts'
import { explainAlpn } from './secure.ts'
import type { Trace } from './trace.ts'

export interface Exchange {
  readonly head: ResponseHead
  /** Beginning of the body of a response that is no 101. */
  readonly body: Uint8Array | undefined
  /** Bytes behind a 101: the first frames. */
  readonly rest: Uint8Array
}

/**
 * Resolves with the response, whatever it is, with the stream paused and every listener taken off it again.
 *
 * Rejects with ERR_WS_HEAD for what is none, ERR_WS_CONNECT when the stream fails or ends before.
 */
export async function exchange(
  stream: Duplex,
  request: Uint8Array,
  trace: Trace,
  onHead: (head: ResponseHead) => Promise<void> | undefined,
): Promise<Exchange> {
  const inlet = new Inlet(stream)
  stream.write(request)
  trace.wroteRequest()
  const head = await headOf(inlet, trace)
  const body = head.status === 101 ? undefined : await readBody(inlet, head)
  await onHead(head)
  return { head, body, rest: inlet.release() }
}

async function headOf(inlet: Inlet, trace: Trace): Promise<ResponseHead> {
  try {
    const head = await readHead(inlet, () => trace.gotFirstResponseByte())
    if (head !== undefined) return head
    const message = 'the server ended the connection before the handshake was complete'
    throw new WebSocketError('ERR_WS_CONNECT', { message, remote: true })
  } catch (error) {
    throw explainAlpn(connectError(error), inlet.stream)
  }
}
