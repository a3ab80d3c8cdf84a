// The vectors once more through the WASM module's own code, which the kernel leaves to JavaScript for small sizes.
// RFC 6455 §5 to §8; test/vectors has the streams and runs them on the kernels as they are.

import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { wasmInPlace } from '../kernel/kernels.ts'
import { parseVectors } from '../vectors/parse-vectors.ts'
import { replay } from '../vectors/replay.ts'

const folder = new URL('../vectors/', import.meta.url)
/** What fits into the module's memory beside a copy of it. */
const LONGEST = 32_000

const vectors = readdirSync(folder)
  .filter((name) => name.endsWith('.md') && name !== 'README.md')
  .flatMap((name) => parseVectors(readFileSync(new URL(name, folder), 'utf8')))

test('nearly all vectors are short enough', () => {
  const long = vectors.filter(({ bytes }) => bytes.length > LONGEST)
  expect(vectors.length).toBeGreaterThan(100)
  expect(long.length).toBeLessThan(10)
})

const short = vectors.filter(({ bytes }) => bytes.length <= LONGEST)

test.each(short.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
  replay(vector, wasmInPlace)
})
