// One dial from its start to its end: its time, its signal, and the streams that must not outlive it when it fails.
// Its stages wait without a thought for either: when it fails, their streams end and nobody hears of them any more.

import type { Duplex } from 'node:stream'
import { WebSocketError } from '../codec/errors.ts'

function ignore(): void {}

export class Attempt {
  private readonly held: Duplex[] = []
  private readonly timeout: number
  private readonly userSignal: AbortSignal | undefined
  private controller: AbortController | undefined
  private failure: { readonly error: unknown } | undefined

  /** @param timeout milliseconds for everything */
  constructor(timeout: number, signal: AbortSignal | undefined) {
    this.timeout = timeout
    this.userSignal = signal
  }

  /** For the application's functions: aborts when the dial fails, with its error. */
  get signal(): AbortSignal {
    this.controller ??= new AbortController()
    if (this.failure !== undefined) this.controller.abort(this.failure.error)
    return this.controller.signal
  }

  /**
   * Does the work within the time and until the signal aborts. When it fails, every stream held is destroyed, and what
   * comes of the work afterwards is lost.
   */
  run<T>(work: () => Promise<T>): Promise<T> {
    const { timeout, userSignal } = this
    const promise = new Promise<T>((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer)
        userSignal?.removeEventListener('abort', onAbort)
      }
      const fail = (error: unknown) => {
        if (this.failure !== undefined) return
        leave()
        this.failure = { error }
        for (const stream of this.held.reverse()) stream.destroy()
        this.controller?.abort(error)
        reject(error)
      }
      const onAbort = () => fail(userSignal?.reason)
      let timer: NodeJS.Timeout | undefined
      if (userSignal?.aborted) {
        onAbort()
        return
      }
      userSignal?.addEventListener('abort', onAbort, { once: true })
      timer = setTimeout(
        () => fail(new WebSocketError('ERR_WS_TIMEOUT', { message: 'handshake timed out' })),
        timeout,
      )
      work().then((value) => {
        leave()
        resolve(value)
      }, fail)
    })
    promise.catch(ignore)
    return promise
  }

  /**
   * For stages behind something that takes no notice of the end, as the application's functions may.
   *
   * @throws the error of the dial, when it has failed
   */
  check(): void {
    if (this.failure !== undefined) throw this.failure.error
  }

  /**
   * Takes charge of a stream: it is destroyed when the dial fails, at once if it has. Its errors are heard until
   * {@link release}, as they may come when no stage waits for them.
   *
   * @throws the error of the dial, when it has failed
   */
  hold<S extends Duplex>(stream: S): S {
    stream.on('error', ignore)
    if (this.failure !== undefined) stream.destroy()
    this.check()
    this.held.push(stream)
    return stream
  }

  /** The dial has succeeded, and somebody else hears the errors of the stream. */
  release(stream: Duplex): void {
    stream.removeListener('error', ignore)
  }
}
