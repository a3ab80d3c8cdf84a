// The transcoder gives the string that TextDecoder gives, for every text, every place and every length.
// RFC 3629; Unicode 15, tables 3-6 and 3-7.

import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTranscoder, type Transcode } from '../../src/node/transcoder.ts'
import { SOURCE_BYTES } from '../../src/node/transcoder-layout.ts'

/** There is one on those versions of Node whose own decoder is slow. */
const transcode = createTranscoder() as Transcode
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Characters of one to four bytes, in runs and mixed; the first and the last of each length are there often. */
const character = fc.oneof(
  fc.integer({ min: 0, max: 0x7f }),
  fc.integer({ min: 0x80, max: 0x7ff }),
  fc.oneof(fc.integer({ min: 0x800, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0xffff })),
  fc.integer({ min: 0x10000, max: 0x10ffff }),
  fc.constantFrom(0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xfeff, 0xffff, 0x10000, 0x10ffff),
)
const texts = fc
  .array(fc.tuple(character, fc.integer({ min: 1, max: 20 })), { maxLength: 30 })
  .map((runs) => runs.map(([point, times]) => String.fromCodePoint(point).repeat(times)).join(''))

test.skipIf(transcode === undefined)('gives the string that was encoded, wherever its bytes lie', () => {
  fc.assert(
    fc.property(texts, fc.nat(20), fc.nat(20), (text, before, behind) => {
      const bytes = encoder.encode(text)
      const around = new Uint8Array(before + bytes.length + behind).fill(0xf4)
      around.set(bytes, before)
      expect(transcode(around, before, before + bytes.length)).toBe(text)
    }),
    { numRuns: 3000 },
  )
})

test.skipIf(transcode === undefined)('every character comes out, at every place of a step', () => {
  for (const pad of [0, 1, 5, 13, 14, 15]) {
    let text = ' '.repeat(pad)
    for (let point = 0; point < 0x110000; point += point < 0x3000 ? 1 : 37)
      if (point < 0xd800 || point > 0xdfff) text += String.fromCodePoint(point)
    const bytes = encoder.encode(text)
    const decoded = transcode(bytes, 0, bytes.length)
    if (decoded !== text) throw new Error(`differs with ${pad} in front`)
  }
})

test.skipIf(transcode === undefined)('longer texts than the module takes are cut between characters', () => {
  for (const unit of ['x', 'é', '日', '🙂', 'aé日🙂']) {
    for (const extra of [0, 1, 2, 3, 5]) {
      const bytes = encoder.encode(
        `${'-'.repeat(extra)}${unit.repeat(Math.ceil((2.5 * SOURCE_BYTES) / unit.length))}`,
      )
      for (const end of [SOURCE_BYTES - 1, SOURCE_BYTES, SOURCE_BYTES + 1, bytes.length]) {
        let stop = end
        while (stop < bytes.length && (bytes[stop] & 0xc0) === 0x80) stop++
        const part = bytes.subarray(0, stop)
        if (transcode(bytes, 0, stop) !== decoder.decode(part)) throw new Error(`${unit} ${extra} ${end}`)
      }
    }
  }
})

test('there is none where JavaScript was asked for, and texts are the same', () => {
  const program = `
    const { nodeText } = require('./dist.cjs/node/text.js')
    const { createTranscoder } = require('./dist.cjs/node/transcoder.js')
    const text = 'Größe – 日本 🙂'.repeat(50)
    const bytes = Buffer.from(text)
    console.log(createTranscoder() === undefined, nodeText.decode(bytes, 0, bytes.length, false) === text)`
  const run = (kernel: string) =>
    execFileSync(process.execPath, ['-e', program], {
      env: { ...process.env, GIBBON_KERNEL: kernel },
      encoding: 'utf8',
    }).trim()
  expect(run('js')).toBe('true true')
  expect(run('wasm')).toBe(`${transcode === undefined} true`)
})
