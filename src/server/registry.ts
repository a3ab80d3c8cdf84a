// The attachments of one http server, behind one 'upgrade' listener that all copies of the library share.
// Requests for no attached path are other listeners' business, and get 404 when there are none.

import type { IncomingMessage, Server } from 'node:http'
import type { Server as TlsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { refuse, responseOf } from '../handshake/index.ts'

/** What answers the upgrade requests of one path. */
export interface Endpoint {
  /** The path, or undefined for every path. */
  readonly path: string | undefined
  handle(request: IncomingMessage, socket: Duplex, head: Buffer): void
}

const registry = Symbol.for('gibbon-ws.registry.1')

export class Registry {
  private readonly endpoints: Endpoint[] = []

  constructor(server: Server | TlsServer) {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      // Not new URL(): in it '//evil/x' would be a host.
      const path = (request.url ?? '').split('?', 1)[0]
      const endpoint =
        this.endpoints.find((each) => each.path === path) ??
        this.endpoints.find((each) => each.path === undefined)
      if (endpoint !== undefined) endpoint.handle(request, socket, head)
      else if (server.listenerCount('upgrade') === 1) {
        socket.on('error', () => {})
        socket.end(responseOf(refuse(404)), () => socket.destroy())
      }
    })
  }

  add(endpoint: Endpoint): void {
    this.endpoints.push(endpoint)
  }
}

/** The server's registry, made on first use. */
export function registryOf(server: Server | TlsServer): Registry {
  const holder = server as { [registry]?: Registry }
  holder[registry] ??= new Registry(server)
  return holder[registry]
}
