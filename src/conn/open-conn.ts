// A connection whose opening handshake is over: Protocol and Conn put together over a transport, with what its runtime has.
// Every way to a connection ends here: sockets, in-memory pipes, and transports of the application's own.

import type { ByteTransport, Clock, TextCodec } from '../codec/ports.ts'
import { Protocol } from '../codec/protocol.ts'
import type { Role } from '../codec/role.ts'
import { Conn } from './conn.ts'
import type { HandshakeInfo } from './handshake-info.ts'
import type { ConnSettings } from './options.ts'

export interface OpenParts<Data> {
  readonly role: Role
  readonly transport: ByteTransport
  readonly clock: Clock
  readonly text: TextCodec
  readonly settings: ConnSettings
  readonly handshake: HandshakeInfo
  /** Bytes behind the handshake that are here already, ours to change and keep. */
  readonly early?: Uint8Array | undefined
  readonly data: Data
  /** Called once when the transport is gone. */
  readonly onGone?: ((conn: Conn) => void) | undefined
}

export function openConn<Data>(parts: OpenParts<Data>): Conn<Data> {
  const { role, text, settings, transport, clock, handshake, early, onGone } = parts
  const { readLimit, maxFragments, lenientLength, checkUtf8 } = settings
  const limits = { readLimit, maxFragments, lenientLength, checkUtf8, checkSentUtf8: checkUtf8 }
  const protocol = new Protocol({ role, text, ...limits })
  return new Conn<Data>({ transport, protocol, clock, settings, handshake, early, onGone }, parts.data)
}
