// The decoder's options and events as plain data, so that events of any origin can be compared and written down.
// RFC 6455 §5.5 and §5.6: messages (types 1 and 2), Close (8), Ping (9), Pong (10); type 0 is a fault.

export interface ReferenceOptions {
  role: 'server' | 'client'
  readLimit?: number
  maxFragments?: number
  lenientLength?: boolean
  checkUtf8?: boolean
}

/** 1, 2, 9, 10: data; 1: text, where the data is UTF-8; 8: closeCode and reason; 0: error, closeCode and offset. */
export interface PlainEvent {
  type: number
  data?: Uint8Array
  text?: string | undefined
  reason?: string
  error?: string
  closeCode?: number | undefined
  offset?: number | undefined
}
