// What the tests in a real browser share: finding and starting Chromium, and serving files with chosen headers.
// Where there is no Chromium the tests say that they were skipped; with CI set they fail.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, chromium } from 'playwright-core'
import { describe, test } from 'vitest'
import { findChromium } from '../../scripts/find-chromium.mjs'

const executablePath = findChromium()
const missing =
  'no Chromium found: `npm run setup` installs it as root on Debian, CHROMIUM_PATH names one that is elsewhere'

/** A `describe` whose tests run only where Chromium is there. */
export function describeInChromium(name: string, body: () => void): void {
  if (executablePath !== undefined) {
    describe(name, body)
  } else if (process.env.CI) {
    test(`${name} (in Chromium)`, () => {
      throw new Error(missing)
    })
  } else {
    console.warn(`SKIPPED: ${name} (${missing})`)
    describe.skip(name, body)
  }
}

export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: executablePath!,
    // The sandbox is refused to root and in many containers; the pages are all our own.
    chromiumSandbox: false,
    args: [
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

export interface ServedFile {
  readonly body: string | Uint8Array
  readonly headers: Record<string, string>
}

/** Serves the files by their paths on a port of its own; anything else is 404. */
export async function serve(
  files: Record<string, ServedFile>,
): Promise<{ origin: string; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const file = files[request.url!]
    if (file === undefined) response.writeHead(404).end()
    else response.writeHead(200, file.headers).end(file.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
