// The packed package as its users get it: what is in it, how it installs, and that both module systems have one library.
// It was built before: `npm test` does so.

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Consumer, installPackage } from './install.ts'

let consumer: Consumer

beforeAll(() => {
  consumer = installPackage()
})
afterAll(() => consumer?.remove())

test('installs from the tarball without network, compiler or a word of alarm', () => {
  expect(consumer.output.trim()).toMatch(/^added \d+ packages? in [\d.]+m?s$/)
})

describe('in the tarball', () => {
  const installed = (path: string) => join(consumer.folder, 'node_modules', 'gibbon-ws', path)

  /** The file of the package that `specifier` in `from` means; declarations name their sources. */
  function resolve(from: string, specifier: string): string {
    const path = posix.join(posix.dirname(from), specifier)
    return /\.d\.[mc]?ts$/.test(from) ? path.replace(/\.(ts|js)$/, '.d.ts') : path
  }

  /** Every file that the entries lead to, by code or by declarations. */
  function reached(): Set<string> {
    const { exports } = JSON.parse(readFileSync(installed('package.json'), 'utf8'))
    const files = new Set<string>()
    const add = (path: string) => {
      if (files.has(path)) return
      files.add(path)
      if (/\.wasm$|\.json$/.test(path)) return
      const specifiers = /(?:\bfrom|\bimport\s*\(?|\brequire\()\s*['"](\.[^'"]+)['"]/g
      for (const [, specifier] of readFileSync(installed(path), 'utf8').matchAll(specifiers))
        add(resolve(path, specifier))
    }
    JSON.stringify(exports, (_, value) => {
      if (typeof value === 'string') add(posix.normalize(value))
      return value
    })
    return files
  }

  /** What tsc emits for a module that has only types. */
  const isEmpty = (path: string) =>
    path.endsWith('.js') &&
    /^\s*("use strict";\s*)?(Object\.define.*\s*)?(export \{\};)?\s*$/.test(
      readFileSync(installed(path), 'utf8').replace(/\/\*[\s\S]*?\*\/|^\/\/.*$/gm, ''),
    )

  test('there is nothing that no entry leads to', () => {
    const files = reached()
    // Every module has its declarations beside it, the inner ones too.
    const isNeeded = (path: string) =>
      files.has(path.replace(/\.d\.ts$/, '.js')) || files.has(path) || isEmpty(path)
    const others = consumer.files.filter((path) => !isNeeded(path))
    expect(others.filter((path) => !path.startsWith('node_modules/node-gyp-build/')).sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist.cjs/package.json',
      'docs/bad-input.md',
      'docs/benchmarks.md',
      'docs/coming-from-gorilla.md',
      'docs/errors.md',
    ])
  })

  test('there is all that the entries lead to', () => {
    const files = [...reached()]
    expect(files.filter((path) => !consumer.files.includes(path))).toEqual([])
    expect(files.length).toBeGreaterThan(50)
  })
})

/** Runs a module of the consumer's; gives what it prints. */
function run(name: string, source: string, ...flags: string[]): string {
  writeFileSync(join(consumer.folder, name), source)
  return execFileSync(process.execPath, [...flags, name], { cwd: consumer.folder, encoding: 'utf8' }).trim()
}

describe('in use', () => {
  const echo = `
    const server = require('node:http').createServer()
    new Upgrader().attach(server, { path: '/' }, async (conn) => {
      for await (const message of conn) await conn.writeMessage(message)
    })
    server.listen(0, async () => {
      const conn = await dial('ws://localhost:' + server.address().port)
      await conn.writeMessage('hé')
      console.log((await conn.readMessage()).text(), (await conn.close()).code)
      server.close()
    })`

  test('require', () => {
    expect(run('echo.cjs', `const { dial, Upgrader } = require('gibbon-ws')\n${echo}`)).toBe('hé 1000')
  })

  test('import', () => {
    const source = `import { createRequire } from 'node:module'
      import { dial, Upgrader } from 'gibbon-ws'
      const require = createRequire(import.meta.url)
      ${echo}`
    expect(run('echo.mjs', source)).toBe('hé 1000')
  })

  test('both give the same classes and one kernel', () => {
    const source = `import { createRequire } from 'node:module'
      import { Conn, WebSocketError } from 'gibbon-ws'
      import * as codec from 'gibbon-ws/codec'
      const require = createRequire(import.meta.url)
      const other = require('gibbon-ws')
      const otherCodec = require('gibbon-ws/codec')
      console.log(
        Conn === other.Conn,
        codec.getKernel() === otherCodec.getKernel(),
        new codec.WebSocketError('ERR_WS_OPCODE') instanceof WebSocketError,
        codec.kernelName(),
      )`
    expect(run('same.mjs', source)).toBe('true true true wasm')
  })

  test.each(['browser', 'worker', 'workerd'])(
    'under the condition %s, import and require give the entry that needs no sockets',
    (condition) => {
      const source = `import { createRequire } from 'node:module'
        const required = createRequire(import.meta.url)('gibbon-ws')
        const imported = await import('gibbon-ws')
        const code = (library) => { try { new library.Upgrader() } catch (error) { return error.code } }
        const names = (library) => Object.keys(library).sort().join()
        console.log(code(required), code(imported), names(required) === names(imported))`
      expect(run('condition.mjs', source, '--conditions', condition)).toBe(
        'ERR_WS_UNSUPPORTED_RUNTIME ERR_WS_UNSUPPORTED_RUNTIME true',
      )
      expect(run('condition.mjs', source)).toBe('undefined undefined true')
    },
  )

  test('gibbon-ws/kernel.wasm is the module that the kernel is made of', () => {
    const source = `import { readFileSync } from 'node:fs'
      import { createRequire } from 'node:module'
      const path = createRequire(import.meta.url).resolve('gibbon-ws/kernel.wasm')
      const module = await WebAssembly.compile(readFileSync(path))
      const embedded = WebAssembly.Module
      let seen
      WebAssembly.Module = class extends embedded { constructor(bytes) { super(bytes); seen = Buffer.from(bytes) } }
      ;(await import('gibbon-ws/codec')).getKernel('wasm')
      console.log(WebAssembly.Module.imports(module).length, readFileSync(path).equals(seen))`
    expect(run('module.mjs', source)).toBe('0 true')
  })
})
