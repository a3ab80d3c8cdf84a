// A small jar of cookies for tests (RFC 6265 §5): host-only, by path and Secure, without dates and domains.
// Its functions are those of tough-cookie's CookieJar.

import type { CookieJar } from '../../src/index.ts'

export class SmallJar implements CookieJar {
  /** Everything that it was given, as `cookie < url`. */
  readonly given: string[] = []
  private readonly cookies = new Map<string, { host: string; path: string; secure: boolean; pair: string }>()

  async getCookieString(url: string): Promise<string> {
    const { hostname, pathname, protocol } = new URL(url)
    if (!/^https?:$/.test(protocol)) throw new Error(`not of http: ${url}`)
    const fitting = [...this.cookies.values()].filter(
      ({ host, path, secure }) =>
        host === hostname && pathname.startsWith(path) && (!secure || protocol === 'https:'),
    )
    return fitting.map(({ pair }) => pair).join('; ')
  }

  async setCookie(cookie: string, url: string): Promise<void> {
    this.given.push(`${cookie} < ${url}`)
    const { hostname, protocol } = new URL(url)
    const [pair = '', ...attributes] = cookie.split(';').map((part) => part.trim())
    const name = /^([^=]+)=/.exec(pair)?.[1]
    if (name === undefined) throw new Error('no cookie')
    const secure = attributes.some((attribute) => /^secure$/i.test(attribute))
    if (secure && protocol !== 'https:') throw new Error('Secure over http')
    const path = attributes.map((attribute) => /^path=(.*)$/i.exec(attribute)?.[1]).find(Boolean) ?? '/'
    this.cookies.set(`${hostname} ${path} ${name}`, { host: hostname, path, secure, pair })
  }
}
