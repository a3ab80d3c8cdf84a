// What an application on Node writes as an ES module; compiled against the packed package, its declarations included.

import { createServer } from 'node:http'
import { connect } from 'node:net'
import {
  BadHandshakeError,
  CloseError,
  type Conn,
  type CookieJar,
  Dialer,
  type DialerOptions,
  dial,
  HandshakeError,
  isCloseError,
  isWebSocketUpgrade,
  joinMessages,
  type Message,
  type MessageReader,
  PreparedMessage,
  pipe,
  subprotocols,
  TextMessage,
  Upgrader,
  WebSocketError,
} from 'gibbon-ws'
import type { Message as CodecMessage } from 'gibbon-ws/codec'

const upgrader = new Upgrader({
  readLimit: 1 << 20,
  origins: ['https://app.example', /\.example$/],
  selectSubprotocol: (offered, request) => (request.url === '/chat' ? offered.at(-1) : undefined),
  onError(request, refusal) {
    if (isWebSocketUpgrade(request)) return { ...refusal, body: subprotocols(request).join() }
  },
})
const attachment = upgrader.attach(
  createServer(),
  {
    path: '/chat',
    authorize: (request) =>
      request.headers.authorization ? { data: { user: 'me' } } : { status: 401, body: 'who?' },
    onError: (error, conn) => console.error(error, conn?.data.user),
  },
  async (conn) => {
    const user: string = conn.data.user
    for await (const message of conn)
      await conn.writeMessage(message.isText ? `${user}: ${message.text()}` : message)
  },
)
const conn: Conn = await dial(new URL('ws://localhost:8080/chat'), { signal: AbortSignal.timeout(1000) })
await conn.writeMessage(TextMessage, 'hello', { timeout: 1000 })
const message: Message = await conn.readMessage({ deadline: new Date() })
const data: Uint8Array = message.data
const code: number = (await conn.close(1000, 'bye')).code
await attachment.close()
await upgrader.shutdown({ code: 1012, timeout: 1000 })
try {
  await dial('ws://localhost:1/')
} catch (error) {
  if (error instanceof BadHandshakeError) console.log(error.status satisfies number, data, code)
  if (error instanceof CloseError)
    console.log(error.closeCode satisfies number, error.reason satisfies string)
  if (error instanceof HandshakeError) console.log(error.status satisfies number)
  if (isCloseError(error, 1000, 1001)) console.log('the end')
  if (error instanceof WebSocketError) console.log(error.code satisfies string)
}

// Everything that is waited for ends by itself where the compiler knows `await using`.
export async function session(): Promise<void> {
  await using other = await dial('ws://localhost:8080/chat')
  await using writer = await other.nextWriter(TextMessage)
  await writer.write('piece', { signal: AbortSignal.timeout(1000) })
  await writer.close()
  const reader: MessageReader = await other.nextReader()
  for await (const piece of reader) piece satisfies Uint8Array
  const batches: AsyncIterable<readonly Message[]> = other.batches()
  const prepared = new PreparedMessage(TextMessage, 'all')
  await Promise.all([other.writePreparedMessage(prepared), other.ping(), batches])
  other.setPingHandler(null)
  other.remoteAddress?.port satisfies number | undefined
}
const [server, client] = pipe({ strict: true })
server.onMessage((message) => server.writeMessage(message), { borrow: true })
const stream: ReadableStream<Uint8Array> = joinMessages(client, '\n')
await stream.cancel()
const jar: CookieJar = { getCookieString: async () => '', setCookie: async () => undefined }
const options: DialerOptions = {
  proxy: async (url) => (url.protocol === 'wss:' ? new URL('socks5h://proxy.example') : null),
  connect: ({ host, port }) => connect(port, host),
  jar,
}
const other: Conn = await new Dialer(options).handshake(connect(80, 'a.example'), 'ws://a.example/')
other.terminate()

// One set of declarations: a Message of one entry is one of the other.
message satisfies CodecMessage
// @ts-expect-error the declarations were found: what they do not have is an error
message.length
