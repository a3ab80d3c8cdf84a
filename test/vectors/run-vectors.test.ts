// Every vector of this folder, on every kernel and by the reference.
// RFC 6455 §5 to §8; the vectors name the section that each of them is about.

import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { difference } from '../codec/plain-events.ts'
import { kernels } from '../kernel/kernels.ts'
import { decodeAll } from '../reference/decode.ts'
import { parseVectors } from './parse-vectors.ts'
import { replay } from './replay.ts'

const folder = new URL('.', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.md') && name !== 'README.md')

for (const file of files) {
  describe(file, () => {
    const vectors = parseVectors(readFileSync(new URL(file, folder), 'utf8'))

    test('the headings are different sentences', () => {
      expect(vectors.length).toBeGreaterThan(0)
      expect(new Set(vectors.map(({ name }) => name)).size).toBe(vectors.length)
    })

    describe.each(vectors.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
      test('the reference gives the expected events', () => {
        expect(difference(vector.events, decodeAll(vector.bytes, vector.options))).toBeUndefined()
      })

      test.each(kernels)('$name gives the expected events, however the stream is cut', (kernel) => {
        replay(vector, kernel)
      })
    })
  })
}
