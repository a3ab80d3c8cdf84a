// The parser of HTTP heads: the same outcome at every split, strict where the RFC leaves a choice, bounded in bytes and fields.
// RFC 9112 §2 to §5.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WebSocketError } from '../../src/codec/errors.ts'
import { HeadError, HeadParser, MAX_HEAD_BYTES, MAX_HEAD_FIELDS } from '../../src/handshake/head-parser.ts'
import { latin1, leastTime, parseHead, thrown } from './heads.ts'

type Kind = 'request' | 'response'

const requestText =
  'GET /chat?room=1 HTTP/1.1\r\nHost: server.example.com\r\nX-Empty:\r\nx-spaces: \t a \t b\t \r\nX-Latin: \xfc\r\n\r\n'
const requestHead = {
  method: 'GET',
  target: '/chat?room=1',
  httpVersion: '1.1',
  fields: [
    ['Host', 'server.example.com'],
    ['X-Empty', ''],
    ['x-spaces', 'a \t b'],
    ['X-Latin', '\xfc'],
  ],
}
const responseText = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n'
const responseHead = {
  status: 101,
  reason: 'Switching Protocols',
  httpVersion: '1.1',
  fields: [['Upgrade', 'websocket']],
}
const frames = '\x81\x05Hello\r\n\r\n'

/** Pushes `text` in the given pieces. @returns the head and where in `text` it ended, or the error */
function replay(kind: Kind, text: string, ends: readonly number[]) {
  const bytes = latin1(text)
  const parser = new HeadParser(kind)
  let start = 0
  try {
    for (const end of [...ends, bytes.length]) {
      const at = parser.push(bytes, start, end)
      if (at >= 0) return { head: parser.head, at }
      start = end
    }
  } catch (error) {
    return { error: (error as HeadError).message, status: (error as HeadError).status }
  }
  return { head: parser.head, at: -1 }
}

/** The same outcome for `text` whole, byte by byte, and at every single split. */
function replayAll(kind: Kind, text: string) {
  const whole = replay(kind, text, [])
  const everywhere = Array.from({ length: text.length - 1 }, (_, i) => i + 1)
  expect(replay(kind, text, everywhere)).toEqual(whole)
  for (const split of everywhere) expect(replay(kind, text, [split])).toEqual(whole)
  return whole
}

describe('a head', () => {
  it.each([
    ['request', requestText, requestHead],
    ['response', responseText, responseHead],
  ] as const)(
    'of a %s is parsed alike whole, byte by byte and at every split, and the frames behind it stay',
    (kind, text, head) => {
      expect(replayAll(kind, text + frames)).toEqual({ head, at: text.length })
      expect(replayAll(kind, text)).toEqual({ head, at: text.length })
    },
  )

  it('is looked at from start to end of the given range only', () => {
    const bytes = latin1(`\0\0${responseText}\0\0`)
    const parser = new HeadParser('response')
    expect(parser.push(bytes, 2, bytes.length - 2)).toBe(bytes.length - 2)
    expect(parser.head).toEqual(responseHead)
  })

  it('B12: that is complete leaves every later byte to the frames', () => {
    const parser = new HeadParser('response')
    const bytes = latin1(responseText)
    expect(parser.push(bytes, 0, bytes.length)).toBe(bytes.length)
    expect(parser.push(latin1('\0\0\0'), 1, 3)).toBe(1)
    expect(parser.head).toEqual(responseHead)
  })

  it('is unknown while incomplete', () => {
    const parser = new HeadParser('request')
    expect(parser.push(latin1(requestText), 0, requestText.length - 1)).toBe(-1)
    expect(parser.head).toBeUndefined()
  })

  it('may have no field', () => {
    expect(replayAll('request', 'GET / HTTP/1.1\r\n\r\n')).toMatchObject({ head: { fields: [] } })
  })

  it.each([
    ['GET http://evil/x HTTP/1.1', { method: 'GET', target: 'http://evil/x', httpVersion: '1.1' }],
    ['PRI * HTTP/2.0', { method: 'PRI', target: '*', httpVersion: '2.0' }],
    ['GET / HTTP/1.0', { method: 'GET', target: '/', httpVersion: '1.0' }],
  ])('begins with the request line %j, which is for the judge', (line, head) => {
    expect(replayAll('request', `${line}\r\n\r\n`)).toMatchObject({ head })
  })

  it.each([
    ['HTTP/1.0 200 OK', { status: 200, reason: 'OK', httpVersion: '1.0' }],
    ['HTTP/1.1 101 ', { status: 101, reason: '', httpVersion: '1.1' }],
    ['HTTP/1.1 999 \xfc\tx', { status: 999, reason: '\xfc\tx', httpVersion: '1.1' }],
  ])('begins with the status line %j', (line, head) => {
    expect(replayAll('response', `${line}\r\n\r\n`)).toMatchObject({ head })
  })
})

