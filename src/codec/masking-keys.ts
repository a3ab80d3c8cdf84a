// Masking keys from a strong random source, drawn through a pool (RFC 6455 §5.3, §10.3: fresh and unpredictable).
// One call of the source costs about a microsecond whether it gives 4 bytes or 4 KiB.

import type { RandomSource } from './ports.ts'
import { randomSourceError } from './shared-errors.ts'

const POOL_KEYS = 1024

/** The random source of every runtime. */
export const portableRandom: RandomSource = {
  fill(bytes) {
    crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>)
  },
}

export class MaskingKeys {
  readonly #source: RandomSource
  readonly #keys = new Uint32Array(POOL_KEYS)
  #used = POOL_KEYS

  constructor(source: RandomSource) {
    this.#source = source
  }

  /**
   * A fresh key, 0..2^32-1.
   * @throws WebSocketError ERR_WS_RANDOM_SOURCE when the source throws
   */
  next(): number {
    if (this.#used === POOL_KEYS) {
      try {
        this.#source.fill(new Uint8Array(this.#keys.buffer))
      } catch (cause) {
        throw randomSourceError(cause)
      }
      this.#used = 0
    }
    return this.#keys[this.#used++]
  }
}

let shared: MaskingKeys | undefined

/** Keys from `source`; all who name none share one pool. */
export function maskingKeys(source?: RandomSource): MaskingKeys {
  if (source !== undefined) return new MaskingKeys(source)
  shared ??= new MaskingKeys(portableRandom)
  return shared
}
