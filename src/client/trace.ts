// What a dial tells node:diagnostics_channel: gibbon-ws:dial:…, by the names of the hooks of Go's httptrace.
// Nothing is made for a channel that nobody listens to.

import { channel } from 'node:diagnostics_channel'
import type { Duplex } from 'node:stream'

/** The same object in all messages of one dial. */
interface Dial {
  readonly url: string
}

const getConn = channel('gibbon-ws:dial:getConn')
const gotConn = channel('gibbon-ws:dial:gotConn')
const tlsHandshakeStart = channel('gibbon-ws:dial:tlsHandshakeStart')
const tlsHandshakeDone = channel('gibbon-ws:dial:tlsHandshakeDone')
const wroteRequest = channel('gibbon-ws:dial:wroteRequest')
const gotFirstResponseByte = channel('gibbon-ws:dial:gotFirstResponseByte')

export class Trace {
  private readonly dial: Dial

  constructor(url: string) {
    this.dial = { url }
  }

  /** A connection to the server is wanted: `{ dial, host, port }`. */
  getConn(host: string, port: number): void {
    if (getConn.hasSubscribers) getConn.publish({ dial: this.dial, host, port })
  }

  /** It is there, through the proxy if there is one: `{ dial, stream }`, or `{ dial, error }`. */
  gotConn(outcome: { readonly stream: Duplex } | { readonly error: unknown }): void {
    if (gotConn.hasSubscribers) gotConn.publish({ dial: this.dial, ...outcome })
  }

  /** TLS of our making begins, with the proxy or with the server: `{ dial, host }`. */
  tlsHandshakeStart(host: string): void {
    if (tlsHandshakeStart.hasSubscribers) tlsHandshakeStart.publish({ dial: this.dial, host })
  }

  /** It is over: `{ dial, host, stream }`, or `{ dial, host, error }`. */
  tlsHandshakeDone(host: string, outcome: { readonly stream: Duplex } | { readonly error: unknown }): void {
    if (tlsHandshakeDone.hasSubscribers) tlsHandshakeDone.publish({ dial: this.dial, host, ...outcome })
  }

  /** The request is with the stream: `{ dial }`. */
  wroteRequest(): void {
    if (wroteRequest.hasSubscribers) wroteRequest.publish({ dial: this.dial })
  }

  /** `{ dial }` */
  gotFirstResponseByte(): void {
    if (gotFirstResponseByte.hasSubscribers) gotFirstResponseByte.publish({ dial: this.dial })
  }
}
