// The bundlers that users have, each set up for a browser's worker in the fewest words that it takes.
// No polyfill, no alias and no external module: what the package leaves to them must not be there.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'

export interface Bundle {
  /** A classic script. */
  readonly code: string
  /** Files that are in it, as paths below the consumer's folder. */
  readonly inputs: readonly string[]
}

/** Bundles the program `entry` of the consumer's `folder`; rejects on every error and every warning. */
export type Bundler = (folder: string, entry: string) => Promise<Bundle>

export const esbuild: Bundler = async (folder, entry) => {
  const { outputFiles, metafile, warnings } = await build({
    absWorkingDir: folder,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    platform: 'browser',
    format: 'iife',
    write: false,
    metafile: true,
    logLevel: 'silent',
  })
  if (warnings.length > 0) throw new Error(JSON.stringify(warnings))
  return { code: outputFiles[0].text, inputs: Object.keys(metafile.inputs) }
}

/** @param tools node_modules of test/consumers */
export function rollupOf(tools: string): Bundler {
  return async (folder, entry) => {
    const require = createRequire(join(tools, 'rollup'))
    const { rollup } = require('rollup')
    const { nodeResolve } = require('@rollup/plugin-node-resolve')
    const bundle = await rollup({
      input: join(folder, entry),
      plugins: [nodeResolve({ browser: true, preferBuiltins: false })],
      onwarn: (warning: { message: string }) => {
        throw new Error(warning.message)
      },
    })
    const { output } = await bundle.generate({ format: 'iife' })
    await bundle.close()
    const inputs = Object.keys(output[0].modules).map((path) => relative(folder, path))
    return { code: output[0].code, inputs }
  }
}

interface WebpackModule {
  readonly nameForCondition?: string
  /** Those that were joined into this one. */
  readonly modules?: readonly WebpackModule[]
}

interface WebpackResult {
  toJson(parts: object): { modules: WebpackModule[]; errors: unknown[]; warnings: unknown[] }
}

function filesOf({ nameForCondition, modules = [] }: WebpackModule): string[] {
  if (modules.length > 0) return modules.flatMap(filesOf)
  // Webpack's own few lines have no file.
  return nameForCondition === undefined ? [] : [nameForCondition]
}

/** @param tools node_modules of test/consumers */
export function webpackOf(tools: string): Bundler {
  return async (folder, entry) => {
    const webpack = createRequire(join(tools, 'webpack'))('webpack')
    const output = { path: join(folder, 'webpack'), filename: `${entry}.bundle.js` }
    const run: (settings: object) => Promise<WebpackResult> = promisify(webpack)
    const result = await run({
      mode: 'production',
      target: 'webworker',
      context: folder,
      entry: `./${entry}`,
      output,
    })
    const parts = { all: false, modules: true, nestedModules: true, errors: true, warnings: true }
    const { modules, errors, warnings } = result.toJson(parts)
    if (errors.length + warnings.length > 0) throw new Error(JSON.stringify([errors, warnings]))
    return {
      code: readFileSync(join(output.path, output.filename), 'utf8'),
      inputs: modules.flatMap(filesOf).map((path) => relative(folder, path)),
    }
  }
}
