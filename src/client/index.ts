// The client room. Exports only.

export { Dialer, defaultDialer, dial } from './dialer.ts'
export type {
  ConnectHook,
  ConnectTarget,
  CookieJar,
  DialerOptions,
  DialOptions,
  HandshakeOptions,
  ProxyUrl,
} from './options.ts'
