// A connection through a SOCKS proxy, version 5: the greeting, user and password, the CONNECT request.
// RFC 1928 §3 to §6, RFC 1929 §2.

import { typeError } from '../codec/errors.ts'
import { reasonOf } from './connect-error.ts'
import type { Inlet } from './inlet.ts'
import { proxyError } from './proxy-error.ts'
import type { ProxyServer } from './proxy-url.ts'

const VERSION = 5
/** Version of the negotiation of RFC 1929, and its one good status. */
const AUTH_VERSION = 1
const SUCCESS = 0
const NO_AUTHENTICATION = 0
const USER_AND_PASSWORD = 2
const NONE_ACCEPTED = 0xff
const CONNECT = 1
const IPV4 = 1
const NAME = 3
const IPV6 = 4

/** RFC 1928 §6 */
const replies = [
  '',
  'general failure',
  'not allowed by its rules',
  'network unreachable',
  'host unreachable',
  'connection refused',
  'TTL expired',
  'command not supported',
  'address type not supported',
]

/** A server as SOCKS names it: a type and its bytes (RFC 1928 §5). */
export type SocksAddress = {
  readonly type: typeof IPV4 | typeof IPV6 | typeof NAME
  readonly bytes: Uint8Array
}

/**
 * An IPv4 or IPv6 address by its bytes, or a name.
 *
 * @throws TypeError ERR_WS_URL for a name of more than 255 characters
 */
export function socksAddress(host: string, version: number): SocksAddress {
  if (version === 4) return { type: IPV4, bytes: Uint8Array.from(host.split('.'), Number) }
  if (version === 6) return { type: IPV6, bytes: ipv6Bytes(host) }
  if (host.length > 255) throw typeError('the name of the server is too long for SOCKS', 'ERR_WS_URL')
  return { type: NAME, bytes: Buffer.from(host, 'latin1') }
}

/** Of a valid address; a zone behind '%' means nothing to others. */
function ipv6Bytes(address: string): Uint8Array {
  // The parser of URLs writes the last 32 bits of every address in hexadecimal.
  const text = new URL(`http://[${address.replace(/%.*/, '')}]`).hostname.slice(1, -1)
  const [head, tail] = text.split('::').map((half) => (half === '' ? [] : half.split(':')))
  const gap = tail === undefined ? [] : Array<string>(8 - head.length - tail.length).fill('0')
  const groups = [...head, ...gap, ...(tail ?? [])].map((group) => Number.parseInt(group, 16))
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]))
}

/**
 * Asks the proxy at the other end of `inlet` to connect to the server.
 *
 * Rejects with ERR_WS_PROXY when it refuses, speaks no SOCKS 5, or sends more than it was asked for.
 */
export async function openSocks(
  inlet: Inlet,
  { type, bytes }: SocksAddress,
  port: number,
  { credentials }: ProxyServer,
): Promise<void> {
  const methods = credentials === undefined ? [NO_AUTHENTICATION] : [NO_AUTHENTICATION, USER_AND_PASSWORD]
  inlet.stream.write(Uint8Array.of(VERSION, methods.length, ...methods))
  const [version, method] = await answer(inlet, 2)
  if (version !== VERSION) throw proxyError('the proxy does not speak SOCKS 5')
  if (method === NONE_ACCEPTED) {
    const offered =
      credentials === undefined ? 'to go without a user and a password' : 'a user and a password'
    throw proxyError(`the SOCKS proxy does not accept ${offered}`)
  }
  if (!methods.includes(method))
    throw proxyError('the SOCKS proxy chose a way to authenticate that was not offered')
  nothingBehind(inlet)
  if (method === USER_AND_PASSWORD && credentials !== undefined) await authenticate(inlet, credentials)

  const length = type === NAME ? [bytes.length] : []
  inlet.stream.write(Uint8Array.of(VERSION, CONNECT, 0, type, ...length, ...bytes, port >> 8, port & 0xff))
  // Some proxies send no more than this of a refusal.
  const [replyVersion, reply] = await answer(inlet, 2)
  if (replyVersion !== VERSION) throw proxyError('the proxy does not speak SOCKS 5')
  if (reply !== SUCCESS) {
    throw proxyError(`the SOCKS proxy refused: ${replies[reply] ?? 'unknown reason'} (reply ${reply})`)
  }
  const [, boundType] = await answer(inlet, 2)
  // The address that it connects from: of no use, but not part of what follows.
  const boundLength = boundType === IPV4 ? 4 : boundType === IPV6 ? 16 : boundType === NAME ? undefined : -1
  if (boundLength === -1) throw proxyError('the answer of the SOCKS proxy has an unknown address type')
  await answer(inlet, (boundLength ?? (await answer(inlet, 1))[0]) + 2)
  nothingBehind(inlet)
}

async function authenticate(
  inlet: Inlet,
  { user, password }: NonNullable<ProxyServer['credentials']>,
): Promise<void> {
  inlet.stream.write(Uint8Array.of(AUTH_VERSION, user.length, ...user, password.length, ...password))
  const [version, status] = await answer(inlet, 2)
  if (version !== AUTH_VERSION || status !== SUCCESS) {
    throw proxyError(`the SOCKS proxy did not accept the user and password (status ${status})`)
  }
  nothingBehind(inlet)
}

/** The next bytes of the proxy's answer. */
async function answer(inlet: Inlet, count: number): Promise<Uint8Array> {
  let bytes: Uint8Array | undefined
  try {
    bytes = await inlet.take(count)
  } catch (cause) {
    throw proxyError(`the connection to the SOCKS proxy failed: ${reasonOf(cause)}`, cause)
  }
  if (bytes === undefined) throw proxyError('the SOCKS proxy ended the connection without an answer')
  return bytes
}

/** What comes before it is asked for is not the server's, which has not been spoken to. */
function nothingBehind(inlet: Inlet): void {
  if (inlet.hasMore) throw proxyError('the SOCKS proxy sent bytes behind its answer')
}
