// The options of a connection: their defaults, and that limits are checked and never coerced.
// RFC 6455 §10.4.

import { expect, test } from 'vitest'
import { sharedBuffers } from '../../src/conn/buffer-pool.ts'
import { type ConnOptions, checkConnOptions } from '../../src/conn/options.ts'
import { failure } from './connections.ts'

test('the defaults', () => {
  expect(checkConnOptions({})).toEqual({
    readLimit: undefined,
    maxFragments: undefined,
    lenientLength: false,
    checkUtf8: true,
    highWaterMark: 1024 * 1024,
    hardLimit: 16 * 1024 * 1024,
    readBufferSize: 64 * 1024,
    writeBufferSize: 4096,
    writeBufferPool: sharedBuffers,
    strict: false,
    closeTimeout: 5000,
    keepAlive: undefined,
  })
})

test('what is given is taken as it is', () => {
  const options = {
    readLimit: 2 ** 40,
    maxFragments: 1,
    lenientLength: true,
    checkUtf8: false,
    highWaterMark: 0,
    hardLimit: Number.POSITIVE_INFINITY,
    readBufferSize: 1,
    writeBufferSize: 2 ** 30,
    writeBufferPool: { acquire: () => new Uint8Array(1), release: () => {} },
    strict: true,
    closeTimeout: 0,
    keepAlive: { interval: 10, timeout: 20 },
  }
  expect(checkConnOptions(options)).toEqual(options)
  expect(checkConnOptions({ keepAlive: true }).keepAlive).toEqual({ interval: 30_000, timeout: 30_000 })
})

test.each(['readLimit', 'maxFragments', 'highWaterMark', 'hardLimit'])(
  'K1: %s is a whole number of 0 or more',
  (name) => {
    for (const value of [-1, 1.5, Number.NaN, Number.NEGATIVE_INFINITY, 2 ** 53, '10', null, true, 10n]) {
      expect(() => checkConnOptions({ [name]: value }), `${name}: ${value}`).toThrow(
        failure('ERR_WS_ARGUMENT') as Error,
      )
    }
  },
)

test.each<[string, (ms: unknown) => unknown, number[]]>([
  ['closeTimeout', (closeTimeout) => ({ closeTimeout }), []],
  ['keepAlive.interval', (interval) => ({ keepAlive: { interval, timeout: 1 } }), [0, 0.5]],
  ['keepAlive.timeout', (timeout) => ({ keepAlive: { interval: 1, timeout } }), [0, 0.5]],
])('L6: %s is a number of milliseconds that a timer can take', (name, make, others) => {
  for (const value of [
    -1,
    Number.NaN,
    2 ** 31,
    Number.POSITIVE_INFINITY,
    '10',
    true,
    new Date(),
    ...others,
  ]) {
    expect(() => checkConnOptions(make(value) as ConnOptions), `${name}: ${value}`).toThrow(
      failure('ERR_WS_ARGUMENT') as Error,
    )
  }
  expect(() => checkConnOptions(make(2 ** 31 - 1) as ConnOptions)).not.toThrow()
})

test.each([[null], [1], ['yes'], [{}], [{ interval: 10 }]])('keepAlive is not %o', (keepAlive) => {
  expect(() => checkConnOptions({ keepAlive } as unknown as ConnOptions)).toThrow(
    failure('ERR_WS_ARGUMENT') as Error,
  )
})
