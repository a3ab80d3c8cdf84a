// Which proxy the environment names for a URL: the variables, their order, and the exemptions of NO_PROXY.
// The rows are those of Go's httpproxy, and where it has none, those of curl.

import { describe, expect, test } from 'vitest'
import { isExempt } from '../../src/client/no-proxy.ts'
import { proxyFromEnvironment } from '../../src/client/proxy-environment.ts'
import { parseUrl } from '../../src/handshake/index.ts'

const http = 'http://http.example:1'
const https = 'http://https.example:2'
const all = 'socks5h://all.example:3'

function proxyOf(url: string, environment: Record<string, string>): string | undefined {
  const proxy = proxyFromEnvironment(parseUrl(url), environment)
  return proxy && `${proxy.scheme}//${proxy.hostname}:${proxy.port}`
}

describe('the variables', () => {
  test.each<[string, Record<string, string>, string | undefined]>([
    ['ws://example.com/', {}, undefined],
    ['ws://example.com/', { HTTP_PROXY: http, HTTPS_PROXY: https, ALL_PROXY: all }, http],
    ['wss://example.com/', { HTTP_PROXY: http, HTTPS_PROXY: https, ALL_PROXY: all }, https],
    ['ws://example.com/', { HTTPS_PROXY: https }, undefined],
    ['wss://example.com/', { HTTP_PROXY: http }, undefined],
    ['ws://example.com/', { http_proxy: http }, http],
    ['wss://example.com/', { https_proxy: https }, https],
    ['ws://example.com/', { HTTP_PROXY: http, http_proxy: https }, http],
    ['ws://example.com/', { HTTP_PROXY: '', http_proxy: https }, https],
    ['ws://example.com/', { ALL_PROXY: all, HTTPS_PROXY: https }, all],
    ['wss://example.com/', { all_proxy: all, HTTP_PROXY: http }, all],
    // Without a scheme it is one of http; a port has the scheme's default.
    ['ws://example.com/', { HTTP_PROXY: 'proxy.example' }, 'http://proxy.example:80'],
    ['ws://example.com/', { HTTP_PROXY: 'proxy.example:3128' }, 'http://proxy.example:3128'],
    ['ws://example.com/', { HTTP_PROXY: '127.0.0.1:3128' }, 'http://127.0.0.1:3128'],
    ['ws://example.com/', { HTTP_PROXY: 'user:p%40ss@proxy.example:3128' }, 'http://proxy.example:3128'],
    ['wss://example.com/', { HTTPS_PROXY: 'https://proxy.example' }, 'https://proxy.example:443'],
    ['wss://example.com/', { HTTPS_PROXY: 'socks5://proxy.example' }, 'socks5://proxy.example:1080'],
    ['ws://example.com/', { HTTP_PROXY: http, NO_PROXY: 'example.com' }, undefined],
    ['ws://example.com/', { HTTP_PROXY: http, no_proxy: 'example.com' }, undefined],
    ['ws://example.com/', { HTTP_PROXY: http, NO_PROXY: 'other', no_proxy: 'example.com' }, http],
    // In a CGI program HTTP_PROXY may be a field of the request.
    ['ws://example.com/', { http_proxy: http, REQUEST_METHOD: 'GET' }, http],
    ['wss://example.com/', { HTTPS_PROXY: https, REQUEST_METHOD: 'GET' }, https],
  ])('%s with %j', (url, environment, wanted) => {
    expect(proxyOf(url, environment)).toBe(wanted)
  })

  test.each([
    [{ HTTP_PROXY: 'ftp://user:secret@proxy.example' }, 'HTTP_PROXY: the scheme of the proxy must be '],
    [{ http_proxy: 'http://user:secret@' }, 'http_proxy: proxy must be a URL'],
    [{ ALL_PROXY: 'socks5://secret@:1' }, 'ALL_PROXY: proxy must be a URL'],
    [{ HTTP_PROXY: http, REQUEST_METHOD: 'GET' }, 'HTTP_PROXY is not to be trusted in a CGI program'],
  ])('%j throws without the value', (environment, message) => {
    const wanted = { name: 'TypeError', code: 'ERR_WS_ARGUMENT', message: expect.stringContaining(message) }
    expect(() => proxyOf('ws://example.com/', environment)).toThrow(expect.objectContaining(wanted))
    expect(() => proxyOf('ws://example.com/', environment)).not.toThrow('secret')
  })

  test('the loopback is never proxied, whatever the variables say', () => {
    for (const host of [
      'localhost',
      'LOCALHOST',
      '127.0.0.1',
      '127.1',
      '127.8.9.10',
      '[::1]',
      '[::ffff:127.0.0.1]',
    ]) {
      expect(proxyOf(`ws://${host}:80/`, { HTTP_PROXY: http, REQUEST_METHOD: 'GET' }), host).toBe(undefined)
    }
    for (const host of ['localhost.example', 'my-localhost', '128.0.0.1', '[::2]', '0.0.0.0']) {
      expect(proxyOf(`ws://${host}/`, { HTTP_PROXY: http }), host).toBe(http)
    }
  })
})