describe('A22: a malformed head is refused with ERR_WS_HEAD and 400, alike at every split:', () => {
  it.each([
    ['a bare LF behind the request line', 'GET / HTTP/1.1\nHost: a\r\n\r\n', 'a LF without CR'],
    ['a bare LF behind a field', 'GET / HTTP/1.1\r\nHost: a\n\r\n', 'a LF without CR'],
    ['a bare CR', 'GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n', 'a CR without LF'],
    ['CR CR LF', 'GET / HTTP/1.1\r\nHost: a\r\r\n\r\n', 'a CR without LF'],
    ['a folded line', 'GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n', 'a folded line'],
    ['a line folded with a tab', 'GET / HTTP/1.1\r\nHost: a\r\n\tb: c\r\n\r\n', 'a folded line'],
    ['whitespace before the first field', 'GET / HTTP/1.1\r\n Host: a\r\n\r\n', 'a folded line'],
    ['a space before the colon', 'GET / HTTP/1.1\r\nX : a\r\n\r\n', 'malformed field name'],
    ['no name', 'GET / HTTP/1.1\r\n: a\r\n\r\n', 'malformed field name'],
    ['a name in latin1', 'GET / HTTP/1.1\r\n\xfc: a\r\n\r\n', 'malformed field name'],
    ['no colon', 'GET / HTTP/1.1\r\nHost\r\n\r\n', 'a field without a colon'],
    [
      'no colon where an older line had one',
      'GET / HTTP/1.1\r\nHost: a\r\nHos\r\n\r\n',
      'a field without a colon',
    ],
    ['NUL in a value', 'GET / HTTP/1.1\r\nX: a\0b\r\n\r\n', 'a control character'],
    ['DEL in a value', 'GET / HTTP/1.1\r\nX: a\x7f\r\n\r\n', 'a control character'],
    ['NUL in the target', 'GET /\0 HTTP/1.1\r\n\r\n', 'a control character'],
    ['an empty first line', '\r\nGET / HTTP/1.1\r\n\r\n', 'malformed request line'],
    ['two spaces', 'GET  / HTTP/1.1\r\n\r\n', 'malformed request line'],
    ['a tab for a space', 'GET\t/ HTTP/1.1\r\n\r\n', 'malformed request line'],
    ['a space at the end of the line', 'GET / HTTP/1.1 \r\n\r\n', 'malformed request line'],
    ['no version', 'GET /\r\n\r\n', 'malformed request line'],
    ['a version in lower case', 'GET / http/1.1\r\n\r\n', 'malformed request line'],
    ['a version of two digits', 'GET / HTTP/1.10\r\n\r\n', 'malformed request line'],
    ['a method that is no token', 'G(T / HTTP/1.1\r\n\r\n', 'malformed request line'],
    ['a target in latin1', 'GET /\xfc HTTP/1.1\r\n\r\n', 'malformed request line'],
    ['a status line', 'HTTP/1.1 101 x\r\n\r\n', 'malformed request line'],
    ['a TLS ClientHello', '\x16\x03\x01\x02\x00\x01\x00\x01', 'a control character'],
  ])('%s', (_, text, fault) => {
    expect(replayAll('request', text + frames)).toEqual({
      error: `websocket: malformed or too large HTTP head: ${fault}`,
      status: 400,
    })
  })

  it.each([
    ['no space behind the status', 'HTTP/1.1 101\r\n\r\n'],
    ['two spaces', 'HTTP/1.1  101 x\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 99 x\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 1010 x\r\n\r\n'],
    ['a status below 100', 'HTTP/1.1 099 x\r\n\r\n'],
    ['another protocol', 'ICY 200 OK\r\n\r\n'],
    ['a request line', 'GET / HTTP/1.1\r\n\r\n'],
  ])('%s, in a response', (_, text) => {
    expect(replayAll('response', text)).toEqual({
      error: 'websocket: malformed or too large HTTP head: malformed status line',
      status: 400,
    })
  })

  it('and the parser throws the same error for ever after', () => {
    const parser = new HeadParser('request')
    const error = thrown(() => parser.push(latin1('\n'), 0, 1))
    expect(error).toBeInstanceOf(HeadError)
    expect(error).toMatchObject({ code: 'ERR_WS_HEAD', remote: true, fault: 'a LF without CR' })
    expect(thrown(() => parser.push(latin1(requestText), 0, requestText.length))).toBe(error)
    expect(parser.head).toBeUndefined()
  })
})

