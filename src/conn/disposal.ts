// `await using` for what has to be closed, on runtimes and for compilers that know of it.
// Neither is taken for granted: Symbol.asyncDispose may be absent, and so may its declaration (TypeScript's esnext.disposable).

type KeyOf<Symbols> = Symbols extends { readonly asyncDispose: symbol } ? Symbols['asyncDispose'] : never

/** What `await using` wants, where the compiler knows of it; else nothing. */
export type AsyncDisposal = Record<KeyOf<SymbolConstructor>, () => Promise<void>>

/** Gives the objects of a class their end by `await using`. */
export function makeDisposable<T>(prototype: T, dispose: (self: T) => Promise<void>): void {
  const { asyncDispose } = Symbol as { readonly asyncDispose?: symbol }
  if (asyncDispose === undefined) return
  Object.defineProperty(prototype, asyncDispose, {
    value(this: T) {
      return dispose(this)
    },
    configurable: true,
    writable: true,
  })
}
