// `strict: true`: a write while another one is not done is refused, and the error says where both were called.
// RFC 6455 §5.4 wants one message after the other; where gorilla/websocket panics, this is an error for the second caller.

import { WebSocketError } from '../codec/errors.ts'

/** A frame of ours, as V8 writes it. Where it is written otherwise, or minified, the caller may be one of ours. */
const OURS = /\b(?:Conn|MessageWriter|WriteLane|Sender|StrictWrites)\.|\bcallerOfUs |#\w+ \(/

/** Where the application called us, as far as the runtime tells: the first frame that is not ours. */
export function callerOfUs(): string {
  const lines = (new Error().stack ?? '').split('\n').slice(1)
  const caller = lines.find((line) => !OURS.test(line))
  return (caller ?? 'somewhere').trim().replace(/^at /, '')
}

export class StrictWrites {
  /** Where the write that is under way was called. */
  #underWay: string | undefined

  get isBusy(): boolean {
    return this.#underWay !== undefined
  }

  /** The write that is being called is under way until `sent` settles. */
  watch(sent: Promise<void>): void {
    this.#underWay = callerOfUs()
    const over = () => {
      this.#underWay = undefined
    }
    sent.then(over, over)
  }

  /**
   * ERR_WS_CONCURRENT_WRITE for the write that is being called.
   * @param opened where the writer was opened that is still open
   */
  refusal(opened: string | undefined): WebSocketError {
    const message = `concurrent write: ${callerOfUs()} while that of ${opened ?? this.#underWay} is not done`
    return new WebSocketError('ERR_WS_CONCURRENT_WRITE', { message })
  }
}
