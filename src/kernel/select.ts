// Which kernel serves this realm, and why: native where its addon is there, else WASM, else JavaScript.
// Chosen once, on first use, and shared by every copy of the library in the realm: one WASM instance in all.

import { jsKernel } from './js.ts'
import type { Kernel } from './kernel.ts'
import { createWasmKernel } from './wasm.ts'

/** `js`: plain JavaScript. `wasm`: WebAssembly SIMD. `native`: the Node-API addon. */
export type KernelName = Kernel['name']

interface Choice {
  readonly kernel: Kernel
  readonly reason: string
}

/** What all copies of the library (ESM, CommonJS, bundled) share; the version is that of this shape. */
interface Realm {
  choice?: Choice
  wasm?: Kernel
  /** The compiled kernel, for runtimes that compile no bytes. */
  module?: object
  /** Makes the native kernel, or says in an Error why it cannot; put here by the Node entry. */
  native?: () => Kernel
}

const key = Symbol.for('gibbon-ws.realm.1')

function isName(name: unknown): name is KernelName {
  return name === 'js' || name === 'wasm' || name === 'native'
}

function realm(): Realm {
  const scope = globalThis as { [key]?: Realm }
  scope[key] ??= {}
  return scope[key]
}

function load(name: KernelName): Kernel {
  if (name === 'js') return jsKernel
  if (name === 'wasm') {
    const shared = realm()
    shared.wasm ??= createWasmKernel(shared.module as WebAssembly.Module | undefined)
    return shared.wasm
  }
  const native = realm().native
  if (native === undefined) throw new Error('this runtime loads no addon')
  return native()
}

function explain(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** GIBBON_KERNEL, where there is an environment that may be read. */
function environment(): string | undefined {
  try {
    const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } }
    return process?.env?.GIBBON_KERNEL
  } catch {
    return undefined
  }
}

function choose(): Choice {
  const forced = environment()
  const failures: string[] = []
  // The forced kernel goes first; what cannot run is passed over in silence, the reason tells.
  const order: KernelName[] = realm().native === undefined ? ['wasm', 'js'] : ['native', 'wasm', 'js']
  if (isName(forced)) order.unshift(forced)
  else if (forced) failures.push(`GIBBON_KERNEL=${forced} is none of js, wasm, native`)
  for (const name of order) {
    try {
      const kernel = load(name)
      const why = name === forced ? 'forced by GIBBON_KERNEL' : 'the fastest that runs here'
      return { kernel, reason: failures.length > 0 ? `${why} (${failures.join('; ')})` : why }
    } catch (error) {
      failures.push(`${name}: ${explain(error)}`)
    }
  }
  return { kernel: jsKernel, reason: failures.join('; ') }
}

function choice(): Choice {
  const shared = realm()
  shared.choice ??= choose()
  return shared.choice
}

/**
 * A kernel by name, or the one that serves by default.
 *
 * @throws Error ERR_WS_KERNEL when the named kernel cannot run here; RangeError ERR_WS_ARGUMENT when there is none of
 *   that name. Without a name it never throws
 */
export function getKernel(name?: KernelName): Kernel {
  if (name === undefined) return choice().kernel
  if (!isName(name))
    throw Object.assign(new RangeError(`websocket: no such kernel: ${String(name)}`), {
      code: 'ERR_WS_ARGUMENT',
    })
  try {
    return load(name)
  } catch (cause) {
    const error = new Error(`websocket: the ${name} kernel cannot run here: ${explain(cause)}`, { cause })
    throw Object.assign(error, { code: 'ERR_WS_KERNEL' })
  }
}

/**
 * Name of the kernel that serves by default in this realm; chosen once, by GIBBON_KERNEL or as the fastest that runs.
 */
export function kernelName(): KernelName {
  return choice().kernel.name
}

/** Why that kernel serves, in words: forced, or the fastest, and what was passed over. */
export function kernelReason(): string {
  return choice().reason
}

/**
 * Gives the compiled `gibbon-ws/kernel.wasm` to runtimes that compile no bytes, such as workerd, or pages whose policy
 * forbids it. No effect once a kernel serves, so call it first.
 *
 * @param module a WebAssembly.Module
 */
export function offerKernelModule(module: object): void {
  realm().module ??= module
}

/** Offers the native kernel to the choice; `make` throws where there is no addon. No effect once a kernel serves. */
export function offerNativeKernel(make: () => Kernel): void {
  realm().native ??= make
}
