// Header fields: looked up as received, and checked as given by an application, so that no line end gets through.
// RFC 9110 §5, RFC 9112 §11.1 (response splitting).

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  applicationFields,
  type Field,
  fieldsOf,
  type HeaderInput,
  headersOf,
  valuesOf,
} from '../../src/handshake/fields.ts'

const headerError = expect.objectContaining({ name: 'TypeError', code: 'ERR_WS_HEADER' })

describe('looking up fields', () => {
  const fields: Field[] = [
    ['Set-Cookie', 'a=1'],
    ['Host', 'x'],
    ['set-cookie', 'b=2'],
    ['__proto__', 'polluted'],
    ['constructor', 'c'],
  ]

  it('finds all values of a name in order, whatever its case', () => {
    expect(valuesOf(fields, 'SET-COOKIE')).toEqual(['a=1', 'b=2'])
    expect(valuesOf(fields, 'cookie')).toEqual([])
  })

  it('does not take the Kelvin sign for a k', () => {
    expect(valuesOf([['\u212aey', '1']], 'key')).toEqual([])
  })

  it('makes a frozen record of lower-case names with joined values', () => {
    const headers = headersOf(fields)
    expect(Object.isFrozen(headers)).toBe(true)
    expect(headers['set-cookie']).toBe('a=1, b=2')
    expect(Object.keys(headers)).toEqual(['set-cookie', 'host', '__proto__', 'constructor'])
  })

  it('A19: a field named __proto__ is an entry like any other and pollutes nothing', () => {
    const headers = headersOf(fields)
    expect(Object.getPrototypeOf(headers)).toBeNull()
    expect(Object.getOwnPropertyDescriptor(headers, '__proto__')?.value).toBe('polluted')
    expect(headers['tostring' as string]).toBeUndefined()
    expect(headersOf([]).constructor).toBeUndefined()
  })
})

describe('fields of an application', () => {
  const expected: Field[] = [
    ['X-One', '1'],
    ['x-two', '2'],
  ]

  it.each<[string, HeaderInput, readonly Field[]]>([
    ['a record', { 'X-One': '1', 'x-two': '2' }, expected],
    [
      'a record with several values of a name',
      { a: ['1', '2'], b: [] },
      [
        ['a', '1'],
        ['a', '2'],
      ],
    ],
    ['a record from JSON with __proto__', JSON.parse('{"__proto__":"x"}'), [['__proto__', 'x']]],
    ['a list of pairs', expected, expected],
    [
      'a Map',
      new Map([
        ['X-One', '1'],
        ['x-two', '2'],
      ]),
      expected,
    ],
    [
      'a web Headers object',
      new Headers({ 'X-One': '1', 'x-two': '2' }),
      [
        ['x-one', '1'],
        ['x-two', '2'],
      ],
    ],
    ['nothing', {}, []],
    ['a value with a tab, latin1 and whitespace around', { a: ' \tü\tb ' }, [['a', 'ü\tb']]],
    ['an empty value', { a: '' }, [['a', '']]],
  ])('may be %s', (_, input, fields) => {
    expect(fieldsOf(input)).toEqual(fields)
  })

  it.each(['\r', '\n', '\0', '\x1f', '\x7f', '\u0100', '\u{1f600}'])(
    'A27: a value with %j is refused',
    (char) => {
      expect(() => fieldsOf({ a: `x${char}y` })).toThrow(headerError)
      expect(() => fieldsOf({ a: ['fine', `${char}`] })).toThrow(headerError)
    },
  )

  it.each(['', 'a b', 'a:', 'a\r\nb', 'ü', 'a\0'])('A27: the name %j is refused', (name) => {
    expect(() => fieldsOf({ [name]: 'x' })).toThrow(headerError)
  })

  it.each([
    null,
    undefined,
    'ab',
    7,
    ['ab'],
    [['a']],
    [['a', 'b', 'c']],
    [[1, 'b']],
    { a: 1 },
    { a: undefined },
    { a: [1] },
  ])('are not %j', (input) => {
    expect(() => fieldsOf(input as unknown as HeaderInput)).toThrow(headerError)
  })

  it('never let a line end, a NUL or a character above U+00FF through', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }))),
        (pairs) => {
          try {
            for (const [name, value] of fieldsOf(pairs)) {
              expect(/^[\t\x20-\x7e\x80-\xff]*$/.test(value)).toBe(true)
              expect(/^[!-9;-~]+$/.test(name)).toBe(true)
            }
          } catch (error) {
            expect(error).toEqual(headerError)
          }
        },
      ),
    )
  })

  it.each(['Upgrade', 'CONNECTION', 'sec-websocket-key', 'Sec-WebSocket-Whatever'])(
    'may not be %s, which belongs to the handshake',
    (name) => {
      const input = { Cookie: 'a=1', [name]: 'x' }
      expect(() => applicationFields(input)).toThrow(`duplicate header not allowed: ${name}`)
      expect(() => applicationFields(input)).toThrow(headerError)
    },
  )

  it.each(['Content-Length', 'transfer-encoding'])('may not be %s, which announces a body', (name) => {
    expect(() => applicationFields({ [name]: '1' })).toThrow(headerError)
  })
})
