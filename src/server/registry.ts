// The attachments of one http server, behind one 'upgrade' listener that all copies of the library share.
// Requests for no attached path are other listeners' business, and get 404 when there are none.

import type { IncomingMessage, Server } from 'node:http'
import type { Server as TlsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { rangeError } from '../codec/errors.ts'
import { refuse } from '../handshake/index.ts'
import { refuseOn } from './refuse-on.ts'

/** What answers the upgrade requests of one path. */
export interface Endpoint {
  /** The path, or undefined for every path that no other endpoint has. */
  readonly path: string | undefined
  /** It answers with 503 only; another may take its place. */
  readonly isClosing: boolean
  handle(request: IncomingMessage, socket: Duplex, head: Buffer): void
}

const registry = Symbol.for('gibbon-ws.registry.1')

export class Registry {
  private endpoints: Endpoint[] = []

  constructor(server: Server | TlsServer) {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      // Not new URL(): in it '//evil/x' would be a host.
      const path = (request.url ?? '').split('?', 1)[0]
      const endpoint = this.find(path) ?? this.find(undefined)
      if (endpoint !== undefined) endpoint.handle(request, socket, head)
      else if (server.listenerCount('upgrade') === 1) {
        refuseOn(socket, refuse(404))
      }
    })
  }

  /** @throws RangeError ERR_WS_ARGUMENT when the path is taken */
  add(endpoint: Endpoint): void {
    const taken = this.find(endpoint.path)
    if (taken !== undefined && !taken.isClosing) {
      throw rangeError(
        'ERR_WS_ARGUMENT',
        `the server has an attachment for ${endpoint.path ?? 'every path'} already`,
      )
    }
    this.endpoints.push(endpoint)
  }

  remove(endpoint: Endpoint): void {
    this.endpoints = this.endpoints.filter((each) => each !== endpoint)
  }

  /** The endpoint of the path; one that is closing only where there is no other. */
  private find(path: string | undefined): Endpoint | undefined {
    const found = this.endpoints.filter((each) => each.path === path)
    return found.find((each) => !each.isClosing) ?? found[0]
  }
}

/** The server's registry, made on first use. */
export function registryOf(server: Server | TlsServer): Registry {
  const holder = server as { [registry]?: Registry }
  holder[registry] ??= new Registry(server)
  return holder[registry]
}
