// A connection over a byte stream that the application has: a transport of its own, behind whatever opening it made.
// The stream carries frames from its first byte on (RFC 6455 §5); no opening handshake is made here.

import { assertBytes } from '../codec/bytes.ts'
import type { ByteTransport, Clock, TextCodec } from '../codec/ports.ts'
import { checkRole, type Role } from '../codec/role.ts'
import { portableText } from '../codec/text-codec.ts'
import { type Conn, type ConnOptions, checkConnOptions, openConn } from '../conn/index.ts'
import { webClock } from './clock.ts'

/** What a connection over an application's own transport can be told. */
export interface ConnFromOptions extends ConnOptions {
  /** Our side: a client masks what it sends (RFC 6455 §5.3), a server ends the transport first (§7.1.1). */
  readonly role: Role
  /** The subprotocol that was agreed on; default ''. */
  readonly subprotocol?: string
  /** Bytes of the peer's that are here already; they are taken: changed in place and kept. Default: none. */
  readonly early?: Uint8Array
}

/** As {@link connFrom}, with what the runtime has. */
export function connOver(
  transport: ByteTransport,
  options: ConnFromOptions,
  clock: Clock,
  text: TextCodec,
): Conn {
  const { role, subprotocol = '', early } = options
  checkRole(role)
  if (early !== undefined) assertBytes(early, 'early')
  const settings = checkConnOptions(options)
  const handshake = Object.freeze({ headers: Object.freeze({}), subprotocol, extensions: Object.freeze([]) })
  return openConn<unknown>({ role, transport, clock, text, settings, handshake, early, data: undefined })
}

/**
 * A connection over a transport of the application's own; on Node over any Duplex of bytes as well. The opening
 * handshake is the application's: the stream carries frames from its first byte on.
 *
 * @throws TypeError, RangeError ERR_WS_ARGUMENT for options that are none
 */
export function connFrom(transport: ByteTransport, options: ConnFromOptions): Conn {
  return connOver(transport, options, webClock, portableText)
}
