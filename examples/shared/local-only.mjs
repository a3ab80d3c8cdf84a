// Keeps an example that hands out this machine's own to the pages that it serves on this machine.
// RFC 6455 §10.2: the check of the Origin trusts Host, which a foreign name that points here (DNS rebinding) would satisfy.

/** The address to listen on. */
export const LOCAL_HOST = 'localhost'

/** For `authorize`: refuses a request whose Host is no name of this machine. */
export function refuseForeignHosts(request) {
  const host = request.headers.host ?? ''
  if (/^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(host)) return undefined
  return { status: 403, body: 'this server is for its own machine only' }
}
