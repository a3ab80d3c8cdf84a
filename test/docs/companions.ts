// What the blocks of code in the documentation need around them to be run: the names that a block takes for granted, and
// what uses the thing that it makes. All of it is here; each block is compiled and run as one module with its companion.

/** What stands around one block. */
export interface Companion {
  /** In front of it: what its names mean. */
  readonly before?: string
  /** Behind it: what uses it, and fails where it does not do what the page says. */
  readonly after?: string
  /** A part of what the program must write. */
  readonly prints?: string
  /** Why it is compiled only. */
  readonly notRun?: string
}

/** In front of every block; `8080` is replaced by a free port. */
export const prelude = `
import assert from 'node:assert/strict'
import * as gibbon from 'gibbon-ws'
const base = 'ws://localhost:8080'
const echo = async (conn: gibbon.Conn) => { for await (const message of conn) await conn.writeMessage(message) }
const expectEcho = async (url: string) => {
  const peer = await gibbon.dial(url)
  for (const text of ['hello', 'x'.repeat(100_000)]) {
    await peer.writeMessage(text)
    assert.equal(await peer.readText(), text)
  }
  assert.equal((await peer.close()).code, 1000)
}
`

/** In front of every block that imports nothing of the package. */
export const imports = `
import {
  BinaryMessage, Dialer, dial, PingMessage, PongMessage, PreparedMessage, pipe, TextMessage, Upgrader,
} from 'gibbon-ws'
`

const pair = 'const [conn, peer] = gibbon.pipe()'
const server = "import { createServer as makeServer } from 'node:http'; const backend = makeServer()"
const exit = 'process.exit()'

