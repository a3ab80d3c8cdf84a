// The attachments of one http server, behind one 'upgrade' listener that all copies of the library share.
// Requests for no attached path, and plain ones, are other listeners' business; where there are none they are refused.

import { type IncomingMessage, Server, type ServerResponse } from 'node:http'
import { Server as TlsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { rangeError } from '../codec/errors.ts'
import { type Refusal, refuse } from '../handshake/index.ts'
import { judgeIncoming } from './incoming.ts'
import { refuseBy, refuseOn } from './refuse-on.ts'

/** What answers the upgrade requests of one path. */
export interface Endpoint {
  /** The path, or undefined for every path that no other endpoint has. */
  readonly path: string | undefined
  /** It answers with 503 only; another may take its place. */
  readonly isClosing: boolean
  /** It is closing, and has no connection and no request left. */
  readonly isIdle: boolean
  /** Never throws or rejects. */
  handle(request: IncomingMessage, socket: Duplex, head: Buffer): unknown
  /** What it sends instead of the refusal of a request that asks for no upgrade. */
  amend?(request: IncomingMessage, refusal: Refusal): Refusal
}

const registry = Symbol.for('gibbon-ws.registry.1')

export class Registry {
  private endpoints: Endpoint[] = []

  constructor(server: Server | TlsServer) {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const endpoint = this.endpointOf(request)
      if (endpoint !== undefined) endpoint.handle(request, socket, head)
      else if (server.listenerCount('upgrade') === 1) {
        refuseOn(socket, refuse(404))
      }
    })
    // An http2 server that takes HTTP/1 beside its streams would change its ways with such a listener.
    const isHttp1 = [Server, TlsServer].some((kind) => server instanceof kind)
    if (isHttp1 && server.listenerCount('request') === 0) this.refuseRequests(server)
  }

  /**
   * Answers requests that ask for no upgrade while the application has no listener for them: nobody else would, and the
   * peer could wait for ever.
   */
  private refuseRequests(server: Server | TlsServer): void {
    const onRequest = (request: IncomingMessage, response: ServerResponse) => {
      // Not the count: a library that wraps the listeners calls this one with only its own in place.
      if (server.listeners('request').some((listener) => listener !== onRequest)) return
      const endpoint = this.endpointOf(request)
      const verdict = endpoint === undefined ? refuse(404) : judgeIncoming(request)
      const refusal = 'status' in verdict ? verdict : refuse(404)
      refuseBy(response, endpoint?.amend?.(request, refusal) ?? refusal)
    }
    server.on('request', onRequest)
  }

  /** @throws RangeError ERR_WS_ARGUMENT when the path is taken */
  add(endpoint: Endpoint): void {
    const taken = this.find(endpoint.path)
    if (taken !== undefined && !taken.isClosing) {
      throw rangeError(`the server has an attachment for ${endpoint.path ?? 'every path'} already`)
    }
    // One that only refuses still has no business with the path any more.
    this.endpoints = this.endpoints.filter(({ isIdle, path }) => !isIdle || path !== endpoint.path)
    this.endpoints.push(endpoint)
  }

  remove(endpoint: Endpoint): void {
    this.endpoints = this.endpoints.filter((each) => each !== endpoint)
  }

  private endpointOf({ url = '' }: IncomingMessage): Endpoint | undefined {
    // Not new URL(): in it '//evil/x' would be a host.
    return this.find(url.split('?', 1)[0]) ?? this.find(undefined)
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
