// Subprotocols: the list of a client, the choice of a server, and what an application may offer.
// RFC 6455 §1.9, §4.1 item 10, §11.3.4.

import { describe, expect, it } from 'vitest'
import { checkSubprotocols, chooseSubprotocol, parseSubprotocols } from '../../src/handshake/subprotocol.ts'
import { leastTime } from './heads.ts'

describe('Sec-WebSocket-Protocol', () => {
  it.each([
    [[], []],
    [['chat'], ['chat']],
    [[' chat ,\tsuperchat'], ['chat', 'superchat']],
    [
      ['b', 'a, Chat, chat'],
      ['b', 'a', 'Chat', 'chat'],
    ],
    [['constructor, __proto__'], ['constructor', '__proto__']],
  ])('%j is parsed', (values, subprotocols) => {
    expect(parseSubprotocols(values)).toEqual(subprotocols)
  })

  it.each([
    [['']],
    [['chat,']],
    [[',chat']],
    [['a,,b']],
    [['chat', '']],
    [['chat, chat']],
    [['chat', 'chat']],
    [['a b']],
    [['a/b']],
    [['"a"']],
    [['\u00fc']],
  ])('A14: %j is refused: an empty element, a duplicate or a bad token', (values) => {
    expect(parseSubprotocols(values)).toBeUndefined()
  })

  it('A15: with 32,000 spaces between two tokens is parsed in linear time', () => {
    const value = `a${' '.repeat(32_000)}, b${' '.repeat(32_000)}c`
    expect(parseSubprotocols([value])).toBeUndefined()
    expect(leastTime(() => parseSubprotocols([value]))).toBeLessThan(5)
  })
})

describe('the choice of the subprotocol', () => {
  it("follows the server's order of preference, not the client's", () => {
    expect(chooseSubprotocol(['b', 'a'], ['a', 'b'])).toBe('b')
  })

  it('A16: is none when nothing is common, and case counts', () => {
    expect(chooseSubprotocol(['chat'], ['Chat'])).toBe('')
    expect(chooseSubprotocol([], ['a'])).toBe('')
    expect(chooseSubprotocol(['a'], [])).toBe('')
  })
})

describe('subprotocols of an application', () => {
  it('are different tokens', () => {
    expect(checkSubprotocols([])).toBeUndefined()
    expect(checkSubprotocols(['a', 'b'])).toBeUndefined()
  })

  it.each([[['a', 'a']], [['']], [['a b']], [['a,b']], [['a\r\nX: y']], [[1]], ['a']])(
    'B15: are not %j',
    (list) => {
      expect(() => checkSubprotocols(list as string[])).toThrow(
        expect.objectContaining({ name: 'TypeError', code: 'ERR_WS_ARGUMENT' }),
      )
    },
  )
})