const guide: Readonly<Record<string, Companion>> = {
  'A server': { after: `await expectEcho(base + '/echo'); server.close()`, prints: 'read: 1000' },
  'A client': {
    before: `${server}; new gibbon.Upgrader().attach(backend, { path: '/echo' }, echo); backend.listen(8080)`,
    after: exit,
    prints: 'recv: hello',
  },
  'Chat: read pump and write pump': {
    after: `
      const members = await Promise.all(['a', 'b'].map(() => gibbon.dial(base + '/chat')))
      await members[0].writeMessage('hello')
      for (const member of members) assert.equal(await member.readText(), 'hello')
      await Promise.all(members.map((member) => member.close()))
      server.close()`,
  },
  'Keep-alive: SetReadDeadline in the PongHandler': {
    after: `
      assert.deepEqual(keepAlive, { interval: 54_000, timeout: 6_000 })
      await expectEcho(base)
      server.close()`,
  },
  // It ends by itself: the server, and the last connection.
  'Graceful shutdown': {
    after: `
      const peer = await gibbon.dial(base)
      process.emit('SIGTERM', 'SIGTERM')
      assert.equal((await peer.closed).code, 1001)`,
  },
  'Prepared broadcast': {
    after: `
      const peers = await Promise.all(['a', 'b'].map(() => gibbon.dial(base + '/ticker')))
      for (const peer of peers) assert.equal(typeof (await peer.readJSON<{ now: number }>()).now, 'number')
      ${exit}`,
  },
  'NextReader, NextWriter and io.Copy': { after: `await expectEcho(base + '/echo'); server.close()` },
  'Files in and out': {
    after: `
      import { readFileSync, writeFileSync } from 'node:fs'
      const bytes = Buffer.alloc(1_000_000, 'file')
      writeFileSync('sent', bytes)
      const [conn, peer] = gibbon.pipe()
      await Promise.all([sendFile(conn, 'sent'), receiveFile(peer, 'received')])
      assert.ok(readFileSync('received').equals(bytes))`,
  },
  JoinMessages: {
    after: `
      const [conn, peer] = gibbon.pipe()
      const lines = readLines(conn)
      for (const text of ['one', 'two']) await peer.writeMessage(text)
      await peer.close()
      assert.deepEqual(await lines, ['one', 'two'])`,
  },
  'ReadJSON and WriteJSON': {
    after: `
      const peer = await gibbon.dial(base + '/api')
      await peer.writeJSON({ id: 7, words: ['a', 'b'] })
      assert.deepEqual(await peer.readJSON(), { id: 7, answer: 'a b' })
      await peer.writeMessage('{')
      assert.equal((await peer.closed).code, 1011)
      server.close()`,
    prints: 'SyntaxError',
  },
  'A check of the origin': {
    before: server,
    after: `
      for (const [path, upgrader] of Object.entries({ '/list': byList, '/function': byFunction, '/all': everybody }))
        upgrader.attach(backend, { path }, (conn) => conn.terminate())
      backend.listen(8080)
      const status = (path: string, origin: string) =>
        gibbon.dial(base + path, { origin }).then(() => 101, (error) => error.status)
      for (const path of ['/list', '/function']) {
        assert.equal(await status(path, 'https://app.example'), 101)
        assert.equal(await status(path, 'https://evil.example'), 403)
      }
      assert.equal(await status('/list', 'https://www.example.com'), 101)
      assert.equal(await status('/all', 'https://evil.example'), 101)
      backend.close()`,
  },
  Cookies: {
    before: `${server}
      const authorize = () => ({ data: 1, headers: { 'set-cookie': 'seen=1; Path=/' } })
      const seen: (string | undefined)[] = []
      new gibbon.Upgrader().attach(backend, { authorize }, (conn) => seen.push(conn.handshake.headers.cookie))
      backend.listen(8080)`,
    after: `
      await new Dialer({ jar }).dial(base)
      assert.deepEqual(seen, [undefined, 'seen=1'])
      ${exit}`,
  },
  Proxies: {
    after: `
      for (const dialer of [fromEnvironment, fixed, socks, chosen]) assert.ok(dialer instanceof Dialer)`,
  },
  TLSClientConfig: { after: exit, prints: 'hello' },
  Subprotocols: {
    after: `assert.equal(await conn.readText(), 'you speak chat.v2'); ${exit}`,
    prints: 'chat.v2',
  },
  'Middleware: authorize': {
    after: `
      const peer = await gibbon.dial(base + '/private', { headers: { authorization: 'Bearer s3cret' } })
      assert.equal(await peer.readText(), 'hello Ann')
      // The handler has returned, and the connection is open.
      await peer.ping()
      await assert.rejects(gibbon.dial(base + '/private'), { status: 401 })
      ${exit}`,
  },
  'A handler of your own router': {
    after: `
      await expectEcho(base + '/echo')
      await assert.rejects(gibbon.dial(base + '/other'), { status: 404 })
      await assert.rejects(gibbon.dial(base + '/echo', { origin: 'https://evil.example' }), { status: 403 })
      server.close()`,
  },
  'Tests: net.Pipe': { prints: 'pass 1' },
  'Logging: IsUnexpectedCloseError': {
    after: `
      await expectEcho(base + '/echo')
      const peer = await gibbon.dial(base + '/echo')
      await peer.close(1008, 'rude')
      server.close()`,
    prints: 'close 1008 (policy violation): rude',
  },
  'Logging behind a loop': {
    after: `
      const reported = async (end: (peer: Conn) => unknown) => {
        const [conn, peer] = gibbon.pipe()
        end(peer)
        return report(conn)
      }
      assert.equal(await reported((peer) => peer.close(1001)), 'as expected')
      assert.equal(await reported((peer) => peer.close(1008, 'rude')), '1008 rude: closed by the peer')
      assert.match(await reported((peer) => peer.terminate()), /^1006 : websocket: /)`,
  },
  'WriteControl with a deadline': {
    after: `
      const [conn, peer] = gibbon.pipe()
      assert.equal(await farewell(conn), 1012)
      assert.equal((await peer.closed).reason, 'back soon')`,
  },
  'Handlers of control frames': {
    after: `
      const lines: string[] = []
      const [conn, peer] = gibbon.pipe()
      watch(conn, (line) => lines.push(line))
      await peer.ping('hello')
      await conn.ping()
      assert.equal((await peer.close(1000, 'rude')).code, 1008)
      assert.deepEqual(lines, ['ping of 5 bytes', 'pong', 'closed by the peer: 1000 rude'])`,
  },
  'A context that is cancelled': {
    before: `${server}; new gibbon.Upgrader().attach(backend, {}, echo); backend.listen(8080)`,
    after: `
      assert.equal(await ask(base, 'who?', new AbortController().signal), 'who?')
      const reason = new Error('changed my mind')
      await assert.rejects(ask(base, 'who?', AbortSignal.abort(reason)), reason)
      backend.close()`,
  },
  EnableWriteCompression: { after: exit },
}

