// Which origins may connect, by default and by a list of patterns.
// RFC 6455 §10.2, RFC 6454 §7.

import { describe, expect, it } from 'vitest'
import type { Field } from '../../src/handshake/fields.ts'
import { type OriginPattern, originCheck } from '../../src/handshake/origin.ts'

function fields(host: string | undefined, ...origins: string[]): Field[] {
  const origin = origins.map((value): Field => ['Origin', value])
  return host === undefined ? origin : [['Host', host], ...origin]
}

describe('by default an origin', () => {
  const check = originCheck()

  it('that is missing passes: no web page sent the request', () => {
    expect(check(fields('example.com'))).toBe(true)
  })

  it.each([
    ['example.com', 'http://example.com'],
    ['example.com', 'https://example.com'],
    ['example.com:8080', 'http://example.com:8080'],
    ['example.com:443', 'https://example.com'],
    ['example.com', 'https://example.com:443'],
    ['example.com:80', 'http://example.com'],
    ['[::1]:8080', 'http://[::1]:8080'],
    ['127.0.0.1:3000', 'http://127.0.0.1:3000'],
    ['example.com', 'chrome-extension://example.com'],
  ])('of the host %s passes: %s', (host, origin) => {
    expect(check(fields(host, origin))).toBe(true)
  })

  it.each([
    ['example.com', 'http://evil.com'],
    ['example.com', 'http://example.com.evil.com'],
    ['example.com', 'http://evilexample.com'],
    ['example.com', 'http://a.example.com'],
    ['a.example.com', 'http://example.com'],
    ['example.com:8080', 'http://example.com'],
    ['example.com', 'http://example.com:8080'],
    ['example.com', 'http://example.com:443'],
    ['example.com:443', 'http://example.com'],
    ['[::1]', 'http://[::2]'],
  ])('A11: is refused at the host %s: %s', (host, origin) => {
    expect(check(fields(host, origin))).toBe(false)
  })

  it.each([
    'null',
    '',
    'example.com',
    '//example.com',
    'http:example.com',
    'http://',
    'http:///',
    'http://example.com/',
    'http://example.com/path',
    'http://example.com?q',
    'http://example.com#f',
    'http://user@example.com',
    'http://example.com:x',
    'http://example.com:65536',
    'http://example.com:123456',
    'http://exa mple.com',
    'http://example.com http://example.com',
    'http://example.com, http://example.com',
    '://example.com',
    '1http://example.com',
    'http://[::1',
    'http://ex\u00e4mple.com',
  ])('A12: is refused when it is %j', (origin) => {
    expect(check(fields('example.com', origin))).toBe(false)
    expect(check(fields('null', origin))).toBe(false)
  })

  it('A12: is refused when it is there twice, even twice the same', () => {
    expect(check(fields('example.com', 'http://example.com', 'http://example.com'))).toBe(false)
    expect(check(fields('example.com', 'http://example.com', ''))).toBe(false)
  })

  it('A13: passes when it differs by ASCII case only', () => {
    expect(check(fields('Example.COM', 'HTTP://eXAMPLE.com'))).toBe(true)
  })

  it('A13: is refused when it is equal only by Unicode case folding', () => {
    expect(check(fields('kiosk.example', 'http://\u212aiosk.example'))).toBe(false)
    expect(check(fields('\u212aiosk.example', 'http://kiosk.example'))).toBe(false)
  })

  it('is refused without a Host to compare with, or with two, or with none that can be parsed', () => {
    expect(check(fields(undefined, 'http://example.com'))).toBe(false)
    expect(check([...fields('example.com', 'http://example.com'), ['host', 'example.com']])).toBe(false)
    expect(check(fields('', 'http://example.com'))).toBe(false)
  })
})

describe('with a list of origins', () => {
  it.each<[OriginPattern, string[], string[]]>([
    [
      'https://app.example',
      ['https://app.example', 'https://app.example:443', 'HTTPS://APP.example'],
      [
        'http://app.example',
        'https://app.example:444',
        'https://a.app.example',
        'null',
        'https://app.example/',
      ],
    ],
    [
      'http://localhost:3000',
      ['http://localhost:3000'],
      ['http://localhost', 'http://localhost:3001', 'https://localhost:3000'],
    ],
    ['https://app.example:443', ['https://app.example'], ['https://app.example:80']],
    [
      'app.example',
      ['http://app.example', 'https://app.example'],
      ['http://app.example:8080', 'http://b.app.example'],
    ],
    [
      '*.Example.com',
      ['https://a.example.com', 'http://a.b.example.com', 'http://A.EXAMPLE.COM'],
      [
        'https://example.com',
        'https://evilexample.com',
        'https://.example.com',
        'https://a.example.com:8443',
        'https://a.example.com.evil.org',
        'null',
      ],
    ],
    ['*.example.com:8443', ['https://a.example.com:8443'], ['https://a.example.com']],
    ['https://*.example.com', ['https://a.example.com'], ['http://a.example.com', 'https://example.com']],
    [
      /^https:\/\/app-\d+\.example$/,
      ['https://app-1.example', 'https://APP-22.example:443'],
      ['https://app-x.example', 'null', 'garbage'],
    ],
    [/./, ['https://any.example'], ['null', '', 'garbage', 'https://a/b']],
    ['null', ['null'], ['https://null', 'http://a.example']],
    ['*', ['https://any.example:1', 'null'], ['', 'garbage', 'https://a/b']],
  ])('%s lets some pass and refuses others', (pattern, allowed, refused) => {
    const check = originCheck([pattern])
    expect(allowed.filter((origin) => !check(fields('server.example', origin)))).toEqual([])
    expect(refused.filter((origin) => check(fields('server.example', origin)))).toEqual([])
  })

  it('any of them may match, a missing Origin passes, two Origins never do', () => {
    const check = originCheck(['https://a.example', '*.b.example'])
    expect(check(fields('c.example', 'https://a.example'))).toBe(true)
    expect(check(fields('c.example', 'https://x.b.example'))).toBe(true)
    expect(check(fields('c.example'))).toBe(true)
    expect(originCheck(['*'])(fields('c.example', 'https://a.example', 'https://a.example'))).toBe(false)
  })

  it("the server's own host is no exception", () => {
    expect(originCheck(['https://a.example'])(fields('c.example', 'https://c.example'))).toBe(false)
    expect(originCheck([])(fields('c.example', 'https://c.example'))).toBe(false)
  })

  it('a pattern with the flags g and y gives the same answer each time', () => {
    const check = originCheck([/https:\/\/a/gy])
    expect([1, 2, 3].map(() => check(fields('c', 'https://a')))).toEqual([true, true, true])
  })

  it.each([
    '',
    'https://',
    '*.',
    'a.*.example',
    '*example.com',
    'https://a/path',
    'https://a b',
    'https://a:99999',
    '**',
  ])('the pattern %j is refused at once', (pattern) => {
    expect(() => originCheck([pattern])).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'ERR_WS_ARGUMENT' }),
    )
  })
})
