// Cookies of a dial: those that the jar gives for the request, and those of every response, which the jar gets.
// RFC 6265; gorilla/websocket's TestDialCookieJar.

import { CookieJar as ToughJar } from 'tough-cookie'
import { describe, expect, test } from 'vitest'
import { type CookieJar, dial } from '../../src/index.ts'
import { serverTls, trustServer } from './authorities.ts'
import { SmallJar } from './cookie-jar.ts'
import { acceptText, failedDial, rawServer } from './raw-server.ts'
import { open, serve } from './serve.ts'

/** A server that sets cookies and says which it got. */
const serving = (headers: Record<string, string | string[]>, tls = false) =>
  serve((conn) => conn.writeMessage(conn.handshake.headers.cookie ?? 'none'), {
    attach: { authorize: () => ({ data: true, headers }) },
    ...(tls ? { tls: serverTls } : {}),
  })

describe('TestDialCookieJar', () => {
  test('cookies of the jar are sent, those of the 101 stored and sent the next time', async () => {
    const { url } = await serving({ 'Set-Cookie': ['session=1234', 'other=x; Path=/elsewhere'] })
    const jar = new SmallJar()
    await jar.setCookie('gorilla=ws', url.replace('ws', 'http'))
    const first = await open(`${url}room?seat=7`, { jar })
    expect((await first.readMessage()).text()).toBe('gorilla=ws')
    const second = await open(url, { jar })
    expect((await second.readMessage()).text()).toBe('gorilla=ws; session=1234')
    const http = url.replace('ws', 'http')
    expect(jar.given.slice(1, 3)).toEqual([
      `session=1234 < ${http}room?seat=7`,
      `other=x; Path=/elsewhere < ${http}room?seat=7`,
    ])
  })

  test('wss is https for the jar', async () => {
    const { url } = await serving({ 'Set-Cookie': 'safe=1; Secure' }, true)
    const jar = new SmallJar()
    await open(url, { jar, tls: trustServer })
    const second = await open(url, { jar, tls: trustServer })
    expect((await second.readMessage()).text()).toBe('safe=1')
    expect(await jar.getCookieString(url.replace('wss', 'http'))).toBe('')
  })
})

test("tough-cookie's CookieJar fits as it is", async () => {
  const { url } = await serving({ 'Set-Cookie': ['session=1234; HttpOnly', 'other=x; Path=/elsewhere'] })
  const jar: CookieJar = new ToughJar()
  const first = await open(url, { jar })
  expect((await first.readMessage()).text()).toBe('none')
  const second = await open(url, { jar })
  expect((await second.readMessage()).text()).toBe('session=1234')
})

test('cookies of a refusal are stored before the dial rejects', async () => {
  const jar = new SmallJar()
  const { error } = await failedDial(
    (peer) => {
      peer.send(
        'HTTP/1.1 401 Unauthorized\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n\r\nno',
      )
    },
    { jar },
  )
  expect(error).toMatchObject({ code: 'ERR_WS_BAD_HANDSHAKE', status: 401 })
  expect(Buffer.from((error as { body: Uint8Array }).body).toString()).toBe('no')
  expect(jar.given.map((text) => text.split(' ')[0])).toEqual(['a=1', 'b=2'])
})

test('cookies of a 101 that is not good are stored as well', async () => {
  const jar = new SmallJar()
  const { error } = await failedDial(
    (peer, head) =>
      peer.send(acceptText(head, ['Set-Cookie: a=1']).replace('Upgrade: websocket', 'Upgrade: x')),
    { jar },
  )
  expect(error).toMatchObject({ code: 'ERR_WS_BAD_HANDSHAKE', status: 101 })
  expect(jar.given.length).toBe(1)
})

test.each<[string, CookieJar['setCookie']]>([
  [
    'throws',
    () => {
      throw new Error('refused')
    },
  ],
  ['rejects', () => Promise.reject(new Error('refused'))],
])('a cookie that the jar refuses is dropped: it %s', async (_, setCookie) => {
  const { url } = await serving({ 'Set-Cookie': ['a=1', 'b=2'] })
  const asked: string[] = []
  const jar: CookieJar = {
    getCookieString: () => '',
    setCookie(cookie, url) {
      asked.push(cookie)
      return setCookie(cookie, url)
    },
  }
  expect((await open(url, { jar })).state).toBe('open')
  expect(asked).toEqual(['a=1', 'b=2'])
})

test('frames behind the 101 wait for a slow jar, none is lost', async () => {
  const { url } = await serve(
    async (conn) => {
      for (let i = 0; i < 100; i++) await conn.writeMessage(`message ${i}`)
      await conn.close(1000)
    },
    { attach: { authorize: () => ({ data: true, headers: { 'Set-Cookie': 'a=1' } }) } },
  )
  const jar: CookieJar = {
    getCookieString: () => '',
    setCookie: () => new Promise((resolve) => setTimeout(resolve, 100)),
  }
  const conn = await open(url, { jar })
  const texts: string[] = []
  for await (const message of conn) texts.push(message.text())
  expect(texts).toEqual(Array.from({ length: 100 }, (_, i) => `message ${i}`))
  expect(await conn.closed).toMatchObject({ code: 1000, wasClean: true })
})

test('a peer that is gone once the jar is done gives a connection that has ended', async () => {
  const server = await rawServer()
  const jar: CookieJar = {
    getCookieString: () => '',
    setCookie: () => new Promise((resolve) => setTimeout(resolve, 50)),
  }
  const dialling = open(server.url, { jar })
  const peer = await server.accept()
  peer.send(acceptText(await peer.head(), ['Set-Cookie: a=1']))
  await new Promise((resolve) => setTimeout(resolve, 20))
  peer.socket.resetAndDestroy()
  expect(await (await dialling).closed).toMatchObject({ code: 1006, wasClean: false })
})

describe('the Cookie field', () => {
  const jarOf = (cookies: unknown): CookieJar => ({
    getCookieString: () => cookies as string,
    setCookie() {},
  })

  test('is one: the application’s own cookies first, then those of the jar', async () => {
    const { url } = await serving({})
    for (const [headers, cookies, wanted] of [
      [{ Cookie: 'mine=1' }, 'jar=2', 'mine=1; jar=2'],
      [{ cOOKIE: ['mine=1', 'more=2'] }, 'jar=3; too=4', 'mine=1; more=2; jar=3; too=4'],
      [{ cookie: 'mine=1' }, '', 'mine=1'],
      [{}, 'jar=1', 'jar=1'],
      [{}, '', 'none'],
    ] as const) {
      const conn = await open(url, { jar: jarOf(cookies), headers })
      expect((await conn.readMessage()).text()).toBe(wanted)
    }
  })

  test('cannot be split by a jar, nor made of what is no text', async () => {
    const dialled = (cookies: unknown) => dial('ws://127.0.0.1:1/', { jar: jarOf(cookies) })
    await expect(dialled('a=1\r\nX: y')).rejects.toMatchObject({ code: 'ERR_WS_HEADER' })
    await expect(dialled(undefined)).rejects.toMatchObject({ name: 'TypeError', code: 'ERR_WS_ARGUMENT' })
  })

  test('a jar that fails to give it rejects the dial with its error', async () => {
    const thrown = new Error('the store is gone')
    const jar: CookieJar = { getCookieString: () => Promise.reject(thrown), setCookie() {} }
    await expect(dial('ws://127.0.0.1:1/', { jar })).rejects.toBe(thrown)
  })
})
