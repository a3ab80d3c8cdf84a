// The opening handshake without I/O: both sides, and the parser of HTTP/1.1 heads that serves them.
// RFC 6455 §4.

export { acceptKey, isWebSocketKey, makeKey } from './accept-key.ts'
export { BadHandshakeError, MAX_ERROR_BODY } from './bad-handshake-error.ts'
export { type Agreement, buildRequest, type ClientOffer, judgeResponse, type RequestParts } from './client.ts'
export { type ExtensionOffer, formatExtensions, parseExtensions } from './extension-header.ts'
export {
  applicationFields,
  type Field,
  fieldsOf,
  type HeaderInput,
  headersOf,
  setCookiesOf,
  valuesOf,
} from './fields.ts'
export type { HandshakeError } from './handshake-error.ts'
export {
  HeadError,
  HeadParser,
  MAX_HEAD_BYTES,
  MAX_HEAD_FIELDS,
  type RequestHead,
  type ResponseHead,
} from './head-parser.ts'
export { type OriginCheck, type OriginPattern, originCheck } from './origin.ts'
export { MAX_REFUSAL_BODY, type Refusal, refuse, refuseHead, responseOf } from './refusal.ts'
export type { RawRequest, RequestFields } from './request-fields.ts'
export {
  type Acceptance,
  acceptResponse,
  isWebSocketUpgrade,
  judgeRequest,
  type RequestPolicy,
} from './server.ts'
export { checkSubprotocols, chooseSubprotocol, parseSubprotocols } from './subprotocol.ts'
export { parseUrl, type WebSocketUrl } from './url.ts'
