// What an application on Node writes as CommonJS; compiled against the packed package, its declarations included.

import { type Conn, dial, type Message } from 'gibbon-ws'

import library = require('gibbon-ws')

async function ask(question: string): Promise<string> {
  const conn: Conn = await dial('ws://localhost:8080/')
  await conn.writeMessage(question)
  const answer: Message = await conn.readMessage()
  await conn.close(library.CloseNormalClosure)
  return answer.text()
}
ask('what?').catch((error) => {
  if (error instanceof library.WebSocketError) error.code satisfies library.ErrorCode
})

// @ts-expect-error the declarations were found: what they do not have is an error
library.dail
