// Rows of gorilla/websocket's json_test.go: values as messages, and messages that are no value.
// RFC 8259 (JSON).

import { describe, expect, test } from 'vitest'
import { CloseError, formatCloseMessage } from '../../src/index.ts'
import { errorOf, roles, Wire } from './wire.ts'

interface Value {
  readonly A: number
  readonly B: string
}

const value: Value = { A: 1, B: 'hello' }

describe.each(roles)('written by a %s', (role) => {
  test('TestJSON, TestDeprecatedJSON: a value comes as it went', async () => {
    const wire = new Wire(role)
    await wire.writer.conn.writeJSON(value)
    await wire.carry()
    const read: Value = await wire.reader.conn.readJSON<Value>()
    expect(read).toEqual(value)
    expect(wire.writer.conn.state).toBe('open')
  })

  test('TestJSON: is one text message without a newline; a binary one is read too', async () => {
    const wire = new Wire(role)
    await wire.writer.conn.writeJSON(value)
    await wire.writer.conn.writeMessage(2, JSON.stringify(value))
    await wire.carry()
    const message = await wire.reader.conn.readMessage()
    expect([message.type, message.text()]).toEqual([1, '{"A":1,"B":"hello"}'])
    expect(await wire.reader.conn.readJSON()).toEqual(value)
  })

  test('TestPartialJSONRead: every proper prefix and a blank message are errors, and the connection survives them all', async () => {
    const wire = new Wire(role)
    const { writer, reader } = wire
    const whole = JSON.stringify(value)
    let count = 0
    for (let length = whole.length - 1; length >= 0; length--, count++)
      await writer.conn.writeMessage(1, whole.slice(0, length))
    for (const more of [' ', `${whole} junk`, `${whole}${whole}`, 'undefined', "{'A':1}"]) {
      await writer.conn.writeMessage(1, more)
      count++
    }
    await writer.conn.writeMessage(1, ` ${whole}\n`)
    await writer.conn.writeMessage(8, formatCloseMessage(1000))
    await wire.carry('half')
    for (let i = 0; i < count; i++) {
      expect(await errorOf(reader.conn.readJSON()), `message ${i}`).toBeInstanceOf(SyntaxError)
    }
    expect(await reader.conn.readJSON()).toEqual(value)
    const error = await errorOf(reader.conn.readJSON())
    expect(error).toBeInstanceOf(CloseError)
    expect(error).toMatchObject({ closeCode: 1000 })
  })
})
