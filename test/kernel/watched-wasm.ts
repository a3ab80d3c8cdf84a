// A WASM kernel whose calls into the module pass a function of the test, which may look at them or fail instead.
// It stands between the kernel and the instance that the kernel makes for itself.

import type { WasmKernel } from '../../src/kernel/wasm.ts'

/** Calls of each function of the module. */
export interface Calls {
  mask: number
  utf8: number
  scan: number
}

/** Stands around a call; `run` makes it. */
export type Around = (name: keyof Calls, args: number[], run: () => number) => number

/** Makes a kernel by `create` and puts `around` around all its calls. */
export function callsOf(create: () => WasmKernel, around: Around): WasmKernel {
  const { Instance } = WebAssembly
  class Watched {
    readonly exports: Record<string, unknown> = {}

    constructor(module: WebAssembly.Module) {
      for (const [name, value] of Object.entries(new Instance(module).exports)) {
        this.exports[name] =
          typeof value === 'function'
            ? (...args: number[]) => around(name as keyof Calls, args, () => value(...args) as number)
            : value
      }
    }
  }
  WebAssembly.Instance = Watched as unknown as typeof WebAssembly.Instance
  try {
    return create()
  } finally {
    WebAssembly.Instance = Instance
  }
}
