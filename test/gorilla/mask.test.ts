// Row TestMaskBytes of gorilla/websocket's mask_test.go, on every kernel: each size, alignment and place in the key.
// RFC 6455 §5.3.

import { expect, test } from 'vitest'
import { kernelWays } from '../kernel/kernels.ts'

const KEY = 0x0403_0201
const largest = 1024
const alignments = 8

test.each(kernelWays)('TestMaskBytes: the %s kernel undoes what a loop over bytes does', (_, kernel) => {
  const bytes = new Uint8Array(largest + alignments + 1)
  for (let phase = 0; phase < 4; phase++) {
    for (let start = 0; start < alignments; start++) {
      for (let length = 1; length <= largest; length++) {
        const end = start + length
        for (let i = 0; i < length; i++) bytes[start + i] = KEY >>> (8 * ((phase + i) % 4))
        const behind = kernel.mask(bytes, start, bytes, start, length, KEY, phase)
        let wrong = behind === (phase + length) % 4 ? -1 : end
        for (let i = 0; i <= end; i++) if (bytes[i] !== 0) wrong = i
        if (wrong >= 0) expect.fail(`byte ${wrong} of ${length} from ${start} at phase ${phase}`)
      }
    }
  }
  expect(bytes.every((byte) => byte === 0)).toBe(true)
})
