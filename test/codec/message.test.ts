// A received message: its bytes, its text, and whose they are.
// RFC 6455 §5.6.

import { describe, expect, test } from 'vitest'
import { Chunk } from '../../src/codec/chunk.ts'
import type { DataType } from '../../src/codec/constants.ts'
import { ASCII, Message, type TextForm, UNCHECKED, VALID_UTF8 } from '../../src/codec/message.ts'
import { portableText } from '../../src/codec/text-codec.ts'
import { nodeText } from '../../src/node/text.ts'

const utf8 = new TextEncoder()

/** A message that stands in the middle of a chunk. */
function inChunk(type: DataType, data: string | Uint8Array, form: TextForm, text = nodeText): Message {
  const bytes = typeof data === 'string' ? utf8.encode(data) : data
  const chunk = new Uint8Array(bytes.length + 20).fill(0xff)
  chunk.set(bytes, 7)
  // The chunk is itself a view of something larger, as those of Node are.
  const pool = new Uint8Array(chunk.length + 11)
  pool.set(chunk, 11)
  return new Message(type, new Chunk(pool.subarray(11), text), 7, bytes.length, form)
}

test('has a type, a length and its bytes', () => {
  const message = inChunk(2, Uint8Array.of(1, 2, 3), UNCHECKED)
  expect([message.type, message.isText, message.byteLength]).toEqual([2, false, 3])
  expect([...message.data]).toEqual([1, 2, 3])
  expect(inChunk(1, 'é', VALID_UTF8).isText).toBe(true)
  expect(inChunk(1, 'é', VALID_UTF8).byteLength).toBe(2)
})

test('gives a plain Uint8Array, the same object each time', () => {
  const pool = Buffer.from('--payload--')
  const message = new Message(1, new Chunk(pool, nodeText), 2, 7, ASCII)
  expect(Object.getPrototypeOf(message.data)).toBe(Uint8Array.prototype)
  expect(message.data).toBe(message.data)
  expect(Buffer.from(message.data).toString()).toBe('payload')
})

describe.each([
  ['the portable text codec', portableText],
  ['the text codec of Node', nodeText],
])('with %s', (_, codec) => {
  test.each<[string, string, TextForm]>([
    ['an ASCII text', 'plain text', ASCII],
    ['an empty text', '', ASCII],
    ['a text of characters of every length', 'aé€😀\0\u{10ffff}', VALID_UTF8],
    ['F6: a text that begins with U+FEFF', '\ufefftext', VALID_UTF8],
    ['a text that was not checked', 'é', UNCHECKED],
    ['F6: an unchecked text that begins with U+FEFF', '\ufeffé', UNCHECKED],
    ['a long text', 'abcdé€😀'.repeat(10_000), VALID_UTF8],
  ])('%s comes back as it was', (__, text, form) => {
    const message = inChunk(1, text, form, codec)
    expect(message.text()).toBe(text)
    expect(message.copy().text()).toBe(text)
  })

  test('the text of bytes that are no text throws', () => {
    for (const type of [1, 2] as const) {
      const message = inChunk(type, Uint8Array.of(0x61, 0xff), UNCHECKED, codec)
      expect(() => message.text()).toThrow(
        expect.objectContaining({ code: 'ERR_WS_INVALID_UTF8', remote: false }),
      )
      expect(() => message.json()).toThrow(expect.objectContaining({ code: 'ERR_WS_INVALID_UTF8' }))
    }
  })
})

test('json() parses the text, and throws as JSON.parse does', () => {
  const { list } = inChunk(1, '{"list":[1,"é",null]}', VALID_UTF8).json<{ list: unknown[] }>()
  expect(list).toEqual([1, 'é', null])
  expect(inChunk(2, '3', UNCHECKED).json()).toBe(3)
  expect(() => inChunk(1, '{', ASCII).json()).toThrow(SyntaxError)
})

test('a copy has memory of its own, exactly as large as it is', () => {
  const message = inChunk(1, 'text', ASCII)
  const copy = message.copy()
  message.data.fill(0)
  expect([copy.type, copy.form, copy.text(), copy.data.buffer.byteLength]).toEqual([1, ASCII, 'text', 4])
  expect(copy.data).not.toBe(message.data)
})

test('a copy into memory that is none throws', () => {
  const message = inChunk(1, 'text', ASCII)
  const copy = () => message.copy('memory' as unknown as Uint8Array)
  expect(copy).toThrow(expect.objectContaining({ code: 'ERR_WS_ARGUMENT' }) as Error)
  expect(copy).toThrow(TypeError)
})

describe('Message.isMessage', () => {
  test('holds for a message of another copy of the library', async () => {
    const url = new URL('../../src/codec/message.ts', import.meta.url)
    const other = (await import(`${url.pathname}?copy`)) as typeof import('../../src/codec/message.ts')
    expect(other.Message).not.toBe(Message)
    expect(Message.isMessage(new other.Message(1, new Chunk(utf8.encode('x'), nodeText), 0, 1, ASCII))).toBe(
      true,
    )
  })

  test('does not hold for anything else', () => {
    for (const value of [
      null,
      undefined,
      'text',
      1,
      {},
      { type: 1, data: new Uint8Array(1) },
      new Uint8Array(1),
    ])
      expect(Message.isMessage(value)).toBe(false)
  })
})
