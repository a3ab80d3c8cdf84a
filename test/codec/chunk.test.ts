// Short texts of one read are cut out of strings made for many: each is its own text, and keeps little alive.
// RFC 6455 §5.6.

import { expect, test } from 'vitest'
import { Decoder } from '../../src/codec/decoder.ts'
import type { Message } from '../../src/codec/message.ts'
import { nodeText } from '../../src/node/text.ts'
import { frameBytes, join } from '../fuzz/frames.ts'
import { oneOf, seeded } from '../fuzz/random.ts'

const key = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d)

/** Texts of every length around those that are shared and those that are not, some of them not ASCII. */
function manyTexts(seed: number): string[] {
  const pick = seeded(seed)
  return Array.from({ length: 150 }, (_, i) => {
    const length = oneOf(pick, [0, 1, 12, 13, 14, pick(100), pick(600), 511, 512, 513, 2047, 2048, 2049])
    const text = `${i}.`.repeat(length).slice(0, length)
    return pick(6) === 0 ? text.replace('1', 'é') : text
  })
}

function messagesOf(texts: readonly string[]): Message[] {
  const frames = texts.map((text) =>
    frameBytes({ fin: true, opcode: 1, payload: new TextEncoder().encode(text), key }),
  )
  const stream = join(frames)
  const decoder = new Decoder({ role: 'server', text: nodeText })
  const messages: Message[] = []
  for (let at = 0; at < stream.length; at += 65_536)
    messages.push(...(decoder.push(stream.slice(at, at + 65_536)) as Message[]))
  return messages
}

test('texts are right in whatever order they are read, and again', () => {
  for (let seed = 0; seed < 20; seed++) {
    const pick = seeded(seed)
    const texts = manyTexts(seed)
    const messages = messagesOf(texts)
    expect(messages.map((message) => message.text())).toEqual(texts)
    for (let i = 0; i < 500; i++) {
      const at = pick(texts.length - 1)
      expect(messages[at].text()).toBe(texts[at])
    }
  }
})

test('a text asks for at most 2 KiB to be decoded with it, and what it lies in is decoded once', () => {
  const asked: [number, number][] = []
  const latin1 = (bytes: Uint8Array, start: number, end: number) => {
    asked.push([start, end])
    return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
  }
  const texts = Array.from({ length: 100 }, (_, i) => `a text that is number ${i}`)
  const stream = join(
    texts.map((text) => frameBytes({ fin: true, opcode: 1, payload: new TextEncoder().encode(text), key })),
  )
  const decoder = new Decoder({ role: 'server', text: { ...nodeText, latin1 } })
  const messages = decoder.push(stream) as Message[]
  expect(messages.map((message) => message.text())).toEqual(texts)
  for (const [start, end] of asked) expect(end - start).toBeLessThanOrEqual(2048)
  expect(asked.length).toBeLessThanOrEqual(Math.ceil(stream.length / 2048) + 1)
})
