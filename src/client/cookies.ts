// The cookies of a dial: those of the jar for the request, and those of the response for the jar.
// RFC 6265 §4.2.1 (Cookie), §5.3 (what a jar keeps is its own affair).

import { typeError } from '../codec/errors.ts'
import { type Field, type ResponseHead, valuesOf } from '../handshake/index.ts'
import type { CookieJar } from './options.ts'

/** The jar's cookies for the URL; '' for none. Rejects with what the jar fails with. */
export async function cookiesFor(jar: CookieJar, url: string): Promise<string> {
  const cookies: unknown = await jar.getCookieString(url)
  if (typeof cookies !== 'string') throw typeError('getCookieString must give a string')
  return cookies
}

/** `fields` with one Cookie field, its own cookies before those of the jar (RFC 6265 §5.4: no more than one). */
export function withCookies(fields: readonly Field[], cookies: string): readonly Field[] {
  if (cookies === '') return fields
  const all = [...valuesOf(fields, 'Cookie').filter((value) => value !== ''), cookies]
  const others = fields.filter(([name]) => name.toLowerCase() !== 'cookie')
  return [...others, ['Cookie', all.join('; ')]]
}

/** Gives every cookie of the response to the jar, one after the other; those that it refuses are dropped. */
export async function storeCookies(jar: CookieJar, url: string, head: ResponseHead): Promise<void> {
  for (const cookie of valuesOf(head.fields, 'Set-Cookie')) {
    try {
      await jar.setCookie(cookie, url)
    } catch {
      // Of another domain, malformed, …: as if it had not been sent.
    }
  }
}
