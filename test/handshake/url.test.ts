// WebSocket URLs taken apart, and those that are refused before anything is dialled.
// RFC 6455 §3.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isOriginForm } from '../../src/handshake/target.ts'
import { parseUrl } from '../../src/handshake/url.ts'

describe('a WebSocket URL', () => {
  it.each([
    [
      'ws://example.com',
      { secure: false, host: 'example.com', hostname: 'example.com', port: 80, target: '/' },
    ],
    [
      'wss://example.com',
      { secure: true, host: 'example.com', hostname: 'example.com', port: 443, target: '/' },
    ],
    [
      'ws://example.com:80/',
      { secure: false, host: 'example.com', hostname: 'example.com', port: 80, target: '/' },
    ],
    [
      'wss://example.com:80/a',
      { secure: true, host: 'example.com:80', hostname: 'example.com', port: 80, target: '/a' },
    ],
    [
      'WS://EXAMPLE.com:8080/a/b?c=d&e',
      { secure: false, host: 'example.com:8080', hostname: 'example.com', port: 8080, target: '/a/b?c=d&e' },
    ],
    ['ws://[::1]:8080/', { secure: false, host: '[::1]:8080', hostname: '::1', port: 8080, target: '/' }],
    [
      'ws://127.0.0.1?q',
      { secure: false, host: '127.0.0.1', hostname: '127.0.0.1', port: 80, target: '/?q' },
    ],
    ['ws://a/ü b', { secure: false, host: 'a', hostname: 'a', port: 80, target: '/%C3%BC%20b' }],
    [
      'ws://bücher.example',
      {
        secure: false,
        host: 'xn--bcher-kva.example',
        hostname: 'xn--bcher-kva.example',
        port: 80,
        target: '/',
      },
    ],
  ])('%s is taken apart, as a string and as a URL', (text, parts) => {
    expect(parseUrl(text)).toEqual(parts)
    expect(parseUrl(new URL(text))).toEqual(parts)
  })

  it.each([
    ['a fragment', 'ws://a/#b'],
    ['an empty fragment', 'ws://a/#'],
    ['another scheme', 'http://a/'],
    ['another scheme with TLS', 'https://a/'],
    ['a scheme that is not hierarchical', 'mailto:a@b'],
    ['no scheme', '//a/'],
    ['no host', 'ws://'],
    ['nothing', ''],
    ['a user', 'ws://user@a/'],
    ['a password', 'ws://:secret@a/'],
    ['CR LF in the path', 'ws://a/b\r\nX: y'],
    ['a line end in front', '\nws://a/'],
    ['a tab in the host', 'ws://a\tb/'],
    ['NUL in the query', 'ws://a/?\0'],
    ['CR LF in the user', 'ws://u\r\n@a/'],
    ['a port out of range', 'ws://a:65536/'],
    ['port 0', 'ws://a:0/'],
  ])('B15: is refused with %s', (_, text) => {
    expect(() => parseUrl(text)).toThrow(expect.objectContaining({ name: 'TypeError', code: 'ERR_WS_URL' }))
  })

  it('B15: is refused when it is no URL at all, and the message does not repeat it', () => {
    expect(() => parseUrl(undefined as unknown as string)).toThrow(
      expect.objectContaining({ code: 'ERR_WS_URL' }),
    )
    expect(() => parseUrl('ws://a/?token=secret#')).toThrow(
      /^websocket: malformed ws or wss URL: it must have no fragment$/,
    )
  })

  it('has a target that fits into a request line, whatever the path and the query', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (path, query) => {
        const url = new URL('ws://a')
        url.pathname = path
        url.search = query
        expect(isOriginForm(parseUrl(url).target)).toBe(true)
      }),
    )
  })
})