describe('NO_PROXY', () => {
  test.each<[string, string, boolean]>([
    ['', 'example.com', false],
    [' , ,', 'example.com', false],
    ['*', 'example.com', true],
    ['other, *', '10.0.0.1', true],
    ['*.com', 'example.com', true],
    ['*.example.com', 'example.com', false],
    // A name covers itself and its subdomains, with a dot in front the subdomains only.
    ['example.com', 'example.com', true],
    ['example.com', 'a.b.example.com', true],
    ['example.com', 'myexample.com', false],
    ['example.com', 'example.com.evil', false],
    ['.example.com', 'www.example.com', true],
    ['.example.com', 'example.com', false],
    ['EXAMPLE.com', 'example.COM', true],
    [' first.example ,\texample.com ', 'example.com', true],
    ['bücher.example', 'bücher.example', true],
    ['xn--bcher-kva.example', 'www.bücher.example', true],
    // Ports.
    ['example.com:80', 'example.com', true],
    ['example.com:80', 'example.com:8080', false],
    ['example.com:8080', 'www.example.com:8080', true],
    ['.example.com:8080', 'example.com:8080', false],
    ['example.com:x', 'example.com', false],
    ['10.0.0.1:80', '10.0.0.1', true],
    ['10.0.0.1:8080', '10.0.0.1', false],
    [':80', 'example.com', false],
    ['.', 'example.com', false],
    // Addresses.
    ['10.0.0.1', '10.0.0.1', true],
    ['10.0.0.1', '10.0.0.2', false],
    ['10.0.0', '10.0.0.1', false],
    ['10.0.0.1', '10.0.0.1.example', false],
    ['2001:db8::1', '[2001:db8:0::1]', true],
    ['[2001:db8::1]', '[2001:db8::1]', true],
    ['[2001:db8::1]:80', '[2001:db8::1]', true],
    ['[2001:db8::1]:81', '[2001:db8::1]', false],
    ['10.0.0.1', '[::ffff:10.0.0.1]', true],
    ['::ffff:10.0.0.1', '10.0.0.1', true],
    // Ranges.
    ['10.0.0.0/8', '10.200.3.4', true],
    ['10.1.2.3/8', '10.200.3.4', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['192.168.1.0/30', '192.168.1.3', true],
    ['192.168.1.0/30', '192.168.1.4', false],
    ['0.0.0.0/0', '8.8.8.8', true],
    ['0.0.0.0/0', 'example.com', false],
    ['10.0.0.0/33', '10.0.0.1', false],
    ['10.0.0.0/', '10.0.0.1', false],
    ['example.com/8', 'example.com', false],
    ['2001:db8::/32', '[2001:db8:1::5]', true],
    ['2001:db8::/32', '[2001:db9::5]', false],
    ['::/0', '[2001:db8::1]', true],
    ['::/0', '10.0.0.1', false],
    ['::ffff:10.0.0.0/104', '10.0.0.1', true],
  ])('%j and %s: %s', (list, host, exempt) => {
    expect(isExempt(parseUrl(`ws://${host}/`), list)).toBe(exempt)
  })

  test('a long list is gone through in linear time', () => {
    const list = `${'a.example,'.repeat(20_000)}${' '.repeat(50_000)},${'[:'.repeat(20_000)}`
    const began = performance.now()
    expect(isExempt(parseUrl('ws://example.com/'), list)).toBe(false)
    expect(performance.now() - began).toBeLessThan(2_000)
  })
})
