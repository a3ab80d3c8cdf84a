// Certificates of two authorities, one for servers and one for proxies, so that a test can trust the one and not the other.
// test/integration/fixtures/README.md tells how they were made.

import { readFileSync } from 'node:fs'

const read = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url))

const serverAuthority = read('server-ca.crt')
const proxyAuthority = read('proxy-ca.crt')

/** What a server of TLS serves with. */
export const serverTls = { key: read('server.key'), cert: read('server.crt') }
/** What a proxy of https serves with. */
export const proxyTls = { key: read('proxy.key'), cert: read('proxy.crt') }

/** Options of TLS that trust servers, or proxies, or both. */
export const trustServer = { ca: [serverAuthority] }
export const trustProxy = { ca: [proxyAuthority] }
export const trustBoth = { ca: [serverAuthority, proxyAuthority] }
