// The sample handshake of RFC 6455 §1.3 in the shapes that the tests of this room need, and how to bend it.

import type { Field } from '../../src/handshake/fields.ts'
import { HeadParser, type RequestHead, type ResponseHead } from '../../src/handshake/head-parser.ts'

export const sampleKey = 'dGhlIHNhbXBsZSBub25jZQ=='
export const sampleAccept = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='

const requestFields: readonly Field[] = [
  ['Host', 'server.example.com'],
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Key', sampleKey],
  ['Origin', 'http://server.example.com'],
  ['Sec-WebSocket-Version', '13'],
]

const responseFields: readonly Field[] = [
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Accept', sampleAccept],
]

/** name → its values in place of the sample's; none removes the field. */
export type Changes = Readonly<Record<string, readonly string[]>>

function change(fields: readonly Field[], changes: Changes): Field[] {
  const kept = fields.filter(([name]) => !(name in changes))
  return [
    ...kept,
    ...Object.entries(changes).flatMap(([name, values]) => values.map((value): Field => [name, value])),
  ]
}

export function request(changes: Changes = {}, line: Partial<RequestHead> = {}): RequestHead {
  return {
    method: 'GET',
    target: '/chat',
    httpVersion: '1.1',
    fields: change(requestFields, changes),
    ...line,
  }
}

export function response(changes: Changes = {}, line: Partial<ResponseHead> = {}): ResponseHead {
  const fields = change(responseFields, changes)
  return { status: 101, reason: 'Switching Protocols', httpVersion: '1.1', fields, ...line }
}

export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0))
}

export function textOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
}

/** The head that `bytes` begin with, and the text behind it. */
export function parseHead<Kind extends 'request' | 'response'>(kind: Kind, bytes: Uint8Array) {
  const parser = new HeadParser(kind)
  const end = parser.push(bytes, 0, bytes.length)
  if (parser.head === undefined) throw new Error('the head is incomplete')
  return { head: parser.head, rest: textOf(bytes.subarray(end)) }
}

/** Least milliseconds of several runs, so that a busy machine does not count. */
export function leastTime(task: () => void): number {
  let least = Number.POSITIVE_INFINITY
  for (let run = 0; run < 10; run++) {
    const start = performance.now()
    task()
    least = Math.min(least, performance.now() - start)
  }
  return least
}

/** What `task` throws. */
export function thrown(task: () => unknown): unknown {
  try {
    task()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
