// How a close code and a reason read in an error's message: gorilla/websocket's words, and names for the codes it has none for.
// RFC 6455 §7.4.1 and IANA's WebSocket Close Code Number Registry.

const names: Readonly<Record<number, string>> = {
  1000: 'normal',
  1001: 'going away',
  1002: 'protocol error',
  1003: 'unsupported data',
  1005: 'no status',
  1007: 'invalid payload data',
  1008: 'policy violation',
  1009: 'message too big',
  1010: 'mandatory extension missing',
  1011: 'internal server error',
  1012: 'service restart',
  1013: 'try again later',
  1014: 'bad gateway',
}

/**
 * 'close 1000 (normal): bye', the message of an error without its 'websocket: '.
 *
 * @param name of the code; default what it is called as one that a Close frame can have
 */
export function closeText(code: number, reason: string, name = names[code]): string {
  return `close ${code}${name ? ` (${name})` : ''}${reason && `: ${reason}`}`
}
