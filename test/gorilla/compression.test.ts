// Row TestValidCompressionLevel of gorilla/websocket's compression_test.go. The levels are those of zlib's deflate.
// RFC 7692.

import { expect, test } from 'vitest'
import { failure, Solo } from '../conn/connections.ts'

test('TestValidCompressionLevel: -2 to 9 are levels, anything else is none', () => {
  const { conn } = new Solo()
  for (let level = -2; level <= 9; level++) expect(() => conn.setCompressionLevel(level)).not.toThrow()
  for (const level of [-3, 10, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => conn.setCompressionLevel(level), `${level}`).toThrow(RangeError)
    expect(() => conn.setCompressionLevel(level)).toThrow(failure('ERR_WS_ARGUMENT') as Error)
  }
})
