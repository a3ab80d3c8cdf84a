// Which kernel serves a realm, and why: each case in a process of its own, on the library as it is built.
// The environment variable, the runtime's flags and the copies of the library are what decides.

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { getKernel, kernelName, kernelReason } from '../../src/kernel/select.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Runs a script on the built library and returns what it reports; `cjs` and `node` are the two CommonJS entries. */
function run(script: string, kernel?: string, flags: string[] = []): unknown {
  if (!existsSync(`${root}/dist.cjs/codec.js`)) throw new Error('the library is not built: npm run build')
  const program = `
    const cjs = () => require('./dist.cjs/codec.js')
    const node = () => require('./dist.cjs/index.js')
    const report = (value) => console.log(JSON.stringify(value))
    const say = ({ kernelName, kernelReason }) => report([kernelName(), kernelReason()])
    ${script}`
  const env: NodeJS.ProcessEnv = { ...process.env, NODE_OPTIONS: '' }
  delete env.GIBBON_KERNEL
  if (kernel !== undefined) env.GIBBON_KERNEL = kernel
  const output = execFileSync(process.execPath, [...flags, '-e', program], {
    cwd: root,
    env,
    encoding: 'utf8',
  })
  return JSON.parse(output)
}

const hasAddon = run(`report(require('./native/index.cjs') !== undefined)`) as boolean

test('WASM serves where there is no addon', () => {
  expect(run('say(cjs())')).toEqual(['wasm', 'the fastest that runs here'])
})

test('a compiled module that is offered serves where bytes may not be compiled, and only if it comes first', () => {
  const forbid = `
    const kernel = new WebAssembly.Module(require('node:fs').readFileSync('./dist.esm/kernel.wasm'))
    WebAssembly.Module = class { constructor() { throw new Error('not allowed here') } }
    const { offerKernelModule } = cjs()`
  expect(run(`${forbid}; offerKernelModule(kernel); say(cjs())`)).toEqual([
    'wasm',
    'the fastest that runs here',
  ])
  const late = run(`${forbid}; cjs().kernelName(); offerKernelModule(kernel); say(cjs())`) as string[]
  expect(late[0]).toBe('js')
  expect(late[1]).toContain('not allowed here')
})

test.each(['js', 'wasm'])(
  'GIBBON_KERNEL=%s forces that kernel, in the portable entry and in that of Node',
  (name) => {
    expect(run('say(cjs())', name)).toEqual([name, 'forced by GIBBON_KERNEL'])
    expect(run('say(node())', name)).toEqual([name, 'forced by GIBBON_KERNEL'])
  },
)

test('GIBBON_KERNEL=native is passed over where there is no addon, and the reason tells', () => {
  expect(run('say(cjs())', 'native')).toEqual([
    'wasm',
    'the fastest that runs here (native: this runtime loads no addon)',
  ])
  const onNode = run('say(node())', 'native') as [string, string]
  expect(onNode[0]).toBe(hasAddon ? 'native' : 'wasm')
  expect(onNode[1]).toMatch(
    hasAddon ? /^forced by GIBBON_KERNEL$/ : /^the fastest that runs here \(native: no addon/,
  )
})

test('the entry of Node tries the addon first', () => {
  const [name, reason] = run('say(node())') as [string, string]
  expect(name).toBe(hasAddon ? 'native' : 'wasm')
  expect(reason).toMatch(/^the fastest that runs here/)
  if (!hasAddon) expect(reason).toContain('native: no addon for this platform')
})

test('a GIBBON_KERNEL that names no kernel is passed over, and the reason tells', () => {
  const [name, reason] = run('say(cjs())', 'simd') as [string, string]
  expect(name).toBe('wasm')
  expect(reason).toBe('the fastest that runs here (GIBBON_KERNEL=simd is none of js, wasm, native)')
})

test('--jitless, where there is no WebAssembly, gives JavaScript in silence', () => {
  const [name, reason] = run('say(cjs())', undefined, ['--jitless']) as [string, string]
  expect(name).toBe('js')
  expect(reason).toMatch(/^the fastest that runs here \(wasm: .+\)$/)
})

test('--jitless with GIBBON_KERNEL=wasm gives JavaScript, and names what failed', () => {
  const [name, reason] = run('say(cjs())', 'wasm', ['--jitless']) as [string, string]
  expect(name).toBe('js')
  expect(reason).toMatch(/wasm: /)
})

test('a policy that forbids compiling WebAssembly gives JavaScript, and the reason has its words', () => {
  const forbid = `WebAssembly.Module = class { constructor() { throw new Error('forbidden here') } }`
  expect(run(`${forbid}; say(cjs())`)).toEqual(['js', 'the fastest that runs here (wasm: forbidden here)'])
})

test('a kernel that was asked for by name and cannot run throws', () => {
  expect(
    run(
      `let error; try { cjs().getKernel('wasm') } catch (e) { error = e }
       report([error instanceof Error, cjs().getKernel('js').name])`,
      undefined,
      ['--jitless'],
    ),
  ).toEqual([true, 'js'])
})

test('ESM and CommonJS copies share one kernel, one choice and one WASM instance', () => {
  expect(
    run(`
      let instances = 0
      const Instance = WebAssembly.Instance
      WebAssembly.Instance = class extends Instance { constructor(...args) { super(...args); instances++ } }
      import('./dist.esm/codec.js').then((esm) => {
        const a = esm.getKernel()
        const b = cjs().getKernel()
        const c = cjs().getKernel('wasm')
        node()
        report([a === b, b === c, esm.kernelReason() === cjs().kernelReason(), esm.Decoder === cjs().Decoder, instances])
      })`),
  ).toEqual([true, true, true, false, 1])
})

test('the choice is made on first use, and then stands', () => {
  expect(
    run(`
      const codec = cjs()
      process.env.GIBBON_KERNEL = 'js'
      const first = codec.kernelName()
      process.env.GIBBON_KERNEL = 'wasm'
      report([first, codec.kernelName(), codec.getKernel().name, codec.kernelReason()])`),
  ).toEqual(['js', 'js', 'js', 'forced by GIBBON_KERNEL'])
})

test('without a global process, as in a browser, the fastest serves', () => {
  expect(
    run(
      `
      const { log } = console
      const codec = cjs()
      globalThis.process = undefined
      log(JSON.stringify([codec.kernelName(), codec.kernelReason()]))`,
      'js',
    ),
  ).toEqual(['wasm', 'the fastest that runs here'])
})

test('each kernel can be had by name', () => {
  expect([getKernel('js').name, getKernel('wasm').name]).toEqual(['js', 'wasm'])
  expect(getKernel('wasm')).toBe(getKernel('wasm'))
  expect(getKernel().name).toBe(kernelName())
  expect(kernelReason()).not.toBe('')
})

test('a name that is none throws', () => {
  expect(() => getKernel('simd' as 'wasm')).toThrow(/simd/)
})
