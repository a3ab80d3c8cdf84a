// Asks for the proxy of one dial: the environment, the application's function, or the option as it stands.
// What the function fails with is the application's, and passes as it is.

import type { WebSocketUrl } from '../handshake/index.ts'
import { proxyFromEnvironment } from './proxy-environment.ts'
import { type ProxyServer, parseProxyUrl } from './proxy-url.ts'
import type { ProxySource } from './settings.ts'

/**
 * @param href the URL that is dialled
 * @returns undefined for none
 */
export async function chooseProxy(
  source: ProxySource,
  url: WebSocketUrl,
  href: string,
): Promise<ProxyServer | undefined> {
  if (source === 'env') return proxyFromEnvironment(url, process.env)
  if (typeof source !== 'function') return source
  const chosen = await source(new URL(href))
  return chosen === undefined || chosen === null ? undefined : parseProxyUrl(chosen)
}
