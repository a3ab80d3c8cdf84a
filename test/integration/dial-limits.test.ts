// What bounds a dial beside its handshakeTimeout, and options that are none: those are told at once, and nothing is left of them.
// RFC 6455 §4.1; RFC 6265 §4.1 (Set-Cookie).

import { Duplex, PassThrough } from 'node:stream'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type BadHandshakeError, Dialer, type DialOptions, dial } from '../../src/index.ts'
import { acceptText, dialRaw, failedDial, rawServer } from './raw-server.ts'

const misuse = expect.objectContaining({ name: 'TypeError', code: 'ERR_WS_ARGUMENT' })
const never = (): never => {
  throw new Error('must not be called')
}

describe('timeout and deadline', () => {
  test.each<[string, () => DialOptions]>([
    ['timeout', () => ({ timeout: 100 })],
    ['deadline', () => ({ deadline: new Date(Date.now() + 100) })],
    ['handshakeTimeout', () => ({ timeout: 60_000, handshakeTimeout: 100 })],
    ['timeout of 0', () => ({ timeout: 0 })],
    ['deadline that has passed', () => ({ deadline: new Date(0) })],
  ])('B13: the shortest ends a dial: %s', async (_, options) => {
    const server = await rawServer()
    await expect(dial(server.url, { ...options() })).rejects.toMatchObject({ code: 'ERR_WS_TIMEOUT' })
  })

  test('B13: end a handshake on a stream, which is destroyed', async () => {
    const stream = new Duplex({ read() {}, write: (_, __, done) => done() })
    const dialling = new Dialer().handshake(stream, 'ws://a/', { timeout: 20 })
    await expect(dialling).rejects.toMatchObject({ code: 'ERR_WS_TIMEOUT' })
    expect(stream.destroyed).toBe(true)
  })

  test('L6: that are none are told at once', () => {
    for (const options of [{ timeout: -1 }, { timeout: Number.NaN }, { timeout: 2 ** 31 }]) {
      expect(() => dial('ws://127.0.0.1:1/', { ...options, connect: never })).toThrow(
        expect.objectContaining({ name: 'RangeError', code: 'ERR_WS_ARGUMENT' }),
      )
    }
    const deadline = new Date(Number.NaN)
    expect(() => dial('ws://127.0.0.1:1/', { deadline, connect: never })).toThrow(misuse)
  })
})

describe('told at once, with nothing dialled and no timer set', () => {
  test.each([{}, null, 1, 'signal', new AbortController()])('a signal that is none: %s', (signal) => {
    const timers = vi.spyOn(globalThis, 'setTimeout')
    onTestFinished(() => timers.mockRestore())
    const stream = new PassThrough()
    const options = { signal: signal as AbortSignal }
    expect(() => dial('ws://127.0.0.1:1/', { ...options, connect: never })).toThrow(misuse)
    expect(() => new Dialer().handshake(stream, 'ws://a/', options)).toThrow(misuse)
    expect(stream.destroyed).toBe(false)
    expect(stream.listenerCount('error')).toBe(0)
    expect(timers).not.toHaveBeenCalled()
  })

  test.each([null, 5, 'options', true])('options that are no object: %s', (value) => {
    const options = value as DialOptions
    expect(() => dial('ws://127.0.0.1:1/', options)).toThrow(misuse)
    expect(() => new Dialer(options)).toThrow(misuse)
    expect(() => new Dialer().handshake(new PassThrough(), 'ws://a/', options)).toThrow(misuse)
  })
})

describe('setCookies', () => {
  const cookies = ['a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'b="x, y"']
  const lines = cookies.map((cookie) => `Set-Cookie: ${cookie}`)

  test('has each Set-Cookie field of the 101, which headers joins', async () => {
    const server = await rawServer()
    const dialling = dial(server.url)
    const peer = await server.accept()
    peer.send(acceptText(await peer.head(), lines))
    const conn = await dialling
    onTestFinished(() => conn.terminate())
    expect(conn.handshake.setCookies).toEqual(cookies)
    expect(conn.handshake.headers['set-cookie']).toBe(cookies.join(', '))
  })

  test('is empty without one', async () => {
    const { conn } = await dialRaw()
    expect(conn.handshake.setCookies).toEqual([])
  })

  test('has those of a refusal', async () => {
    const { error } = await failedDial((peer) => {
      peer.send(`HTTP/1.1 401 No\r\n${lines.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`)
    })
    expect((error as BadHandshakeError).setCookies).toEqual(cookies)
  })
})
