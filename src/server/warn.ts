// What the application failed with and has no listener for: a warning of Node's process, and never a throw.
// Nothing of RFC 6455.

/** Emits a process warning. */
export function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : new Error(String(error)))
}
