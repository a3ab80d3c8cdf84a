// The URL of a proxy: what is taken out of it, and that what it hides stays hidden when it is none.
// RFC 3986 §3.2.1; WHATWG URL.

import { describe, expect, test } from 'vitest'
import { parseProxyUrl } from '../../src/client/proxy-url.ts'
import { Dialer, type DialerOptions } from '../../src/index.ts'

test.each([
  ['http://proxy.example', 'http:', 'proxy.example', 80],
  ['HTTP://Proxy.Example:8080/path?query#fragment', 'http:', 'proxy.example', 8080],
  ['https://proxy.example', 'https:', 'proxy.example', 443],
  ['socks5://PROXY.example', 'socks5:', 'proxy.example', 1080],
  ['socks5h://proxy.example:80', 'socks5h:', 'proxy.example', 80],
  ['socks5://bücher.example', 'socks5:', 'xn--bcher-kva.example', 1080],
  ['http://[2001:DB8::1]:3128', 'http:', '2001:db8::1', 3128],
  ['socks5://[2001:DB8::1]', 'socks5:', '2001:db8::1', 1080],
  ['socks5://10.1', 'socks5:', '10.0.0.1', 1080],
])('%s', (url, scheme, hostname, port) => {
  for (const input of [url, new URL(url)]) {
    expect(parseProxyUrl(input)).toEqual({ scheme, hostname, port, credentials: undefined })
  }
})

test('user and password are bytes, percent-decoded once', () => {
  for (const [userInfo, user, password] of [
    ['user:pass', 'user', 'pass'],
    ['user', 'user', ''],
    ['user:', 'user', ''],
    [':pass', '', 'pass'],
    ['a%40b:c%3Ad:e', 'a@b', 'c:d:e'],
    ['%2525:100%', '%25', '100%'],
    ['w%C3%B6rd:wörd', 'w\u00c3\u00b6rd', 'w\u00c3\u00b6rd'],
    ['%ff:%00', '\xff', '\0'],
  ]) {
    const { credentials } = parseProxyUrl(`http://${userInfo}@proxy.example`)
    expect(Buffer.from(credentials?.user ?? []).toString('latin1'), userInfo).toBe(user)
    expect(Buffer.from(credentials?.password ?? []).toString('latin1'), userInfo).toBe(password)
  }
  expect(parseProxyUrl('http://@proxy.example').credentials).toBe(undefined)
})

const long = 'x'.repeat(256)

describe('what is no URL of a proxy is a TypeError at once, without the URL in its message', () => {
  test.each<[string, unknown, string]>([
    ['nothing', '', 'proxy must be a URL'],
    ['no URL', 'secret', 'proxy must be a URL'],
    ['host and port', 'secret:3128', 'the scheme of the proxy must be http, https, socks5 or socks5h'],
    [
      'ftp',
      'ftp://user:secret@proxy.example',
      'the scheme of the proxy must be http, https, socks5 or socks5h',
    ],
    ['socks4', 'socks4://secret.example', 'the scheme of the proxy must be http, https, socks5 or socks5h'],
    [
      'a name of objects',
      'constructor://secret',
      'the scheme of the proxy must be http, https, socks5 or socks5h',
    ],
    ['no host', 'socks5:secret', 'the proxy must have a host'],
    ['a host that is none', 'socks5://sec^ret', 'proxy must be a URL'],
    ['port 0', 'http://secret.example:0', 'the port of the proxy must not be 0'],
    ['a colon in the user', 'http://sec%3Aret:x@proxy.example', 'the user of a proxy must have no colon'],
    [
      'SOCKS without a user',
      'socks5://:secret@proxy.example',
      'the user of a SOCKS proxy must have 1 to 255 bytes',
    ],
    ['a long user', `socks5://${long}@proxy.example`, 'the user of a SOCKS proxy must have 1 to 255 bytes'],
    [
      'a long password',
      `socks5://secret:${long}@proxy.example`,
      'the password of a SOCKS proxy must have at most 255 bytes',
    ],
    ['a number', 3128, 'proxy must be a URL'],
    ['an object', {}, 'proxy must be a URL'],
  ])('%s', (_, proxy, message) => {
    expect(() => new Dialer({ proxy } as DialerOptions)).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        code: 'ERR_WS_ARGUMENT',
        message: `websocket: ${message}`,
      }),
    )
    expect(() => new Dialer({ proxy } as DialerOptions)).not.toThrow('secret')
  })
})

test.each<[string, object, string]>([
  ['a jar that is none', { jar: {} }, 'ERR_WS_ARGUMENT'],
  ['half a jar', { jar: { getCookieString() {} } }, 'ERR_WS_ARGUMENT'],
  ['connect that is no function', { connect: 'net' }, 'ERR_WS_ARGUMENT'],
  ['connectTLS that is no function', { connectTLS: {} }, 'ERR_WS_ARGUMENT'],
  ['Host for the proxy', { proxyHeaders: { host: 'x' } }, 'ERR_WS_HEADER'],
  ['CR LF for the proxy', { proxyHeaders: { 'X-A': 'a\r\nX-B: b' } }, 'ERR_WS_HEADER'],
  ['a body for the proxy', { proxyHeaders: { 'Content-Length': '5' } }, 'ERR_WS_HEADER'],
])('B15: %s is a TypeError at once', (_, options, code) => {
  const wanted = expect.objectContaining({ name: 'TypeError', code })
  expect(() => new Dialer(options as DialerOptions)).toThrow(wanted)
  expect(() => new Dialer().dial('ws://127.0.0.1:1/', options as DialerOptions)).toThrow(wanted)
})
