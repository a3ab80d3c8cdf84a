// The addon that is not there, or that cannot serve: the next kernel does, and nothing is said that nobody asked for.
// Each case runs the built library from a folder of its own, in a process of its own.

import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'gibbon-ws-addon-'))
const addon = join(folder, 'native', 'build', 'Release', 'kernel.node')
const modules = join(folder, 'node_modules')

beforeAll(() => {
  if (!existsSync(`${root}/dist.cjs/index.js`)) throw new Error('the library is not built: npm run build')
  cpSync(`${root}/dist.cjs`, join(folder, 'dist.cjs'), { recursive: true })
  mkdirSync(dirname(addon), { recursive: true })
  cpSync(`${root}/native/index.cjs`, join(folder, 'native', 'index.cjs'))
  symlinkSync(`${root}/node_modules`, modules, 'junction')
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Loads the library, decodes a message with it, and returns what it says of its kernel; it must print nothing. */
function serve(kernel: string | undefined): { name: string; reason: string } {
  const program = `
    process.on('warning', (warning) => console.log(warning))
    const { kernelName, kernelReason } = require('./dist.cjs/index.js')
    const { Protocol } = require('./dist.cjs/codec.js')
    const client = new Protocol({ role: 'client' })
    client.send(1, 'x'.repeat(5000))
    const [message] = new Protocol({ role: 'server' }).receive(client.output())
    if (message.text() !== 'x'.repeat(5000)) throw new Error('another text')
    setImmediate(() => console.log(JSON.stringify({ name: kernelName(), reason: kernelReason() })))`
  const env: NodeJS.ProcessEnv = { ...process.env, NODE_OPTIONS: '' }
  delete env.GIBBON_KERNEL
  if (kernel !== undefined) env.GIBBON_KERNEL = kernel
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', program], {
    cwd: folder,
    env,
    encoding: 'utf8',
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout.trim().split('\n').length).toBe(1)
  return JSON.parse(stdout) as { name: string; reason: string }
}

/** The addon of another package: it loads here, and is no kernel. */
function addonOfBufferutil(): string {
  const require = createRequire(import.meta.url)
  const locate = require('node-gyp-build') as { path(folder: string): string }
  return locate.path(dirname(require.resolve('bufferutil/package.json')))
}

const cases: [string, () => void][] = [
  ['is not there', () => {}],
  ['is no library at all', () => writeFileSync(addon, 'no addon')],
  ['is an empty file', () => writeFileSync(addon, '')],
  ['loads and is no kernel', () => cpSync(addonOfBufferutil(), addon)],
  ['has no loader', () => rmSync(modules)],
]

test.each(cases)('O12: an addon that %s is passed over in silence', (_, prepare) => {
  rmSync(addon, { force: true })
  prepare()
  expect(serve(undefined).name).toBe('wasm')
  expect(serve('js').name).toBe('js')
  const asked = serve('native')
  expect(asked.name).toBe('wasm')
  expect(asked.reason).toMatch(/native: /)
})
