// The grammar of Sec-WebSocket-Extensions: what is parsed, what breaks it, and that neither takes more than linear time.
// RFC 6455 §9.1.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type ExtensionOffer,
  formatExtensions,
  parseExtensions,
} from '../../src/handshake/extension-header.ts'
import { isToken } from '../../src/handshake/tokens.ts'
import { leastTime } from './heads.ts'

describe('Sec-WebSocket-Extensions', () => {
  it.each<[string, ExtensionOffer[]]>([
    ['foo', [{ name: 'foo', params: [] }]],
    [
      ' foo\t,bar ',
      [
        { name: 'foo', params: [] },
        { name: 'bar', params: [] },
      ],
    ],
    [
      'foo, foo; a',
      [
        { name: 'foo', params: [] },
        { name: 'foo', params: [['a', undefined]] },
      ],
    ],
    [
      'foo;a;b=1 ; a = 2',
      [
        {
          name: 'foo',
          params: [
            ['a', undefined],
            ['b', '1'],
            ['a', '2'],
          ],
        },
      ],
    ],
    ['foo; a="1"', [{ name: 'foo', params: [['a', '1']] }]],
    [
      'foo; a= "x\\y\\z" ;b',
      [
        {
          name: 'foo',
          params: [
            ['a', 'xyz'],
            ['b', undefined],
          ],
        },
      ],
    ],
    [
      'permessage-deflate; client_max_window_bits; server_max_window_bits=10, x',
      [
        {
          name: 'permessage-deflate',
          params: [
            ['client_max_window_bits', undefined],
            ['server_max_window_bits', '10'],
          ],
        },
        { name: 'x', params: [] },
      ],
    ],
  ])('%j is parsed', (text, offers) => {
    expect(parseExtensions(text)).toEqual(offers)
  })

  it.each([
    '',
    ' ',
    ',',
    'foo,',
    ',foo',
    'foo,,bar',
    ';',
    'foo;',
    'foo;;a',
    'foo; =1',
    'foo; a=',
    'foo; a==1',
    'foo; a=1 2',
    'foo bar',
    'foo; a b',
    'foo=1',
    'foo; a=""',
    'foo; a="',
    'foo; a="1',
    'foo; a="1\\',
    'foo; a="1\\"',
    'foo; a="b c"',
    'foo; a="b,c"',
    'foo; a="b"c',
    'foo; a=b"c"',
    'foo; "a"',
    '"foo"',
    'f\u00fc',
    'foo; a=\u00fc',
    'foo\0',
    'foo\n',
    'foo; a="\\\u0100"',
    'foo; a="\\"',
  ])('A17: %j breaks the grammar', (text) => {
    expect(parseExtensions(text)).toBeUndefined()
  })

  it('A18: names of Object.prototype are names like any other', () => {
    const text = 'constructor; __proto__; hasOwnProperty=toString, __proto__; constructor=1'
    expect(parseExtensions(text)).toEqual([
      {
        name: 'constructor',
        params: [
          ['__proto__', undefined],
          ['hasOwnProperty', 'toString'],
        ],
      },
      { name: '__proto__', params: [['constructor', '1']] },
    ])
  })

  it.each([
    ['an unclosed quote with repeated escapes', `foo; a="${'\\c'.repeat(16_000)}`],
    ['spaces between tokens', `foo${' '.repeat(32_000)}bar`],
    ['spaces before the end of a quote', `foo; a="${' '.repeat(32_000)}`],
    ['parameters', `foo${'; a'.repeat(11_000)};`],
    ['commas', ','.repeat(32_000)],
  ])('A17: is refused in linear time with 32,000 characters of %s', (_, text) => {
    expect(parseExtensions(text)).toBeUndefined()
    expect(leastTime(() => parseExtensions(text))).toBeLessThan(5)
  })

  it('what is formatted is parsed to the same', () => {
    const token = fc.string({ unit: 'grapheme-ascii', minLength: 1 }).filter(isToken)
    const param = fc.tuple(token, fc.option(token, { nil: undefined }))
    const offer = fc.record({ name: token, params: fc.array(param) })
    fc.assert(
      fc.property(fc.array(offer, { minLength: 1 }), (offers) => {
        expect(parseExtensions(formatExtensions(offers))).toEqual(offers)
      }),
    )
  })

  it('never makes the parser throw', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', ';', ',', '=', '"', '\\', ' ', '\t', '\u00fc')), (chars) => {
        const offers = parseExtensions(chars.join(''))
        if (offers !== undefined) expect(parseExtensions(formatExtensions(offers))).toEqual(offers)
      }),
      { numRuns: 2000 },
    )
  })

  it.each<[string, ExtensionOffer]>([
    ['name', { name: 'a\r\nb', params: [] }],
    ['parameter', { name: 'a', params: [['b c', undefined]] }],
    ['value', { name: 'a', params: [['b', '']] }],
  ])('is not formatted with a %s that is no token', (_, offer) => {
    expect(() => formatExtensions([offer])).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'ERR_WS_HEADER' }),
    )
  })
})
