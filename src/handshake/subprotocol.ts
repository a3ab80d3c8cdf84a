// Subprotocols: what a client lists in Sec-WebSocket-Protocol, and which of them a server takes.
// RFC 6455 §1.9, §4.1 item 10, §11.3.4.

import { typeError } from '../codec/errors.ts'
import { valuesOf } from './fields.ts'
import { type RequestFields, requestFields } from './request-fields.ts'
import { isToken, listElements } from './tokens.ts'

/**
 * Subprotocols of all Sec-WebSocket-Protocol values of a request, in order; none for no value. Undefined when an
 * element is empty, no token, or there twice (RFC 6455 §4.1 item 10).
 */
export function parseSubprotocols(values: readonly string[]): string[] | undefined {
  const subprotocols = values.flatMap(listElements)
  return areSubprotocols(subprotocols) ? subprotocols : undefined
}

/**
 * Subprotocols that a request offers, in the client's order; none for a malformed list, for which an Upgrader refuses the
 * request. gorilla's Subprotocols, which reads the first of several fields only.
 *
 * @param request its fields, or Node's IncomingMessage
 */
export function subprotocols(request: RequestFields): string[] {
  return parseSubprotocols(valuesOf(requestFields(request), 'Sec-WebSocket-Protocol')) ?? []
}

/** The first of `preferred`, in the server's order, that the client offers; '' for none. Case counts. */
export function chooseSubprotocol(preferred: readonly string[], offered: readonly string[]): string {
  return preferred.find((subprotocol) => offered.includes(subprotocol)) ?? ''
}

/**
 * Checks a list of subprotocols that an application gives.
 *
 * @throws TypeError ERR_WS_ARGUMENT when one of them is no token, or there twice
 */
export function checkSubprotocols(subprotocols: readonly string[]): void {
  if (!Array.isArray(subprotocols) || !areSubprotocols(subprotocols)) {
    throw typeError('subprotocols must be a list of different tokens')
  }
}

function areSubprotocols(list: readonly string[]): boolean {
  return (
    list.every((element) => typeof element === 'string' && isToken(element)) &&
    new Set(list).size === list.length
  )
}
