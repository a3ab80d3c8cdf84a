// Strict, bounded, incremental parser of an HTTP/1.1 head: a request line or status line, fields, an empty line.
// RFC 9112 §2 to §5; where it leaves a choice, the refusing one is taken: bare LF, bare CR, obs-fold, an empty first line.

import { WebSocketError } from '../codec/errors.ts'
import type { Field } from './fields.ts'
import { isToken, isWhitespace } from './tokens.ts'

/** Most bytes of a head, its empty line included: Node's own limit. More are refused with 431. */
export const MAX_HEAD_BYTES = 16 * 1024
/** Most fields of a head; more are refused with 400. */
export const MAX_HEAD_FIELDS = 100

/** Head of a request (RFC 9112 §3). */
export interface RequestHead {
  /** A token, in its own case: `GET`. */
  readonly method: string
  /** As sent: origin-form, absolute-form or anything else without a space. */
  readonly target: string
  /** '1.1', '1.0', '2.0', … */
  readonly httpVersion: string
  /** In the order in which they came. */
  readonly fields: readonly Field[]
}

/** Head of a response (RFC 9112 §4). */
export interface ResponseHead {
  /** 100..999 */
  readonly status: number
  /** The reason phrase, as latin1; may be ''. */
  readonly reason: string
  /** '1.1', '1.0', … */
  readonly httpVersion: string
  /** In the order in which they came. */
  readonly fields: readonly Field[]
}

/** A head that is malformed or too large: ERR_WS_HEAD, and the status with which a server refuses it. */
export class HeadError extends WebSocketError {
  /** 431 for a head of too many bytes, else 400. */
  readonly status: 400 | 431
  /** What is wrong, as in the message. */
  readonly fault: string

  /** @param fault in words, for the message */
  constructor(status: 400 | 431, fault: string) {
    super('ERR_WS_HEAD', { message: `malformed or too large HTTP head: ${fault}`, remote: true })
    this.status = status
    this.fault = fault
  }
}

type Heads = { request: RequestHead; response: ResponseHead }

const HTAB = 0x09
const LF = 0x0a
const CR = 0x0d
const COLON = 0x3a

const requestLine = /^([^ ]+) ([!-~]+) HTTP\/([0-9]\.[0-9])$/
const statusLine = /^HTTP\/([0-9]\.[0-9]) ([1-9][0-9]{2}) (.*)$/

/** Parses one head out of bytes that come in any pieces; each byte is looked at once, none is kept beyond the head. */
export class HeadParser<Kind extends keyof Heads = keyof Heads> {
  readonly #kind: Kind
  /** The current line so far, without its CR. */
  #line = new Uint8Array(256)
  #lineLength = 0
  #total = 0
  #afterCR = false
  #start: RegExpExecArray | undefined
  #fields: Field[] = []
  #head: Heads[Kind] | undefined
  #error: HeadError | undefined

  /** @param kind which of the two start lines to expect */
  constructor(kind: Kind) {
    this.#kind = kind
  }

  /** The head once it is complete, undefined before. */
  get head(): Heads[Kind] | undefined {
    return this.#head
  }

  /**
   * Takes bytes[start..end).
   *
   * @returns index in `bytes` of the first byte behind the head, or -1 while the head is incomplete. Bytes from that
   *   index on are the first frames and were not looked at; once the head is complete, that is all of them: `start`.
   * @throws HeadError ERR_WS_HEAD when the head is malformed or too large; every later call throws it again
   */
  push(bytes: Uint8Array, start: number, end: number): number {
    if (this.#error !== undefined) throw this.#error
    if (this.#head !== undefined) return start
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!
      if (this.#total++ === MAX_HEAD_BYTES) this.#fail(431, `longer than ${MAX_HEAD_BYTES} bytes`)
      if (this.#afterCR) {
        if (byte !== LF) this.#fail(400, 'a CR without LF')
        this.#afterCR = false
        if (this.#endLine()) return at + 1
      } else if (byte === CR) this.#afterCR = true
      else if (byte === LF) this.#fail(400, 'a LF without CR')
      else if ((byte < 0x20 && byte !== HTAB) || byte === 0x7f) this.#fail(400, 'a control character')
      else this.#append(byte)
    }
    return -1
  }

  #append(byte: number): void {
    if (this.#lineLength === this.#line.length) {
      const longer = new Uint8Array(2 * this.#line.length)
      longer.set(this.#line)
      this.#line = longer
    }
    this.#line[this.#lineLength++] = byte
  }

  /** Takes the line that just ended. @returns whether it was the empty one at the end of the head */
  #endLine(): boolean {
    if (this.#start === undefined) this.#startLine()
    else if (this.#lineLength > 0) this.#fieldLine()
    else {
      this.#head = this.#makeHead(this.#start)
      this.#line = new Uint8Array(0)
      return true
    }
    this.#lineLength = 0
    return false
  }

  #startLine(): void {
    const isRequest = this.#kind === 'request'
    const match = (isRequest ? requestLine : statusLine).exec(this.#text(0, this.#lineLength))
    if (match === null || (isRequest && !isToken(match[1]!))) {
      this.#fail(400, isRequest ? 'malformed request line' : 'malformed status line')
    }
    this.#start = match
  }

  #fieldLine(): void {
    const line = this.#line
    if (isWhitespace(line[0]!)) this.#fail(400, 'a folded line')
    if (this.#fields.length === MAX_HEAD_FIELDS) this.#fail(400, `more than ${MAX_HEAD_FIELDS} fields`)
    let end = this.#lineLength
    const colon = line.subarray(0, end).indexOf(COLON)
    if (colon < 0) this.#fail(400, 'a field without a colon')
    const name = this.#text(0, colon)
    if (!isToken(name)) this.#fail(400, 'malformed field name')
    let start = colon + 1
    while (start < end && isWhitespace(line[start]!)) start++
    while (end > start && isWhitespace(line[end - 1]!)) end--
    this.#fields.push([name, this.#text(start, end)])
  }

  #makeHead(start: RegExpExecArray): Heads[Kind] {
    const [, first = '', second = '', third = ''] = start
    const heads: Heads[keyof Heads] =
      this.#kind === 'request'
        ? { method: first, target: second, httpVersion: third, fields: this.#fields }
        : { status: Number(second), reason: third, httpVersion: first, fields: this.#fields }
    return heads as Heads[Kind]
  }

  /** line[start..end) as latin1; at most 16 KiB, so that the bytes fit into one argument list. */
  #text(start: number, end: number): string {
    return String.fromCharCode.apply(null, this.#line.subarray(start, end) as unknown as number[])
  }

  #fail(status: 400 | 431, fault: string): never {
    this.#error = new HeadError(status, fault)
    throw this.#error
  }
}
