// The grammar of Sec-WebSocket-Extensions, both ways: extensions with their parameters, offered or granted.
// RFC 6455 §9.1.

import { typeError } from '../codec/errors.ts'
import { isToken, isTokenCode, isWhitespace } from './tokens.ts'

/**
 * One extension of the list (RFC 6455 §9.1). Parameters are a list and no object: their order and their number say
 * something, and a peer may call one `__proto__`.
 */
export interface ExtensionOffer {
  /** A token, in its own case: `permessage-deflate`. */
  readonly name: string
  /** Each with its value, unquoted; undefined for a parameter without one. */
  readonly params: readonly (readonly [name: string, value: string | undefined])[]
}

/**
 * Extensions that the field value `text` lists, in order; undefined when it breaks the grammar. Takes linear time.
 * Values of several fields are joined with ', ' before.
 */
export function parseExtensions(text: string): ExtensionOffer[] | undefined {
  const scanner = new Scanner(text)
  const offers: ExtensionOffer[] = []
  do {
    const name = scanner.token()
    if (name === '') return undefined
    const params: [string, string | undefined][] = []
    while (scanner.take(';')) {
      const param = scanner.token()
      if (param === '') return undefined
      let value: string | undefined
      if (scanner.take('=')) {
        value = scanner.take('"') ? scanner.restOfQuoted() : scanner.token()
        if (value === '') return undefined
      }
      params.push([param, value])
    }
    offers.push({ name, params })
  } while (scanner.take(','))
  return scanner.atEnd() ? offers : undefined
}

/**
 * The field value that lists `offers`.
 *
 * @throws TypeError ERR_WS_HEADER when a name or a value is no token
 */
export function formatExtensions(offers: readonly ExtensionOffer[]): string {
  return offers.map(({ name, params }) => [token(name), ...params.map(formatParam)].join('; ')).join(', ')
}

function formatParam([name, value]: readonly [string, string | undefined]): string {
  return value === undefined ? token(name) : `${token(name)}=${token(value)}`
}

function token(text: string): string {
  if (!isToken(text)) throw typeError(`not a token: ${JSON.stringify(text)}`, 'ERR_WS_HEADER')
  return text
}

/** Reads the pieces of the grammar; each steps over whitespace in front of it. */
class Scanner {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  /** Whether only whitespace is left. */
  atEnd(): boolean {
    while (isWhitespace(this.#text.charCodeAt(this.#at))) this.#at++
    return this.#at === this.#text.length
  }

  /** Steps over `char` if it is next. */
  take(char: string): boolean {
    if (this.atEnd() || this.#text[this.#at] !== char) return false
    this.#at++
    return true
  }

  /** The token that is next, or ''. */
  token(): string {
    if (this.atEnd()) return ''
    const start = this.#at
    while (isTokenCode(this.#text.charCodeAt(this.#at))) this.#at++
    return this.#text.slice(start, this.#at)
  }

  /** The quoted string whose opening quote was taken, or '' when it is unclosed or no token after unescaping. */
  restOfQuoted(): string {
    let value = ''
    for (; this.#at < this.#text.length; this.#at++) {
      if (this.#text[this.#at] === '"') {
        this.#at++
        return value
      }
      if (this.#text[this.#at] === '\\') this.#at++
      if (!isTokenCode(this.#text.charCodeAt(this.#at))) return ''
      value += this.#text[this.#at]
    }
    return ''
  }
}
