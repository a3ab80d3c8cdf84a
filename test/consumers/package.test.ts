// The packed package as its users get it: installed from the tarball with no network and no compiler, then used.
// Both module systems, one implementation; declarations that compile with skipLibCheck off.

import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '..', '..')
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')

let folder: string
let installed: string

/** What npm needs to run, and nothing that could compile: no cc, make or python; an empty cache, no configuration. */
function bareEnvironment(): NodeJS.ProcessEnv {
  return {
    PATH: join(folder, 'bin'),
    npm_config_userconfig: join(folder, 'npmrc'),
    npm_config_cache: join(folder, 'cache'),
  }
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gibbon-ws-'))
  const npm = execFileSync('which', ['npm'], { encoding: 'utf8' }).trim()
  const sh = execFileSync('which', ['sh'], { encoding: 'utf8' }).trim()
  execFileSync('mkdir', [join(folder, 'bin')])
  for (const [name, path] of [
    ['node', process.execPath],
    ['npm', npm],
    ['sh', sh],
  ]) {
    symlinkSync(path, join(folder, 'bin', name))
  }
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder]
  execFileSync('npm', pack, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  const install = ['install', '--offline', '--no-audit', '--no-fund', '--no-update-notifier', `./${tarball}`]
  const { stdout, stderr } = spawnSync('npm', install, {
    cwd: folder,
    env: bareEnvironment(),
    encoding: 'utf8',
  })
  installed = stdout + stderr
}, 60_000)

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** Runs a module of the consumer's; gives what it prints. */
function run(name: string, source: string): string {
  writeFileSync(join(folder, name), source)
  return execFileSync(process.execPath, [name], { cwd: folder, encoding: 'utf8' }).trim()
}

test('installs from the tarball without network, compiler or a word of alarm', () => {
  expect(installed.trim()).toMatch(/^added \d+ packages? in [\d.]+m?s$/)
})

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
})

describe('declarations compile', () => {
  const resolutions = [
    ['nodenext', 'nodenext'],
    ['bundler', 'esnext'],
  ]

  test.each(resolutions)('under %s, for Node', (moduleResolution, module) => {
    for (const name of ['@types', 'undici-types']) {
      const link = join(folder, 'node_modules', name)
      rmSync(link, { force: true })
      symlinkSync(join(root, 'node_modules', name), link)
    }
    compile('types-node.ts', { module, moduleResolution, lib: ['es2022', 'dom'], types: ['node'] })
  })

  test.each(resolutions)('under %s, for a worker without Node’s types', (moduleResolution, module) => {
    compile('types-codec.ts', { module, moduleResolution, lib: ['es2022', 'webworker'], types: [] })
  })

  function compile(file: string, options: Record<string, unknown>): void {
    copyFileSync(join(here, `${file}.txt`), join(folder, file))
    const compilerOptions = { ...options, target: 'es2022', strict: true, noEmit: true, skipLibCheck: false }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }))
    const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', '.'], {
      cwd: folder,
      encoding: 'utf8',
    })
    expect(stdout).toBe('')
    expect(status).toBe(0)
  }
})
