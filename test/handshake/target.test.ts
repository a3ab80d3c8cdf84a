// The two forms in which a request says what it is for: authority and origin-form.
// RFC 9112 §3.2, RFC 3986 §3.2.

import { describe, expect, it } from 'vitest'
import { isOriginForm, parseAuthority } from '../../src/handshake/target.ts'

describe('an authority', () => {
  it.each([
    ['Example.com', { host: 'example.com', port: undefined }],
    ['example.com:8080', { host: 'example.com', port: 8080 }],
    ['example.com:', { host: 'example.com', port: undefined }],
    ['a_b.c%20~', { host: 'a_b.c%20~', port: undefined }],
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['[FE80::1]:65535', { host: '[fe80::1]', port: 65535 }],
  ])('is %s', (text, authority) => {
    expect(parseAuthority(text)).toEqual(authority)
  })

  it.each([
    '',
    ':80',
    'a:65536',
    'a:b',
    'a:1:2',
    '::1',
    '[::1',
    '[]',
    'a b',
    'a/b',
    'user@a',
    'a\n',
    '\u00e4',
    'a,\u212a',
  ])('is not %j', (text) => {
    expect(parseAuthority(text)).toBeUndefined()
  })
})

describe('an origin-form', () => {
  it.each(['/', '/a?b=c&d', '//a', '/%00', '/a|b"{}\\^`'])('is %s', (target) => {
    expect(isOriginForm(target)).toBe(true)
  })

  it.each(['', '*', 'a', 'http://a/', 'a.example:80', '/a#', '/a b', '/\t', '/\n', '/\x7f', '/\u00fc', '?/'])(
    'is not %j',
    (target) => {
      expect(isOriginForm(target)).toBe(false)
    },
  )
})
