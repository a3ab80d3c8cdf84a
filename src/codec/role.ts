// The two sides of a connection (RFC 6455 §5.1): a client masks what it sends, a server does not.

import { typeError } from './errors.ts'

/** Which of the two we are. */
export type Role = 'server' | 'client'

/** @throws TypeError ERR_WS_ARGUMENT */
export function checkRole(role: Role): void {
  if (role !== 'server' && role !== 'client') throw typeError('role must be server or client')
}
