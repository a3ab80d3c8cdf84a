// Which proxy the environment wants for a URL, as Go's httpproxy and curl read it: read anew for each dial.
// ws is looked up as http, wss as https.

import { typeError } from '../codec/errors.ts'
import type { WebSocketUrl } from '../handshake/index.ts'
import { isExempt } from './no-proxy.ts'
import { type ProxyServer, parseProxyUrl } from './proxy-url.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * HTTP_PROXY for ws, HTTPS_PROXY for wss, ALL_PROXY where that one is not set, unless NO_PROXY exempts the server; each
 * in lower case where it is not set in upper case. Empty is not set; a value without a scheme is one of http.
 *
 * @throws TypeError ERR_WS_ARGUMENT for a value that is no URL of a proxy, and for HTTP_PROXY in a CGI program
 */
export function proxyFromEnvironment(url: WebSocketUrl, environment: Environment): ProxyServer | undefined {
  const own = url.secure ? 'HTTPS_PROXY' : 'HTTP_PROXY'
  const [name, value] = lookUp(environment, own) ?? lookUp(environment, 'ALL_PROXY') ?? []
  if (name === undefined || value === undefined) return undefined
  const [, exempt = ''] = lookUp(environment, 'NO_PROXY') ?? []
  if (isExempt(url, exempt)) return undefined
  // A web server hands the Proxy field of a request to its CGI programs under this name.
  if (name === 'HTTP_PROXY' && environment.REQUEST_METHOD) {
    throw typeError('HTTP_PROXY is not to be trusted in a CGI program, where REQUEST_METHOD is set')
  }
  try {
    return parseProxyUrl(value.includes('://') ? value : `http://${value}`)
  } catch (error) {
    throw error instanceof TypeError
      ? typeError(`${name}: ${error.message.replace('websocket: ', '')}`)
      : error
  }
}

function lookUp(environment: Environment, name: string): [name: string, value: string] | undefined {
  for (const each of [name, name.toLowerCase()]) {
    const value = environment[each]
    if (value) return [each, value]
  }
  return undefined
}
