// Masked payloads through the decoder, in pieces of every small size, against the naive XOR of test/reference.
// RFC 6455 §5.3; the ids are those of docs/bad-input.md.

import { describe, expect, test } from 'vitest'
import { Decoder } from '../../src/codec/decoder.ts'
import type { DecoderEvent } from '../../src/codec/events.ts'
import type { Message } from '../../src/codec/message.ts'
import { frameBytes } from '../fuzz/frames.ts'
import { randomBytes } from '../fuzz/payloads.ts'
import { seeded } from '../fuzz/random.ts'
import { kernelWays } from '../kernel/kernels.ts'
import { mask } from '../reference/mask.ts'

const KEYS = ['00000000', '01000000', '00000001', '37fa213d', '80808080', 'ffffffff']

describe.each(kernelWays)('%s', (_, kernel) => {
  test('J7: a payload in pieces of 1 to 17 bytes meets the key as the naive loop has it', () => {
    const random = seeded(7)
    for (const hex of KEYS) {
      const key = Buffer.from(hex, 'hex')
      for (const length of [1, 2, 3, 4, 5, 16, 17, 64, 125, 126, 300, 1000, 5000]) {
        const wire = randomBytes(random, length)
        const frame = frameBytes({ fin: true, opcode: 2, payload: mask(wire, key), key })
        for (let size = 1; size <= 17; size++) {
          const decoder = new Decoder({ role: 'server', kernel })
          const events: DecoderEvent[] = []
          for (let at = 0; at < frame.length; at += size)
            events.push(...decoder.push(frame.slice(at, at + size)))
          expect(events.length).toBe(1)
          if (Buffer.compare((events[0] as Message).data, mask(wire, key)) !== 0)
            throw new Error(`${length} bytes with the key ${hex}, in pieces of ${size}`)
        }
      }
    }
  })

  test('J3: a key of zeros is a key: the frame counts as masked, and its payload is as sent', () => {
    const payload = new Uint8Array(1000).map((_, i) => i * 7)
    const frame = frameBytes({ fin: true, opcode: 2, payload, key: new Uint8Array(4) })
    for (const size of [1, 5, 400, frame.length]) {
      const decoder = new Decoder({ role: 'server', kernel })
      const events: DecoderEvent[] = []
      for (let at = 0; at < frame.length; at += size) events.push(...decoder.push(frame.slice(at, at + size)))
      expect(events.length).toBe(1)
      expect(Buffer.compare((events[0] as Message).data, payload)).toBe(0)
    }
    const [event] = new Decoder({ role: 'client', kernel }).push(frame.slice())
    expect(event).toMatchObject({ type: 0, error: { code: 'ERR_WS_MASK', closeCode: 1002 } })
  })
})
