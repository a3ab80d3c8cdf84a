// The key and certificate with which the tests over TLS serve, and what a client needs to trust them.
// Made once and kept in fixtures/, as Node has no maker of certificates.

import { readFileSync } from 'node:fs'

const read = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url))

export const key = read('localhost.key')
export const cert = read('localhost.crt')

/** Options of tls.connect, of our Dialer and of ws alike. */
export const trust = { ca: cert }
