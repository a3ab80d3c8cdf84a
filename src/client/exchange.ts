// The opening handshake on a socket that is being connected: sends the request, reads the response, or fails and cleans up.
// RFC 6455 §4.1; one deadline and one signal cover every stage.

import type { Socket } from 'node:net'
import { WebSocketError } from '../codec/errors.ts'
import {
  type Agreement,
  type ClientOffer,
  HeadParser,
  judgeResponse,
  MAX_HEAD_BYTES,
  type ResponseHead,
} from '../handshake/index.ts'
import { ErrorBody } from './error-body.ts'

/** Milliseconds that the body of a refusal is waited for. */
const BODY_TIMEOUT = 1_000

export interface Exchange {
  readonly head: ResponseHead
  readonly agreement: Agreement
  /** Bytes behind the response: the first frames. */
  readonly rest: Uint8Array
}

export interface ExchangeOptions {
  readonly request: Uint8Array
  readonly offer: ClientOffer
  /** 'connect', or 'secureConnect' where TLS must be there first. */
  readonly readyEvent: string
  /** Milliseconds for everything. */
  readonly timeout: number
  readonly signal: AbortSignal | undefined
}

/**
 * Resolves with the response once it is a good 101, with every listener taken off the socket again.
 *
 * Rejects, the socket destroyed, with BadHandshakeError for any other response, ERR_WS_HEAD for what is none,
 * ERR_WS_CONNECT when the socket fails or ends before, ERR_WS_TIMEOUT, or the signal's reason.
 */
export function exchange(socket: Socket, options: ExchangeOptions): Promise<Exchange> {
  const { request, offer, readyEvent, timeout, signal } = options
  return new Promise((resolve, reject) => {
    let parser = new HeadParser('response')
    let headBytes = 0
    /** A response that is no 101, and its body. */
    let refused: { readonly head: ResponseHead; readonly body: ErrorBody } | undefined
    let bodyTimer: NodeJS.Timeout | undefined

    const timer = setTimeout(
      () => fail(new WebSocketError('ERR_WS_TIMEOUT', { message: 'handshake timed out' })),
      timeout,
    )
    const onAbort = () => fail(signal?.reason)
    const onReady = () => socket.write(request)
    const onError = (cause: Error) => {
      if (refused === undefined)
        fail(new WebSocketError('ERR_WS_CONNECT', { message: reasonOf(cause), cause }))
      else refuse()
    }
    const onEnd = () => {
      const message = 'the server ended the connection before the handshake was complete'
      if (refused === undefined) fail(new WebSocketError('ERR_WS_CONNECT', { message, remote: true }))
      else refuse()
    }

    function leave(): void {
      clearTimeout(timer)
      clearTimeout(bodyTimer)
      signal?.removeEventListener('abort', onAbort)
      socket.removeListener(readyEvent, onReady)
      socket.removeListener('data', onData)
      socket.removeListener('end', onEnd)
      socket.removeListener('close', onEnd)
      socket.removeListener('error', onError)
    }

    function fail(error: unknown): void {
      leave()
      // An error that is still to come has nobody to go to.
      socket.on('error', () => {})
      socket.destroy()
      reject(error)
    }

    /** The refusal is here as far as it is wanted. */
    function refuse(): void {
      if (refused === undefined) return
      try {
        judgeResponse(refused.head, offer, refused.body.data)
      } catch (error) {
        fail(error)
      }
    }

    function collect(body: ErrorBody, bytes: Uint8Array): void {
      body.push(bytes)
      if (body.isComplete) refuse()
      else bodyTimer ??= setTimeout(refuse, BODY_TIMEOUT)
    }

    function onData(chunk: Uint8Array): void {
      if (refused !== undefined) {
        collect(refused.body, chunk)
        return
      }
      try {
        let from = 0
        for (;;) {
          const end = parser.push(chunk, from, chunk.length)
          headBytes += (end < 0 ? chunk.length : end) - from
          const { head } = parser
          if (end < 0 || head === undefined) {
            if (headBytes > MAX_HEAD_BYTES)
              throw new WebSocketError('ERR_WS_HEAD', { message: 'the HTTP head is too large', remote: true })
            return
          }
          from = end
          if (head.status === 101) {
            const agreement = judgeResponse(head, offer)
            leave()
            resolve({ head, agreement, rest: chunk.subarray(end) })
            return
          }
          if (head.status >= 200) {
            refused = { head, body: new ErrorBody(head) }
            collect(refused.body, chunk.subarray(end))
            return
          }
          // An interim response (RFC 9110 §15.2): the real one follows, within the same bound.
          parser = new HeadParser('response')
        }
      } catch (error) {
        fail(error)
      }
    }

    if (signal?.aborted) {
      onAbort()
      return
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    socket.on(readyEvent, onReady)
    socket.on('data', onData)
    socket.on('end', onEnd)
    socket.on('close', onEnd)
    socket.on('error', onError)
  })
}

function reasonOf(error: Error): string {
  // Happy eyeballs fails with several errors and no message of its own.
  const first = error instanceof AggregateError ? error.errors[0] : error
  return `could not connect: ${first instanceof Error ? first.message : String(first)}`
}
