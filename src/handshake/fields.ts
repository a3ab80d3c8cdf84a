// Header fields: the ordered list in which they are kept, look-up in it, and the safe way in for those of an application.
// RFC 9110 §5 (fields), RFC 9112 §11.1 (response splitting).

import { typeError } from '../codec/errors.ts'
import { asciiLowerCase, isToken, trimWhitespace } from './tokens.ts'

/** One header field as received: the name in its own case, the value as latin1 without the whitespace around it. */
export type Field = readonly [name: string, value: string]

/**
 * Header fields as an application gives them: an object of name → value or values, or pairs of name and value, as a web
 * `Headers` object or a `Map` yields them. What is not a field of RFC 9110 §5 is refused with ERR_WS_HEADER.
 */
export type HeaderInput =
  | Readonly<Record<string, string | readonly string[]>>
  | Iterable<readonly [name: string, value: string]>

/** Tabs, and what is printed, in latin1. */
const fieldValue = /^[\t -~\x80-\xff]*$/

/** All values of the field `name`, in order; names are compared without ASCII case. */
export function valuesOf(fields: readonly Field[], name: string): string[] {
  const wanted = asciiLowerCase(name)
  const values: string[] = []
  for (const [fieldName, value] of fields) {
    if (fieldName.length === wanted.length && asciiLowerCase(fieldName) === wanted) values.push(value)
  }
  return values
}

/** The value of a field that must be there once; '' when there is none, or more than one. */
export function onlyValue(fields: readonly Field[], name: string): string {
  const values = valuesOf(fields, name)
  return values.length === 1 ? values[0] : ''
}

/**
 * The fields as a frozen object without prototype: lower-case name → value, several values joined with ', '.
 * (A joined Set-Cookie cannot be taken apart again: see {@link setCookiesOf}.)
 */
export function headersOf(fields: readonly Field[]): Readonly<Record<string, string>> {
  const headers: Record<string, string> = Object.create(null)
  for (const [name, value] of fields) {
    const key = asciiLowerCase(name)
    const before = headers[key]
    headers[key] = before === undefined ? value : `${before}, ${value}`
  }
  return Object.freeze(headers)
}

/** The value of each Set-Cookie field, in order; frozen. */
export function setCookiesOf(fields: readonly Field[]): readonly string[] {
  return Object.freeze(valuesOf(fields, 'Set-Cookie'))
}

/**
 * Fields of an application, checked before a byte is made of them: names are tokens; values have no control character
 * but the tab and nothing above U+00FF. Whitespace around a value is dropped.
 *
 * @throws TypeError ERR_WS_HEADER
 */
export function fieldsOf(input: HeaderInput): Field[] {
  if (typeof input !== 'object' || input === null)
    throw typeError('headers must be an object', 'ERR_WS_HEADER')
  const fields: Field[] = []
  const pairs: Iterable<unknown> = Symbol.iterator in input ? input : Object.entries(input)
  for (const pair of pairs) {
    // A string is iterable too: 'ab' would pass for the field a: b.
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw typeError('headers must be pairs of a name and a value', 'ERR_WS_HEADER')
    }
    const [name, values]: unknown[] = pair
    if (typeof name !== 'string' || !isToken(name)) {
      throw typeError(`invalid header name: ${JSON.stringify(name)}`, 'ERR_WS_HEADER')
    }
    for (const value of [values].flat()) {
      if (typeof value !== 'string' || !fieldValue.test(value)) {
        throw typeError(`invalid value of the header ${name}`, 'ERR_WS_HEADER')
      }
      fields.push([name, trimWhitespace(value)])
    }
  }
  return fields
}

/**
 * Fields that an application adds to a handshake: as {@link fieldsOf}, and none that the handshake itself is made of.
 *
 * @throws TypeError ERR_WS_HEADER
 */
export function applicationFields(input: HeaderInput): Field[] {
  const fields = fieldsOf(input)
  for (const [name] of fields) {
    if (/^(upgrade$|connection$|sec-websocket-)/i.test(name)) {
      throw typeError(`duplicate header not allowed: ${name}`, 'ERR_WS_HEADER')
    }
  }
  return withoutBody(fields)
}

/**
 * The fields, none of which announces a body: its bytes would be taken for frames by one side and for a body by the
 * other.
 *
 * @throws TypeError ERR_WS_HEADER
 */
export function withoutBody(fields: Field[]): Field[] {
  for (const [name] of fields) {
    if (/^(content-length$|transfer-encoding$)/i.test(name)) {
      throw typeError(`header not allowed: ${name}`, 'ERR_WS_HEADER')
    }
  }
  return fields
}
