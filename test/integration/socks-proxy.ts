// A real SOCKS 5 proxy for one test: no authentication or user and password, CONNECT by address or by name.
// RFC 1928, RFC 1929. It checks what it is sent, byte by byte.

import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { portOf, RawPeer } from './raw-peer.ts'
import { SocketCount } from './sockets-of.ts'

export interface SocksProxy {
  /** socks5:, without credentials */
  readonly url: string
  readonly port: number
  /** 'ipv4 127.0.0.1:80', 'name example.com:443', … */
  readonly requests: string[]
  /** Methods that each client offered. */
  readonly methods: number[][]
  readonly sockets: SocketCount
}

export interface SocksOptions {
  /** Where given, nothing else is let in. */
  readonly user?: string
  readonly password?: string
  /** name → address, for names that only the proxy knows */
  readonly names?: Readonly<Record<string, string>>
}

export async function socksProxy(options: SocksOptions = {}): Promise<SocksProxy> {
  const server = createServer({ allowHalfOpen: true })
  const proxy = { requests: [] as string[], methods: [] as number[][], sockets: new SocketCount(server) }
  server.on('connection', (socket) => {
    serveOne(socket, options, proxy).catch(() => socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
  })
  const port = portOf(server)
  return { url: `socks5://127.0.0.1:${port}`, port, ...proxy }
}

async function serveOne(
  socket: Socket,
  { user, password = '', names = {} }: SocksOptions,
  proxy: Pick<SocksProxy, 'requests' | 'methods'>,
): Promise<void> {
  const peer = new RawPeer(socket)
  const [version, count] = await peer.take(2)
  if (version !== 5) throw new Error('no SOCKS 5')
  const methods = [...(await peer.take(count))]
  proxy.methods.push(methods)
  const method = user === undefined ? 0 : 2
  if (!methods.includes(method)) {
    socket.end(Uint8Array.of(5, 0xff))
    return
  }
  peer.send(Uint8Array.of(5, method))
  if (user !== undefined) {
    const [authVersion, userLength] = await peer.take(2)
    const givenUser = (await peer.take(userLength)).toString()
    const givenPassword = (await peer.take((await peer.take(1))[0])).toString()
    const isGood = authVersion === 1 && givenUser === user && givenPassword === password
    peer.send(Uint8Array.of(1, isGood ? 0 : 1))
    if (!isGood) {
      socket.end()
      return
    }
  }
  const [requestVersion, command, reserved, type] = await peer.take(4)
  if (requestVersion !== 5 || command !== 1 || reserved !== 0) throw new Error('no CONNECT')
  const host = await hostOf(peer, type)
  const port = (await peer.take(2)).readUInt16BE()
  proxy.requests.push(`${host.kind} ${host.text}:${port}`)

  const upstream = connect({ host: names[host.text] ?? host.text, port, allowHalfOpen: true })
  onTestFinished(() => {
    upstream.destroy()
  })
  upstream.on('error', () => socket.end(Uint8Array.of(5, 5, 0, 1, 0, 0, 0, 0, 0, 0)))
  upstream.once('connect', () => {
    peer.send(Uint8Array.of(5, 0, 0, 1, 127, 0, 0, 1, port >> 8, port & 0xff))
    upstream.pipe(socket).pipe(upstream)
  })
  // A client that has ended wants no more of it.
  socket.once('end', () => upstream.destroy())
  socket.once('close', () => upstream.destroy())
  upstream.once('close', () => socket.destroy())
}

async function hostOf(peer: RawPeer, type: number): Promise<{ kind: string; text: string }> {
  if (type === 1) return { kind: 'ipv4', text: [...(await peer.take(4))].join('.') }
  if (type === 3) return { kind: 'name', text: (await peer.take((await peer.take(1))[0])).toString('latin1') }
  if (type !== 4) throw new Error('unknown address type')
  const groups = (await peer.take(16)).toString('hex').match(/.{4}/g) ?? []
  return { kind: 'ipv6', text: groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':') }
}
