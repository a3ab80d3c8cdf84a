// The blocks of TypeScript and JavaScript in README.md and docs/coming-from-gorilla.md: all compile against the packed
// package, and nearly all are run, each as a program of its own.

import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { portOf } from '../integration/raw-peer.ts'
import { type Companion, companions, imports, prelude } from './companions.ts'
import { clean, DocsConsumer } from './consumer.ts'
import { type Snippet, snippetsOf } from './pages.ts'

const snippets = ['README.md', 'docs/coming-from-gorilla.md'].flatMap((path) =>
  snippetsOf(path, ['ts', 'js']),
)

const none: Companion = {}
const companionOf = ({ name }: Snippet): Companion => companions.get(name) ?? none

/** The block as a whole module; it is compiled as TypeScript, as it is written with types or without. */
function moduleOf(snippet: Snippet): string {
  const { before = '', after = '' } = companionOf(snippet)
  const own = /from 'gibbon-ws'/.test(snippet.code) ? '' : imports
  return [prelude, own, before, snippet.code, after, 'export {}', ''].join('\n')
}

const fileOf = (at: number) => `snippet-${at}.mts`

let consumer: DocsConsumer

beforeAll(() => {
  consumer = new DocsConsumer()
  // A key and a certificate for localhost that is its own authority.
  consumer.copy('test/integration/fixtures/localhost.key', 'server.key')
  for (const name of ['server.crt', 'ca.crt']) consumer.copy('test/integration/fixtures/localhost.crt', name)
})
afterAll(() => consumer?.remove())

/** One that nobody has at the moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const port = portOf(server)
  server.close()
  await once(server, 'close')
  return port
}

test('there are some, and a companion belongs to a block', () => {
  expect(snippets.length).toBeGreaterThan(35)
  const names = snippets.map(({ name }) => name)
  expect([...companions.keys()].filter((name) => !names.includes(name))).toEqual([])
})

test('all compile', { timeout: 120_000 }, () => {
  snippets.forEach((snippet, at) => {
    consumer.write(fileOf(at), moduleOf(snippet))
  })
  expect(consumer.compile(snippets.map((_, at) => fileOf(at)))).toBe(clean)
})

describe('those that can be run do what the page says', () => {
  for (const snippet of snippets) {
    const { notRun, prints = '' } = companionOf(snippet)
    if (notRun !== undefined) continue
    test(snippet.name, { timeout: 90_000 }, async () => {
      const port = await freePort()
      const output = await consumer.run(`run-${port}.mjs`, moduleOf(snippet).replaceAll('8080', String(port)))
      expect(output).toMatch(/exit status 0$/)
      expect(output).toContain(prints)
    })
  }
})
