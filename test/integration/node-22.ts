// A `describe` for the tests that need Node 22, the oldest with a WebSocket of its own.
// Where it is missing the tests say that they were skipped; with CI set they fail.

import { describe, test } from 'vitest'
import { findNode22 } from '../../scripts/find-node-22.mjs'

const found = findNode22()
const missing = 'no Node 22 in test/runtimes: `npm run setup` installs it'

/** A `describe` whose tests run only where Node 22 is there; `body` gets its path. */
export function describeWithNode22(name: string, body: (node: string) => void): void {
  if (found !== undefined) {
    describe(name, () => body(found))
  } else if (process.env.CI) {
    test(name, () => {
      throw new Error(missing)
    })
  } else {
    console.warn(`SKIPPED: ${name} (${missing})`)
    describe.skip(name, () => body(''))
  }
}
