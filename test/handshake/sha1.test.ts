// SHA-1 against node:crypto and the samples of the RFC.
// RFC 3174 §7.3.

import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { sha1 } from '../../src/handshake/sha1.ts'

describe('SHA-1', () => {
  it('agrees with node:crypto for every length from 0 to 200', () => {
    for (let length = 0; length <= 200; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 167 + length * 13) & 0xff)
      expect(Buffer.from(sha1(bytes)).toString('hex')).toBe(createHash('sha1').update(bytes).digest('hex'))
    }
  })

  it.each([
    ['abc', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    ['a'.repeat(1_000_000), '34aa973cd4c4daa4f61eeb2bdbad27316534016f'],
    [
      '0123456701234567012345670123456701234567012345670123456701234567'.repeat(10),
      'dea356a2cddd90c7a7ecedc5ebb563934f460452',
    ],
  ])('gives what RFC 3174 §7.3 says', (text, digest) => {
    expect(Buffer.from(sha1(Buffer.from(text))).toString('hex')).toBe(digest)
  })

  it('reads a view from its own offset and leaves it as it is', () => {
    const bytes = Uint8Array.from({ length: 80 }, (_, i) => i)
    const view = bytes.subarray(7, 75)
    expect(Buffer.from(sha1(view)).toString('hex')).toBe(createHash('sha1').update(view).digest('hex'))
    expect([...bytes]).toEqual(Array.from({ length: 80 }, (_, i) => i))
  })
})
