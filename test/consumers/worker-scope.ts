// A scope with what every worker has and no more: no Node global, no module loader, WebAssembly or not.
// The globals are those of the WinterTC minimum common API that a worker may need here; the language's own come with the context.

import { createContext, runInContext } from 'node:vm'

const names = [
  'AbortController',
  'AbortSignal',
  'ReadableStream',
  'TextDecoder',
  'TextEncoder',
  'URL',
  'WritableStream',
  'atob',
  'clearTimeout',
  'crypto',
  'performance',
  'queueMicrotask',
  'setTimeout',
] as const

/** Runs a classic worker script; resolves with the first message that it posts. */
export function runInWorkerScope(code: string, { webAssembly }: { webAssembly: boolean }): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const scope: Record<string, unknown> = Object.fromEntries(names.map((name) => [name, globalThis[name]]))
    scope.self = scope
    // Through JSON: what the other realm made is no instance of our classes.
    scope.postMessage = (json: string) => resolve(JSON.parse(json))
    createContext(scope)
    try {
      if (!webAssembly) runInContext('delete globalThis.WebAssembly', scope)
      runInContext(code, scope)
    } catch (error) {
      reject(error)
    }
  })
}
