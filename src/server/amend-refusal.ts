// Lets the application say what a refused peer is answered: gorilla/websocket's Upgrader.Error.
// RFC 6455 §4.2.2: any answer but the 101.

import type { IncomingMessage } from 'node:http'
import { type Refusal, refuse } from '../handshake/index.ts'
import type { UpgraderOptions } from './options.ts'

function ignore(): void {}

/**
 * What is sent instead of `refusal`: that which `onError` returns, or the refusal itself when it returns nothing, throws, or
 * returns what cannot be sent. The `error` stays that of the refusal.
 */
export function amendRefusal(
  onError: UpgraderOptions['onError'],
  request: IncomingMessage,
  refusal: Refusal,
  report: (error: unknown) => void,
): Refusal {
  if (onError === undefined) return refusal
  try {
    // A copy, since nobody checks again what is changed in it.
    const headers = refusal.headers.map(([name, value]) => [name, value] as const)
    const said = onError(request, { ...refusal, headers })
    if (said === undefined) return refusal
    // A promise is no answer, and its failure is reported as one that has no status.
    Promise.resolve(said).catch(ignore)
    return { ...refuse(said.status, said.body, said.headers), error: refusal.error }
  } catch (error) {
    report(error)
    return refusal
  }
}
