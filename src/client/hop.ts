// The first hop of a dial: the connection to the server, or to the proxy, by Node or by the application's own functions.
// gorilla's NetDialTLSContext goes before its NetDialContext where the hop is one of TLS, and that before net.connect.

import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { typeError } from '../codec/errors.ts'
import type { Attempt } from './attempt.ts'
import { connectError, hookError } from './connect-error.ts'
import type { ConnectHook } from './options.ts'
import { ready } from './ready.ts'
import { secure } from './secure.ts'
import type { DialSettings } from './settings.ts'
import type { Trace } from './trace.ts'

/** What the stages of one dial share. */
export interface DialContext {
  readonly attempt: Attempt
  readonly trace: Trace
  readonly settings: DialSettings
}

export interface Hop {
  readonly host: string
  readonly port: number
  readonly isTls: boolean
  /** For messages: 'could not connect to the proxy'. */
  readonly failure: string
  /** Called once with the connection, before TLS of our making. */
  readonly onConnect: (stream: Duplex) => void
}

/** Resolves with the connection, secure where it is to be. Rejects with ERR_WS_CONNECT. */
export async function openHop(context: DialContext, hop: Hop): Promise<Duplex> {
  const { attempt, trace, settings } = context
  const { host, port, isTls, failure, onConnect } = hop
  const { connect: connectHook, connectTLS, tls } = settings
  const hook = (isTls ? connectTLS : undefined) ?? connectHook
  try {
    if (hook === undefined) {
      if (isTls) return await secure(attempt, trace, { port, onConnect }, host, tls)
      const socket = attempt.hold(connect({ host, port, allowHalfOpen: true, noDelay: true }))
      await ready(socket, 'connect')
      onConnect(socket)
      return socket
    }
    const stream = await callHook(attempt, hook, hop)
    onConnect(stream)
    if (!isTls || hook === connectTLS) return stream
    return await secure(attempt, trace, { stream }, host, tls)
  } catch (cause) {
    throw connectError(cause, failure)
  }
}

async function callHook(attempt: Attempt, hook: ConnectHook, { host, port, failure }: Hop): Promise<Duplex> {
  let stream: Duplex
  try {
    stream = await hook({ host, port, signal: attempt.signal })
  } catch (cause) {
    throw hookError(cause, failure)
  }
  if (!isDuplex(stream)) throw typeError('what connect and connectTLS return must be a Duplex')
  return attempt.hold(stream)
}

/** Duplexes of other copies and other makers count. */
export function isDuplex(value: unknown): value is Duplex {
  if (typeof value !== 'object' || value === null) return false
  const { on, write, pause, destroy } = value as Record<string, unknown>
  return [on, write, pause, destroy].every((each) => typeof each === 'function')
}
