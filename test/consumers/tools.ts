// A `describe` for the tests that need the older compilers or the bundlers of test/consumers/package.json.
// Where they are missing the tests say that they were skipped; with CI set they fail.

import { describe, test } from 'vitest'
import { findConsumerTools } from '../../scripts/find-consumer-tools.mjs'

const found = findConsumerTools()
const missing = 'no compilers and bundlers in test/consumers: `npm run setup` installs them'

/** A `describe` whose tests run only where the tools are there; `body` gets the path of their node_modules. */
export function describeWithTools(name: string, body: (tools: string) => void): void {
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
