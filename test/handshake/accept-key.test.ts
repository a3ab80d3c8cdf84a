// Sec-WebSocket-Key and the answer to it, against the sample of the RFC and against node:crypto.
// RFC 6455 §1.3, §4.1 item 7, §4.2.2 item 5.4.

import { createHash, getRandomValues } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { acceptKey, isWebSocketKey, makeKey } from '../../src/handshake/accept-key.ts'
import { sampleAccept, sampleKey, thrown } from './heads.ts'

const random = { fill: (bytes: Uint8Array) => void getRandomValues(bytes) }

describe('Sec-WebSocket-Accept', () => {
  it("is that of RFC 6455 §1.3 for the sample's key", () => {
    expect(acceptKey(sampleKey)).toBe(sampleAccept)
  })

  it('agrees with node:crypto for random keys', () => {
    for (let i = 0; i < 100; i++) {
      const key = makeKey(random)
      const hash = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      expect(acceptKey(key)).toBe(hash.digest('base64'))
    }
  })
})

describe('Sec-WebSocket-Key', () => {
  it('is made of 16 random bytes, anew each time', () => {
    const keys = Array.from({ length: 100 }, () => makeKey(random))
    expect(new Set(keys).size).toBe(100)
    expect(keys.filter((key) => Buffer.from(key, 'base64').length !== 16)).toEqual([])
    expect(keys.every(isWebSocketKey)).toBe(true)
  })

  it('is the base64 of exactly the bytes of the source', () => {
    const bytes = Uint8Array.from({ length: 16 }, (_, i) => 0xff - 15 * i)
    expect(makeKey({ fill: (target) => target.set(bytes) })).toBe(Buffer.from(bytes).toString('base64'))
  })

  it('is not made when the random source fails', () => {
    const cause = new Error('no entropy')
    const fill = () => {
      throw cause
    }
    expect(thrown(() => makeKey({ fill }))).toMatchObject({ code: 'ERR_WS_RANDOM_SOURCE', cause })
  })

  it('is the canonical base64 of 16 bytes for each of the 64 last characters, or it is none', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
    for (const last of alphabet) {
      const key = `AAAAAAAAAAAAAAAAAAAAA${last}==`
      const isCanonical = Buffer.from(key, 'base64').toString('base64') === key
      expect([last, isWebSocketKey(key)]).toEqual([last, isCanonical])
    }
  })

  it.each([
    ['empty', ''],
    ['of 15 bytes', 'AAAAAAAAAAAAAAAAAAAA'],
    ['of 17 bytes', 'AAAAAAAAAAAAAAAAAAAAAAA='],
    ['of 18 bytes', 'AAAAAAAAAAAAAAAAAAAAAAAA'],
    ['of 16 bytes without padding', 'AAAAAAAAAAAAAAAAAAAAAA'],
    ['of 16 bytes with half of the padding', 'AAAAAAAAAAAAAAAAAAAAAA='],
    ['with padding in excess', 'AAAAAAAAAAAAAAAAAAAAAA==='],
    ['with pad bits', 'AAAAAAAAAAAAAAAAAAAAAB=='],
    ['in the alphabet for URLs', '-_AAAAAAAAAAAAAAAAAAAA=='],
    ['with a space', 'AAAAAAAAAA AAAAAAAAAAA=='],
    ['with a line end', 'AAAAAAAAAAAAAAAAAAAAAA==\n'],
    ['two keys, joined', `${sampleKey}, ${sampleKey}`],
    ['in latin1', '\u00fcAAAAAAAAAAAAAAAAAAAAA=='],
  ])('A8: is refused when it is %s', (_, key) => {
    expect(isWebSocketKey(key)).toBe(false)
  })
})
