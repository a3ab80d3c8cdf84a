// Row TestJoinMessages of gorilla/websocket's join_test.go: all messages of a connection as one stream of bytes.
// RFC 6455 §5.4: wherever the frames, and the reads, are cut.

import { describe, expect, test } from 'vitest'
import { joinMessages } from '../../src/index.ts'
import { failure } from '../conn/connections.ts'
import { errorOf, readAll, Wire } from './wire.ts'

const messages = ['a', 'bc', 'def', 'ghij', 'klmno', '0', '12', '345', '6789']

const readChunks = [1, 2, 3, 4, 5, 6, 7]

describe.each([[''], [','], ['·€']])('behind each message %j', (term) => {
  const joined = messages.join(term) + term

  test.each(readChunks)('TestJoinMessages: in reads of %i until the peer closes', async (length) => {
    const wire = new Wire('server')
    for (const message of messages) await wire.writer.conn.writeMessage(2, message)
    wire.writer.conn.close()
    const reading = readAll(joinMessages(wire.reader.conn, term))
    await wire.carry(length)
    expect((await reading).toString()).toBe(joined)
  })

  test.each(readChunks)(
    'TestJoinMessages: in reads of %i, an end without a Close fails it',
    async (length) => {
      const wire = new Wire('server')
      for (const message of messages) await wire.writer.conn.writeMessage(2, message)
      const stream = joinMessages(wire.reader.conn, term).getReader()
      let text = ''
      const failed = errorOf(
        (async () => {
          for (;;) text += Buffer.from((await stream.read()).value!).toString('latin1')
        })(),
      )
      await wire.carry(length)
      wire.reader.transport.receiveEnd()
      expect(await failed).toEqual(failure('ERR_WS_ABNORMAL_CLOSURE', { closeCode: 1006 }))
      expect(Buffer.from(text, 'latin1').toString()).toBe(joined)
    },
  )
})
