// Waits for a stream to be connected, or secure.
// Its errors are told as they are; see connect-error.ts.

import type { Duplex } from 'node:stream'

/** Resolves at the event; rejects with the stream's error, or with one that says it was closed. */
export function ready(stream: Duplex, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      stream.removeListener(event, onReady)
      stream.removeListener('error', onError)
      stream.removeListener('close', onClose)
    }
    const onReady = () => {
      leave()
      resolve()
    }
    const onError = (error: Error) => {
      leave()
      reject(error)
    }
    const onClose = () => onError(new Error('the connection was closed before it was ready'))
    stream.on(event, onReady)
    stream.on('error', onError)
    stream.on('close', onClose)
  })
}
