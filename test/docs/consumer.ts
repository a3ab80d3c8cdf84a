// The packed package as an application has it, with a compiler and Node's types: for code out of the documentation.

import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transform } from 'esbuild'
import { type Consumer, installPackage } from '../consumers/install.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const compiler = dirname(createRequire(import.meta.url).resolve('typescript/package.json'))

export const clean = 'exit status 0'

/** Milliseconds that a program may run; the slowest takes two seconds. */
const PATIENCE = 60_000

export class DocsConsumer {
  private readonly consumer: Consumer

  constructor() {
    this.consumer = installPackage()
    const types = join(this.consumer.folder, 'node_modules', '@types')
    mkdirSync(types)
    // What the code imports beside the package: Node's types, and the jar of a README's example with what it needs.
    for (const name of ['@types/node', 'undici-types', 'tough-cookie', 'tldts', 'tldts-core'])
      symlinkSync(join(root, 'node_modules', name), join(this.consumer.folder, 'node_modules', name))
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.consumer.folder, name), text)
  }

  /** Puts a file of this repository there. */
  copy(path: string, name: string): void {
    this.write(name, readFileSync(join(root, path), 'utf8'))
  }

  /** What the compiler says about modules that import the package. */
  compile(files: readonly string[]): string {
    const compilerOptions = {
      target: 'es2022',
      lib: ['esnext'],
      module: 'nodenext',
      moduleResolution: 'nodenext',
      types: ['node'],
      strict: true,
      noEmit: true,
    }
    this.write('tsconfig.json', JSON.stringify({ compilerOptions, files }))
    const { status, stdout } = spawnSync(process.execPath, [join(compiler, 'bin', 'tsc'), '-p', '.'], {
      cwd: this.consumer.folder,
      encoding: 'utf8',
    })
    return `${stdout}exit status ${status}`
  }

  /** Runs a module of TypeScript as a program; resolves with all that it wrote and its exit status. */
  async run(name: string, source: string): Promise<string> {
    const { code } = await transform(source, { loader: 'ts', format: 'esm', target: 'node20' })
    this.write(name, code)
    return new Promise((resolve) => {
      const program = spawn(process.execPath, [name], { cwd: this.consumer.folder, timeout: PATIENCE })
      let output = ''
      for (const stream of [program.stdout, program.stderr]) stream.on('data', (text) => (output += text))
      program.on('close', (status, signal) => resolve(`${output}exit status ${status ?? signal}`))
    })
  }

  remove(): void {
    this.consumer.remove()
  }
}
