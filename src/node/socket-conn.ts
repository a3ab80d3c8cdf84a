// A connection on a Node socket whose opening handshake is over, with Node's clock and text.
// Both the Upgrader and the Dialer end here.

import type { Duplex } from 'node:stream'
import { type Conn, type OpenParts, openConn } from '../conn/index.ts'
import { nodeClock } from './clock.ts'
import { SocketTransport } from './socket-transport.ts'
import { nodeText } from './text.ts'

/** {@link OpenParts}, less what Node brings. */
export interface SocketConnParts<Data> extends Omit<OpenParts<Data>, 'transport' | 'clock' | 'text'> {
  readonly socket: Duplex
}

export function openOnSocket<Data>({ socket, ...parts }: SocketConnParts<Data>): Conn<Data> {
  return openConn({ ...parts, transport: new SocketTransport(socket), clock: nodeClock, text: nodeText })
}
