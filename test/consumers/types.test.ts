// The declarations of the packed package under the compilers that its users have, the oldest supported one included.
// Everything is checked, `skipLibCheck` off: what an editor shows as an error in node_modules is one here.

import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Consumer, installPackage } from './install.ts'
import { describeWithTools } from './tools.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const types = fileURLToPath(new URL('types', import.meta.url))
const ownCompiler = dirname(createRequire(import.meta.url).resolve('typescript/package.json'))

let consumer: Consumer

beforeAll(() => {
  consumer = installPackage()
  for (const name of readdirSync(types)) copyFileSync(join(types, name), join(consumer.folder, name))
  mkdirSync(join(consumer.folder, 'node_modules', '@types'))
  for (const name of ['@types/node', 'undici-types'])
    symlinkSync(join(root, 'node_modules', name), join(consumer.folder, 'node_modules', name))
})
afterAll(() => consumer?.remove())

/** What the compiler says about the files. */
function compile(compiler: string, files: string[], options: Record<string, unknown>): string {
  const compilerOptions = { target: 'es2022', strict: true, noEmit: true, skipLibCheck: false, ...options }
  writeFileSync(join(consumer.folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
  const { status, stdout } = spawnSync(process.execPath, [join(compiler, 'bin', 'tsc'), '-p', '.'], {
    cwd: consumer.folder,
    encoding: 'utf8',
  })
  return `${stdout}exit status ${status}`
}

const resolutions = [
  { moduleResolution: 'nodenext', module: 'nodenext' },
  { moduleResolution: 'bundler', module: 'preserve' },
]
const onNode = { lib: ['es2022', 'dom'], types: ['node'] }
const clean = 'exit status 0'

function testDeclarations(compiler: string): void {
  test.each(resolutions)('under $moduleResolution, on Node: ES module and CommonJS', (resolution) => {
    expect(compile(compiler, ['node.mts', 'node.cts'], { ...resolution, ...onNode })).toBe(clean)
  })

  test.each(resolutions)(
    'under $moduleResolution, the codec in a worker without Node’s types',
    (resolution) => {
      const options = { ...resolution, lib: ['es2022', 'webworker'], types: [] }
      expect(compile(compiler, ['codec.mts', 'codec.cts'], options)).toBe(clean)
    },
  )

  test.each(resolutions)('under $moduleResolution, the codec without any runtime’s types', (resolution) => {
    expect(compile(compiler, ['codec.cts'], { ...resolution, lib: ['es2022'], types: [] })).toBe(clean)
  })
}

describe('declarations compile with the TypeScript that made them', () => {
  testDeclarations(ownCompiler)

  test.each(['browser', 'worker', 'workerd'])(
    'under the condition %s, which has the same ones',
    (condition) => {
      const options = { ...resolutions[1], ...onNode, customConditions: [condition] }
      expect(compile(ownCompiler, ['node.mts', 'node.cts'], options)).toBe(clean)
    },
  )
})

for (const version of ['5.4', '5.9']) {
  describeWithTools(`declarations compile with TypeScript ${version}`, (tools) => {
    testDeclarations(join(tools, `typescript-${version}`))
  })
}
