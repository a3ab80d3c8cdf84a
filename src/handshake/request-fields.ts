// Header fields of a request, from whatever has them: our own list, or the flat list of Node's IncomingMessage.
// RFC 9110 §5.2: their order counts, and several of one name are not joined.

import type { Field } from './fields.ts'

/** What Node's IncomingMessage has of a request's header fields. */
export interface RawRequest {
  /** Names and values in turns, as they came. */
  readonly rawHeaders: readonly string[]
}

/** A request by its header fields: their list, or a Node `IncomingMessage`. */
export type RequestFields = readonly Field[] | RawRequest

/** The fields in order, none of them joined. */
export function requestFields(request: RequestFields): readonly Field[] {
  if (!('rawHeaders' in request)) return request
  const { rawHeaders } = request
  const fields: Field[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) fields.push([rawHeaders[i], rawHeaders[i + 1]])
  return fields
}
