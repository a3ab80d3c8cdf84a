// The packaged codec in a dedicated module worker of a real browser, with WebAssembly and where it is forbidden.
// RFC 6455 §5 to §8 by the vectors of test/vectors; the policies are those of CSP level 3, §4.2.2 and 'wasm-unsafe-eval'.

import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build, type Metafile } from 'esbuild'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseVectors } from '../vectors/parse-vectors.ts'
import { describeInChromium, launchChromium, type ServedFile, serve } from './chromium.ts'
import type { Report } from './vector-worker.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = new URL('../vectors/', import.meta.url)
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.md') && name !== 'README.md')
  .map((name) => readFileSync(new URL(name, folder), 'utf8'))

/** The worker with all it imports, as a browser gets it: no Node module is replaced, nothing is added. */
async function bundle(): Promise<{ code: string; metafile: Metafile }> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['test/browser/vector-worker.ts'],
    bundle: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    write: false,
    metafile: true,
    plugins: [
      {
        // The vectors' runner is written against the sources; here it must meet what the package ships.
        name: 'the emitted files in place of their sources',
        setup({ onResolve }) {
          onResolve({ filter: /^\.\.\/\.\.\/src\/.*\.ts$/ }, ({ path }) => ({
            path: `${root}${path.replace('../../src/', 'dist.esm/').replace(/\.ts$/, '.js')}`,
          }))
        },
      },
    ],
  })
  return { code: outputFiles[0].text, metafile }
}

describeInChromium('the codec in a worker', () => {
  let browser: Browser
  let code: string
  let metafile: Metafile

  beforeAll(async () => {
    ;[browser, { code, metafile }] = await Promise.all([launchChromium(), bundle()])
  })
  afterAll(() => browser?.close())

  /** Replays the vectors in a worker whose script came with this policy, or with none. */
  async function replayUnder(policy?: string): Promise<Report> {
    const script = { 'content-type': 'text/javascript' }
    const page: ServedFile = {
      body: '<!doctype html><title>page</title>',
      headers: { 'content-type': 'text/html' },
    }
    const worker: ServedFile = {
      body: code,
      headers: policy === undefined ? script : { ...script, 'content-security-policy': policy },
    }
    const site = await serve({ '/': page, '/worker.js': worker })
    const context = await browser.newContext()
    try {
      const tab = await context.newPage()
      await tab.goto(`${site.origin}/`)
      return await tab.evaluate(
        (markdown) =>
          new Promise<Report>((resolve, reject) => {
            const worker = new Worker('/worker.js', { type: 'module' })
            worker.onmessage = ({ data }) => resolve(data)
            worker.onerror = ({ message }) => reject(new Error(`the worker failed: ${message}`))
            worker.postMessage(markdown)
          }),
        files,
      )
    } finally {
      await context.close()
      await site.close()
    }
  }

  function expectAllVectors({ vectors, failures, nodeGlobals }: Report): void {
    expect(failures).toEqual([])
    expect(vectors).toBe(files.flatMap(parseVectors).length)
    expect(vectors).toBeGreaterThan(0)
    expect(nodeGlobals).toEqual([])
  }

  test('is bundled from the package and the vectors alone: no Node module, no polyfill', () => {
    const inputs = Object.keys(metafile.inputs)
    expect(inputs.filter((path) => !/^(dist\.esm|test)\//.test(path))).toEqual([])
    expect(inputs).toContain('dist.esm/codec.js')
    const imports = [...Object.values(metafile.inputs), ...Object.values(metafile.outputs)].flatMap(
      (file) => file.imports,
    )
    expect(imports.filter(({ path, external }) => external || path.startsWith('node:'))).toEqual([])
    expect(code.match(/\bnode:|\brequire\(|\bBuffer\.|\bprocess\.nextTick/g)).toBeNull()
  })

  test('gives the events of every vector with WebAssembly', async () => {
    const report = await replayUnder()
    expect(report.kernel).toBe('wasm')
    expectAllVectors(report)
  })

  test("gives them with WebAssembly under a policy that allows it by 'wasm-unsafe-eval'", async () => {
    const report = await replayUnder("script-src 'self' 'wasm-unsafe-eval'")
    expect(report.kernel).toBe('wasm')
    expectAllVectors(report)
  })

  test('gives them with the js kernel under a policy that forbids WebAssembly', async () => {
    const report = await replayUnder("script-src 'self'")
    expect(report.kernel).toBe('js')
    expect(report.reason).toMatch(/wasm: .*(unsafe-eval|Content Security Policy)/)
    expectAllVectors(report)
  })
})
