// A connection over a byte stream that the application has, on Node: a transport of its own, or any Duplex of bytes.
// The stream carries frames from its first byte on (RFC 6455 §5).

import { Duplex } from 'node:stream'
import { typeError } from '../codec/errors.ts'
import type { ByteTransport } from '../codec/ports.ts'
import type { Conn } from '../conn/index.ts'
import { type ConnFromOptions, connOver } from '../web/conn-from.ts'
import { nodeClock } from './clock.ts'
import { SocketTransport } from './socket-transport.ts'
import { nodeText } from './text.ts'

/**
 * A connection over a transport of the application's own, or over any Duplex of bytes. The opening handshake is the
 * application's: the stream carries frames from its first byte on. `Dialer.handshake` and `Upgrader.upgrade` make one.
 *
 * @throws TypeError, RangeError ERR_WS_ARGUMENT for a transport or options that are none
 */
export function connFrom(transport: ByteTransport | Duplex, options: ConnFromOptions): Conn {
  if (typeof transport !== 'object' || transport === null || typeof transport.write !== 'function')
    throw typeError('connFrom() takes a transport or a Duplex')
  const isTransport = 'start' in transport && !(transport instanceof Duplex)
  return connOver(
    isTransport ? transport : new SocketTransport(transport as Duplex),
    options,
    nodeClock,
    nodeText,
  )
}
