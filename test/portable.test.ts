// gibbon-ws where there are no sockets beside gibbon-ws on Node: one set of names, so that the declarations of one hold for both.
// What cannot work says so by its first use, and not by its import.

import { expect, test } from 'vitest'
import * as onNode from '../src/index.ts'
import * as portable from '../src/portable.ts'

/** Names of what is there only to say that it cannot work. */
const withoutSockets = ['Dialer', 'Upgrader', 'defaultDialer', 'dial', 'nodeReadable', 'nodeWritable']
/** Takes Node's streams as well there. */
const more = ['connFrom']

test('has exactly the names that Node has', () => {
  expect(Object.keys(portable).sort()).toEqual(Object.keys(onNode).sort())
})

test('has the real thing under every name that needs no socket', () => {
  const same = Object.entries(portable).filter(
    ([name, value]) => value === (onNode as Record<string, unknown>)[name],
  )
  const all = Object.keys(onNode).filter((name) => ![...withoutSockets, ...more].includes(name))
  expect(same.map(([name]) => name).sort()).toEqual(all.sort())
})

const unsupported = (name: string) =>
  expect.objectContaining({
    name: 'TypeError',
    code: 'ERR_WS_UNSUPPORTED_RUNTIME',
    message: expect.stringMatching(`^websocket: ${name} needs Node, .*; use .* of gibbon-ws/codec$`),
  })

test('new Upgrader() and new Dialer() throw and say what to use', () => {
  expect(() => new portable.Upgrader()).toThrow(unsupported('Upgrader'))
  expect(() => new portable.Dialer()).toThrow(unsupported('Dialer'))
})

test('Node streams of a message say what to use', () => {
  const words = (name: string) => expect.objectContaining({ message: expect.stringContaining(name) })
  expect(() => portable.nodeReadable()).toThrow(words('nodeReadable needs Node') as Error)
  expect(() => portable.nodeWritable()).toThrow(words('nodeWritable needs Node') as Error)
})

test('dial() rejects and says what to use', async () => {
  await expect(portable.dial()).rejects.toEqual(unsupported('dial'))
  await expect(portable.defaultDialer.dial()).rejects.toEqual(unsupported('dial'))
  await expect(portable.defaultDialer.handshake()).rejects.toEqual(unsupported('handshake'))
  // As every promise of the library: test/guard.ts sees one that is left alone.
  portable.dial()
})
