// What a request is for: the authority in its Host field, and the origin-form in its request line.
// RFC 9112 §3.2 and §3.2.1, RFC 3986 §3.2.

import { asciiLowerCase } from './tokens.ts'

/** A host and its port. */
export interface Authority {
  /** Lower case; an IPv6 address is in brackets. */
  readonly host: string
  /** 0..65535; undefined where none is given. */
  readonly port: number | undefined
}

const authority = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]+)(?::([0-9]{0,5}))?$/

/** The parts of `host[:port]`, or undefined when `text` is nothing of the kind. User information is not taken. */
export function parseAuthority(text: string): Authority | undefined {
  const [, host, digits] = authority.exec(text) ?? []
  if (host === undefined) return undefined
  const port = digits ? Number(digits) : undefined
  if (port !== undefined && port > 0xffff) return undefined
  return { host: asciiLowerCase(host), port }
}

const originForm = /^\/[!"$-~]*$/

/**
 * Whether `target` is a path with an optional query: visible ASCII that begins with '/', without a fragment. Wider than
 * the grammar of URIs, as browsers send '|' and the like as they are.
 */
export function isOriginForm(target: string): boolean {
  return originForm.test(target)
}
