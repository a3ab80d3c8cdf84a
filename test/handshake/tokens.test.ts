// Tokens and lists of them: which characters they have, and that a long run of spaces costs no more than its length.
// RFC 9110 §5.6.

import { describe, expect, it } from 'vitest'
import {
  asciiLowerCase,
  hasToken,
  isToken,
  listElements,
  trimWhitespace,
} from '../../src/handshake/tokens.ts'
import { leastTime } from './heads.ts'

describe('a token', () => {
  it('has exactly the characters of RFC 9110 §5.6.2, of all codes 0 to 0x1FF', () => {
    const allowed: string[] = []
    for (let code = 0; code < 0x200; code++)
      if (isToken(String.fromCharCode(code))) allowed.push(String.fromCharCode(code))
    const alphanumeric = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
    expect(allowed.sort()).toEqual([...`!#$%&'*+-.^_\`|~${alphanumeric}`].sort())
  })

  it.each(['', ' ', 'a b', 'a,b', 'a/b', '"a"', 'a\n', 'ä', 'ab\u2028'])('is not %j', (text) => {
    expect(isToken(text)).toBe(false)
  })
})

describe('a list', () => {
  it('is split at commas and loses spaces and tabs around its elements, and nothing else', () => {
    expect(listElements(' a ,\tb\t,,c d,\u00a0')).toEqual(['a', 'b', '', 'c d', '\u00a0'])
    expect(trimWhitespace(' \t ')).toBe('')
  })

  it.each([
    [['websocket'], true],
    [['h2c, WebSocket'], true],
    [['h2c', ' ,WEBSOCKET, '], true],
    [[], false],
    [[''], false],
    [['websockets'], false],
    [['websocket/13'], false],
    [['web socket'], false],
    [['websoc\u212aet'], false],
  ])('%j has the token websocket: %s', (values, expected) => {
    expect(hasToken(values, 'websocket')).toBe(expected)
  })

  it('A15: with 32,000 spaces between two tokens is searched in linear time', () => {
    const value = `a${' '.repeat(32_000)}b, upgrade`
    expect(hasToken([value], 'upgrade')).toBe(true)
    expect(leastTime(() => hasToken([value], 'upgrade'))).toBeLessThan(5)
  })
})

describe('ASCII lower case', () => {
  it('changes A to Z and leaves other letters, the Kelvin sign too', () => {
    expect(asciiLowerCase('AZaz09-\u212a\u00c4\u0130')).toBe('azaz09-\u212a\u00c4\u0130')
  })
})
