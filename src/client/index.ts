// The client room. Exports only.

export { Dialer, defaultDialer, dial } from './dialer.ts'
export type { DialerOptions, DialOptions } from './options.ts'
