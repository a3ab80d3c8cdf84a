// TLS as a client, on a connection of its own or on a stream that is there: the server's, or a proxy's of https.
// RFC 6455 §4.1 item 5, §10.6; RFC 7301 (ALPN).

import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { WebSocketError } from '../codec/errors.ts'
import type { Attempt } from './attempt.ts'
import { ready } from './ready.ts'
import type { Trace } from './trace.ts'

const HTTP_1 = 'http/1.1'
/** For the connection below, where TLS makes it itself. */
const ofTcp = { noDelay: true, allowHalfOpen: true }

/** Where TLS goes: over a stream, or over a connection that it makes itself and tells of. */
export type Below =
  | { readonly stream: Duplex }
  | { readonly port: number; readonly onConnect: (stream: Duplex) => void }

/**
 * Resolves once TLS is agreed on with `hostname`, whose certificate it must be unless `tls` says otherwise. Rejects with
 * what TLS or the socket fails with.
 */
export async function secure(
  attempt: Attempt,
  trace: Trace,
  below: Below,
  hostname: string,
  tls: ConnectionOptions | undefined,
): Promise<TLSSocket> {
  const options: ConnectionOptions = {
    ...ofTcp,
    ALPNProtocols: [HTTP_1],
    ...tls,
    // What would decide where to connect.
    path: undefined,
    socket: undefined,
    // Also the name that the certificate must have where there is no servername.
    host: hostname,
  }
  // An option that is undefined hides nothing.
  if (options.servername === undefined && !isIP(hostname)) options.servername = hostname
  if ('stream' in below) {
    trace.tlsHandshakeStart(hostname)
    const { stream } = below
    return secured(trace, hostname, () => {
      const socket = attempt.hold(connect({ ...options, socket: stream }))
      // Not every stream ends with what is on top of it.
      return socket.once('close', () => stream.destroy())
    })
  }
  const socket = attempt.hold(connect({ ...options, port: below.port }))
  await ready(socket, 'connect')
  below.onConnect(socket)
  trace.tlsHandshakeStart(hostname)
  return secured(trace, hostname, () => socket)
}

async function secured(trace: Trace, hostname: string, begin: () => TLSSocket): Promise<TLSSocket> {
  try {
    const socket = begin()
    await ready(socket, 'secureConnect')
    trace.tlsHandshakeDone(hostname, { stream: socket })
    return socket
  } catch (error) {
    trace.tlsHandshakeDone(hostname, { error })
    throw error
  }
}

/**
 * `error`, or, where another protocol than HTTP/1.1 was chosen by ALPN on the stream, one that says so: options of TLS
 * that are shared with a client of HTTP/2 make the server choose that.
 */
export function explainAlpn(error: unknown, stream: Duplex): unknown {
  const chosen: unknown = (stream as Partial<TLSSocket>).alpnProtocol
  if (typeof chosen !== 'string' || chosen === HTTP_1) return error
  const message = `${chosen} was chosen by ALPN, where it must be ${HTTP_1}: leave ALPNProtocols out of the options of TLS`
  return new WebSocketError('ERR_WS_CONNECT', { message, cause: error })
}