/** A request of exactly `size` bytes with one long field. */
function requestOf(size: number): string {
  const [before, after] = ['GET / HTTP/1.1\r\nX: ', '\r\n\r\n']
  return before + 'a'.repeat(size - before.length - after.length) + after
}

function requestWith(fields: number): string {
  return `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(fields)}\r\n`
}

describe('A20, B11: the size of a head', () => {
  it('may be exactly 16 KiB, frames behind it not counted', () => {
    expect(MAX_HEAD_BYTES).toBe(16_384)
    const { head, rest } = parseHead('request', latin1(requestOf(MAX_HEAD_BYTES) + frames))
    expect(head.fields[0]![1]).toHaveLength(MAX_HEAD_BYTES - 23)
    expect(rest).toBe(frames)
  })

  it('may not be one byte more: 431', () => {
    const text = requestOf(MAX_HEAD_BYTES + 1)
    const error = { error: expect.stringContaining('longer than 16384 bytes'), status: 431 }
    expect(replay('request', text, [])).toEqual(error)
    expect(
      replay(
        'request',
        text,
        Array.from(text, (_, i) => i),
      ),
    ).toEqual(error)
    for (let split = MAX_HEAD_BYTES - 5; split <= MAX_HEAD_BYTES; split++) {
      expect(replay('request', text, [split])).toEqual(error)
    }
  })

  it('is bounded for an endless line and for endless fields, of requests and responses', () => {
    for (const kind of ['request', 'response'] as const) {
      const parser = new HeadParser(kind)
      const chunk = latin1('a'.repeat(1024))
      for (let i = 0; i < 16; i++) expect(parser.push(chunk, 0, 1024)).toBe(-1)
      expect(thrown(() => parser.push(chunk, 0, 1024))).toMatchObject({ status: 431 })
    }
  })

  it('may be 100 fields', () => {
    expect(MAX_HEAD_FIELDS).toBe(100)
    expect(parseHead('request', latin1(requestWith(100))).head.fields).toHaveLength(100)
  })

  it('A21: may not be 101 fields: 400', () => {
    expect(replayAll('request', requestWith(101))).toEqual({
      error: expect.stringContaining('more than 100 fields'),
      status: 400,
    })
  })

  it('of 16 KiB is parsed byte by byte in linear time', () => {
    const bytes = latin1(requestOf(MAX_HEAD_BYTES))
    const time = leastTime(() => {
      const parser = new HeadParser('request')
      for (let i = 0; i < bytes.length; i++) parser.push(bytes, i, i + 1)
      expect(parser.head).toBeDefined()
    })
    // Looking at every byte again for each new one takes over 100 ms.
    expect(time).toBeLessThan(15)
  })
})

describe('whatever the bytes,', () => {
  const kinds = fc.constantFrom<Kind>('request', 'response')
  const nearly = fc
    .array(
      fc.constantFrom(
        'GET / HTTP/1.1',
        'HTTP/1.1 101 x',
        '\r\n',
        '\r',
        '\n',
        ' ',
        '\t',
        ':',
        'Host: a',
        '\0',
        '\xff',
        'a',
      ),
    )
    .map((pieces) => latin1(pieces.join('')))
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 300 }), nearly)

  it('the parser throws nothing but its own WebSocketError', () => {
    fc.assert(
      fc.property(kinds, fc.array(bytes, { maxLength: 5 }), (kind, chunks) => {
        const parser = new HeadParser(kind)
        try {
          for (const chunk of chunks) {
            const at = parser.push(chunk, 0, chunk.length)
            expect(at).toBeGreaterThanOrEqual(-1)
            expect(at).toBeLessThanOrEqual(chunk.length)
          }
        } catch (error) {
          expect(error).toBeInstanceOf(WebSocketError)
          expect(error).toMatchObject({ code: 'ERR_WS_HEAD' })
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('the outcome does not depend on the split', () => {
    fc.assert(
      fc.property(kinds, bytes, fc.nat(300), (kind, chunk, split) => {
        const text = String.fromCharCode(...chunk)
        expect(replay(kind, text, [Math.min(split, text.length)])).toEqual(replay(kind, text, []))
      }),
      { numRuns: 2000 },
    )
  })
})
