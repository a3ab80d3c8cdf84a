// A connection on a Node socket whose opening handshake is over: Protocol, transport, clock and text put together.
// Both the Upgrader and the Dialer end here.

import type { Duplex } from 'node:stream'
import { Protocol } from '../codec/protocol.ts'
import { Conn, type ConnSettings, type HandshakeInfo } from '../conn/index.ts'
import { nodeClock } from './clock.ts'
import { SocketTransport } from './socket-transport.ts'
import { nodeText } from './text.ts'

export interface SocketConnParts<Data> {
  readonly role: 'server' | 'client'
  readonly socket: Duplex
  /** Bytes behind the handshake that are here already, ours to change and keep. */
  readonly early: Uint8Array
  readonly settings: ConnSettings
  readonly handshake: HandshakeInfo
  readonly data: Data
  readonly onGone: ((conn: Conn) => void) | undefined
}

export function openOnSocket<Data>(parts: SocketConnParts<Data>): Conn<Data> {
  const { role, socket, early, settings, handshake, data, onGone } = parts
  const { readLimit, maxFragments, lenientLength, checkUtf8 } = settings
  const protocol = new Protocol({
    role,
    text: nodeText,
    readLimit,
    maxFragments,
    lenientLength,
    checkUtf8,
    checkSentUtf8: checkUtf8,
  })
  const transport = new SocketTransport(socket)
  return new Conn<Data>({ transport, protocol, clock: nodeClock, settings, handshake, early, onGone }, data)
}
