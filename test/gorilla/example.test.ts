// ExampleIsUnexpectedCloseError of gorilla/websocket's example_test.go, run: a server that logs every end but the expected one.
// RFC 6455 §7.4.1: a browser that leaves its page closes with 1001.

import { expect, test } from 'vitest'
import { CloseGoingAway, type Conn, isUnexpectedCloseError, type Message, pipe } from '../../src/index.ts'

/** The example itself. */
async function serve(conn: Conn, processMessage: (message: Message) => void, log: (line: string) => void) {
  for (;;) {
    let message: Message
    try {
      message = await conn.readMessage()
    } catch (error) {
      if (isUnexpectedCloseError(error, CloseGoingAway)) log(`error: ${(error as Error).message}`)
      return
    }
    processMessage(message)
  }
}

test.each([
  ['going away is expected', (client: Conn) => client.close(1001), []],
  [
    'a normal closure is not',
    (client: Conn) => client.close(1000, 'bye'),
    ['error: websocket: close 1000 (normal): bye'],
  ],
  [
    'an end without a Close frame is not',
    (client: Conn) => client.terminate(),
    ['error: websocket: the connection ended without a Close frame'],
  ],
] as const)('ExampleIsUnexpectedCloseError: %s', async (_, leave, expected) => {
  const [server, client] = pipe()
  const log: string[] = []
  const texts: string[] = []
  const serving = serve(
    server,
    (message) => texts.push(message.text()),
    (line) => log.push(line),
  )
  await client.writeMessage('one')
  await client.writeMessage('two')
  await client.flush()
  while (texts.length < 2) await new Promise((resolve) => setTimeout(resolve, 0))
  leave(client)
  await serving
  expect(texts).toEqual(['one', 'two'])
  expect(log).toEqual(expected)
})
