// A request as Node's http server hands it over, judged again: its parser lets pass what must not become a connection.
// RFC 6455 §4.2.1; what Node keeps quiet about is how many header fields it dropped, and which response is still due.

import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import {
  type Acceptance,
  judgeRequest,
  type Refusal,
  type RequestHead,
  type RequestPolicy,
  refuse,
} from '../handshake/index.ts'
import { requestFields } from '../handshake/request-fields.ts'

/** The head, its fields in order and none of them joined. */
export function headOf(request: IncomingMessage): RequestHead {
  return {
    method: request.method ?? '',
    target: request.url ?? '',
    httpVersion: request.httpVersion,
    fields: requestFields(request),
  }
}

/** As judgeRequest(), for a request whose header fields may not all be here. */
export function judgeIncoming(request: IncomingMessage, policy?: RequestPolicy): Acceptance | Refusal {
  // A second Host or a Content-Length may be among those that were dropped.
  return isCut(request) ? refuse(400, 'too many header fields') : judgeRequest(headOf(request), policy)
}

/** Whether Node may have dropped fields: it does so without a word once it has maxHeadersCount of them. */
function isCut({ socket, rawHeaders }: IncomingMessage): boolean {
  const { server } = socket as { server?: Partial<Server> }
  const most = server?.maxHeadersCount ?? 0
  return most > 0 && rawHeaders.length >= 2 * most
}

/**
 * Whether an earlier request of the connection is still being answered. Bytes written now would be taken for that
 * response, and its own would land in whatever the connection becomes.
 */
export function isAnswering(socket: Duplex): boolean {
  // Node's name for the response under way; there is no public one.
  const { _httpMessage } = socket as { _httpMessage?: unknown }
  return _httpMessage !== undefined && _httpMessage !== null
}
