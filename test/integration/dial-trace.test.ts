// What a dial tells node:diagnostics_channel: gorilla/websocket's TestTracingDialWithContext and TestEmptyTracingDialWithContext.
// The names are those of Go's httptrace.

import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import { connect as connectTcp } from 'node:net'
import { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { Dialer, type DialOptions, dial } from '../../src/index.ts'
import { serverTls, trustBoth, trustServer } from './authorities.ts'
import { httpProxy } from './http-proxy.ts'
import { failedDial } from './raw-server.ts'
import { echo, open, serve } from './serve.ts'

const names = [
  'getConn',
  'gotConn',
  'tlsHandshakeStart',
  'tlsHandshakeDone',
  'wroteRequest',
  'gotFirstResponseByte',
] as const

interface Message {
  readonly dial: { readonly url: string }
  readonly [detail: string]: unknown
}
type Told = Message & { readonly name: string }

/** Listens to some channels until the test is over; gives what they told, in order. */
function listenTo(wanted: readonly string[] = names): Told[] {
  const told: Told[] = []
  for (const name of wanted) {
    const note = (message: unknown) => {
      told.push({ ...(message as Message), name })
    }
    subscribe(`gibbon-ws:dial:${name}`, note)
    onTestFinished(() => {
      unsubscribe(`gibbon-ws:dial:${name}`, note)
    })
  }
  return told
}

const namesOf = (told: readonly Told[]) => told.map(({ name }) => name)

test.each<[string, DialOptions]>([
  ['the default', {}],
  ['connect', { connect: ({ host, port }) => connectTcp(port, host) }],
])('TestTracingDialWithContext: all of them tell, in order, of one dial: %s', async (_, options) => {
  const { url, port } = await serve(echo, { tls: serverTls })
  const told = listenTo()
  const conn = await open(url, { tls: trustServer, ...options })
  expect(namesOf(told)).toEqual([...names])
  expect(new Set(told.map(({ dial }) => dial)).size).toBe(1)
  expect(told[0]).toMatchObject({ dial: { url }, host: '127.0.0.1', port })
  expect(told[1].stream).toBeInstanceOf(Duplex)
  expect(told[2]).toMatchObject({ host: '127.0.0.1' })
  expect(told[3].stream).toBe(conn.socket)
  await conn.writeMessage('hello')
  expect((await conn.readMessage()).text()).toBe('hello')
})

test('without TLS, with connectTLS, and on a given stream there is less to tell', async () => {
  const plain = await serve(echo)
  const secure = await serve(echo, { tls: serverTls })
  const told = listenTo()
  const withoutTls = ['getConn', 'gotConn', 'wroteRequest', 'gotFirstResponseByte']
  await open(plain.url)
  expect(namesOf(told.splice(0))).toEqual(withoutTls)
  const connectTLS = ({ host, port }: { host: string; port: number }) =>
    connectTls({ host, port, ...trustServer })
  await open(secure.url, { connectTLS })
  expect(namesOf(told.splice(0))).toEqual(withoutTls)
  const conn = await new Dialer().handshake(connectTcp(plain.port, '127.0.0.1'), plain.url)
  onTestFinished(() => conn.terminate())
  expect(namesOf(told)).toEqual(withoutTls.slice(2))
})

test('through a proxy of https, TLS is told twice and the connection once, when the tunnel is there', async () => {
  const { url, port } = await serve(echo, { tls: serverTls })
  const proxy = await httpProxy(true)
  const told = listenTo()
  await open(url, { proxy: proxy.url, tls: trustBoth })
  expect(namesOf(told)).toEqual([
    'getConn',
    'tlsHandshakeStart',
    'tlsHandshakeDone',
    'gotConn',
    'tlsHandshakeStart',
    'tlsHandshakeDone',
    'wroteRequest',
    'gotFirstResponseByte',
  ])
  expect(told[0]).toMatchObject({ host: '127.0.0.1', port })
})

test('failures are told where they are', async () => {
  const told = listenTo()
  const refused = await dial('ws://127.0.0.1:1/').catch((error) => error)
  expect(told.splice(0)).toMatchObject([{ name: 'getConn' }, { name: 'gotConn', error: refused }])
  const { url } = await serve(echo, { tls: serverTls })
  const untrusted = await dial(url).catch((error) => error)
  expect(namesOf(told)).toEqual(['getConn', 'gotConn', 'tlsHandshakeStart', 'tlsHandshakeDone'])
  expect(told[3].error).toBe(untrusted.cause)
  told.splice(0)
  await failedDial((peer) => peer.socket.end())
  expect(namesOf(told)).toEqual(['getConn', 'gotConn', 'wroteRequest'])
})

test('TestEmptyTracingDialWithContext: nobody listens, or to one only', async () => {
  const { url } = await serve(echo, { tls: serverTls })
  expect(names.some((name) => channel(`gibbon-ws:dial:${name}`).hasSubscribers)).toBe(false)
  await open(url, { tls: trustServer })
  const told = listenTo(['wroteRequest'])
  await open(url, { tls: trustServer })
  expect(namesOf(told)).toEqual(['wroteRequest'])
})
