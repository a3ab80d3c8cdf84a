// The packed package in a bundle for a browser's worker, by each bundler, run where a worker's globals are all there is.
// The codec is in it and nothing else; where WebAssembly is absent the js kernel serves by itself.

import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as onNode from '../../src/index.ts'
import { type Bundle, type Bundler, esbuild, rollupOf, webpackOf } from './bundlers.ts'
import { type Consumer, installPackage } from './install.ts'
import { describeWithTools } from './tools.ts'
import { runInWorkerScope } from './worker-scope.ts'

let consumer: Consumer

beforeAll(() => {
  consumer = installPackage()
  for (const name of ['codec-worker.js', 'library-worker.js'])
    copyFileSync(fileURLToPath(new URL(`programs/${name}`, import.meta.url)), join(consumer.folder, name))
})
afterAll(() => consumer?.remove())

/** Holds for a bundle that has the program, the package's portable modules, and no word of Node. */
function expectPortable({ code, inputs }: Bundle, entry: string): void {
  const others = inputs.filter((path) => path !== entry)
  expect(others.filter((path) => !/^node_modules\/gibbon-ws\/dist\.esm\//.test(path))).toEqual([])
  expect(others.length).toBeGreaterThan(10)
  expect(code.match(/['"`]node:|\brequire\(|\bBuffer[.(]\w/g)).toBeNull()
}

function testBundles(bundle: Bundler): void {
  describe('gibbon-ws/codec', () => {
    let result: Bundle

    beforeAll(async () => {
      result = await bundle(consumer.folder, 'codec-worker.js')
    })

    test('is all that the bundle has', () => {
      expectPortable(result, 'codec-worker.js')
      expect(result.inputs.filter((path) => path.includes('/conn/'))).toEqual([])
    })

    test.each([
      ['with WebAssembly', true, 'wasm', /^the fastest that runs here$/],
      ['without', false, 'js', /^the fastest that runs here \(wasm: WebAssembly is not defined\)$/],
    ])('runs %s', async (_, webAssembly, kernel, reason) => {
      expect(await runInWorkerScope(result.code, { webAssembly })).toEqual({
        kernel,
        reason: expect.stringMatching(reason),
        seen: [
          'text of 5: short',
          'text of 4500: höher 🐒',
          'binary of 100000: true',
          'Ping',
          'Pong',
          'Close 1000',
          'Close 1000',
          'ERR_WS_RESERVED_BIT',
        ],
      })
    })
  })

  describe('gibbon-ws', () => {
    let result: Bundle

    beforeAll(async () => {
      result = await bundle(consumer.folder, 'library-worker.js')
    })

    test('is in the bundle without what needs Node', () => {
      expectPortable(result, 'library-worker.js')
    })

    test('has every name that it has on Node, and says which of them cannot work and what can', async () => {
      const instead = /^TypeError ERR_WS_UNSUPPORTED_RUNTIME websocket: \w+ needs Node.* gibbon-ws\/codec$/
      expect(await runInWorkerScope(result.code, { webAssembly: true })).toEqual({
        names: Object.keys(onNode).sort(),
        failures: {
          Upgrader: expect.stringMatching(instead),
          Dialer: expect.stringMatching(instead),
          dial: expect.stringMatching(instead),
          'defaultDialer.dial': expect.stringMatching(instead),
        },
        works: ['3,232,98,121,101', 'wasm', true, 'one,two.', 1000],
      })
    })
  })
}

describe('bundled by esbuild', () => testBundles(esbuild))
describeWithTools('bundled by rollup', (tools) => testBundles(rollupOf(tools)))
describeWithTools('bundled by webpack', (tools) => testBundles(webpackOf(tools)))