const readme: Readonly<Record<string, Companion>> = {
  'gibbon-ws': {
    after: `
      await expectEcho(base + '/echo')
      assert.equal(await (await fetch('http://localhost:8080/')).text(), 'hello')
      server.close()`,
  },
  'gibbon-ws 2': {
    before: `${server}; new gibbon.Upgrader().attach(backend, { path: '/echo' }, echo); backend.listen(8080)`,
    after: exit,
    prints: 'hello',
  },
  Reading: { before: `${pair}; peer.writeMessage('hello'); peer.close()`, prints: 'hello' },
  'Reading 2': { before: `${pair}; peer.writeJSON('hello')` },
  'Reading 3': {
    before: `${pair}
      import { createHash } from 'node:crypto'
      const hash = createHash('sha256')
      const buffer = new Uint8Array(100)
      let messagesHandled = 0
      const handle = (messages: readonly gibbon.Message[]) => { messagesHandled += messages.length }
      const count = (bytes: number) => bytes
      for (const data of ['text', 'data', 'abc', 'one', 'two']) peer.writeMessage(data)
      peer.close()`,
    after: `
      assert.equal(text, 'text')
      assert.equal(Buffer.from(buffer.subarray(0, 4)).toString(), 'data')
      assert.equal(data.buffer, buffer.buffer)
      assert.equal(hash.digest('hex'), createHash('sha256').update('abc').digest('hex'))
      assert.equal(messagesHandled, 2)`,
  },
  Writing: {
    before: `${pair}
      peer.writeMessage('back again')
      const bytes = new Uint8Array([0xc3, 0xa4])
      const message = await conn.readMessage()
      const file = new Response('of a file').body!`,
    after: `
      const texts: string[] = []
      for (let at = 0; at < 7; at++) texts.push(await peer.readText())
      assert.deepEqual(texts, [
        'text', '\\x01\\x02\\x03', 'ä', 'back again', '{"answer":42}', 'one message in pieces', 'of a file',
      ])`,
  },
  'Writing 2': {
    before: `${pair}; const attachment = { connections: new Set([conn]) }`,
    after: 'assert.deepEqual(await peer.readJSON(), { news: true })',
  },
  'Control frames': {
    before: pair,
    after: `
      await peer.ping()
      assert.equal((await peer.close()).code, 4000)`,
  },
  Closing: {
    before: `${pair}; const upgrader = new gibbon.Upgrader()`,
    after: 'assert.equal(code, 1000)',
  },
  'Testing without a network': { before: 'const handler = echo', prints: 'hello' },
  'Who may connect': {
    before: `
      import { createServer, type IncomingMessage } from 'node:http'
      const server = createServer()
      const userOf = (request: IncomingMessage): { name: string } | undefined =>
        request.url === '/chat' ? { name: 'Ann' } : undefined`,
  },
  Dialling: { notRun: 'it needs tough-cookie, and a server of that name' },
  'Dialling 2': { notRun: 'it needs a server at that path' },
  'The codec alone': {
    before: `
      import * as codec from 'gibbon-ws/codec'
      const client = new codec.Protocol({ role: 'client' })
      client.send(1, 'hello')
      const bytes = client.output()
      const sent: Uint8Array[] = []
      const send = (output: Uint8Array) => sent.push(output)`,
    after: `
      const [answer] = client.receive(sent[0])
      assert.ok(answer.type === 1 && answer.text() === 'HELLO')`,
  },
  'The codec alone 2': {
    before: `
      import { Decoder } from 'gibbon-ws/codec'
      const bytes = new Uint8Array([0x82, 0x81, 0, 0, 0, 0, 41])
      let checksum = 0`,
    after: 'assert.equal(checksum, 42)',
  },
}

/** By the page's path and the heading that the block stands under; the second under one has ` 2` behind it. */
export const companions: ReadonlyMap<string, Companion> = new Map(
  Object.entries({ 'README.md': readme, 'docs/coming-from-gorilla.md': guide }).flatMap(([path, blocks]) =>
    Object.entries(blocks).map(([heading, companion]) => [`${path}: ${heading}`, companion] as const),
  ),
)
