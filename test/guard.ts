// Makes every test process fail on what would otherwise pass unseen: a stray rejection, exception or runtime warning.

import { afterAll, expect } from 'vitest'

const seen: unknown[] = []
const note = (what: unknown) => {
  seen.push(what)
}
process.on('unhandledRejection', note)
process.on('uncaughtException', note)
process.on('warning', note)

afterAll(async () => {
  // A rejection is reported one macrotask after it went unhandled.
  await new Promise((resolve) => setTimeout(resolve, 10))
  expect(seen).toEqual([])
})
