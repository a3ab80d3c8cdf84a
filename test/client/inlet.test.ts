// The incoming side of a stream during a handshake: bytes in the order in which they came, none lost, none before it is asked for.
// Over Duplexes of memory, whose chunks come as they are written.

import { duplexPair } from 'node:stream'
import { expect, test } from 'vitest'
import { Inlet } from '../../src/client/inlet.ts'

const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString()
const turn = () => new Promise((resolve) => setImmediate(resolve))

test('gives chunks one by one, and the rest stays in the stream', async () => {
  const [ours, theirs] = duplexPair()
  const inlet = new Inlet(ours)
  for (const chunk of ['one', 'two', 'three']) theirs.write(chunk)
  expect(text(await inlet.next())).toBe('one')
  expect(text(await inlet.next())).toBe('two')
  await turn()
  expect(text(inlet.release())).toBe('')
  const rest: string[] = []
  ours.on('data', (chunk) => rest.push(String(chunk)))
  ours.resume()
  theirs.write('four')
  await turn()
  expect(rest.join()).toBe('three,four')
})

test('takes as many bytes as are asked for, of one chunk or of several, and puts back what is too much', async () => {
  const [ours, theirs] = duplexPair()
  const inlet = new Inlet(ours)
  for (const chunk of ['a', 'bcd', '', 'efghij']) theirs.write(chunk)
  expect(text(await inlet.take(3))).toBe('abc')
  expect(inlet.hasMore).toBe(true)
  expect(text(await inlet.take(0))).toBe('')
  expect(text(await inlet.take(4))).toBe('defg')
  inlet.unread(Buffer.from('xy'))
  expect(text(inlet.release())).toBe('xyhij')
})

test('knows of bytes that nobody asked for, in its chunk and behind it', async () => {
  const [ours, theirs] = duplexPair()
  const inlet = new Inlet(ours)
  theirs.write('ab')
  await inlet.take(2)
  expect(inlet.hasMore).toBe(false)
  theirs.write('c')
  await turn()
  expect(inlet.hasMore).toBe(true)
})

test('tells the end and an error, behind the bytes before them, each time', async () => {
  const ended = duplexPair()
  const inlet = new Inlet(ended[0])
  ended[1].end('bye')
  expect(text(await inlet.next())).toBe('bye')
  expect(await inlet.next()).toBe(undefined)
  expect(await inlet.take(1)).toBe(undefined)

  const [failed, theirs] = duplexPair()
  const other = new Inlet(failed)
  theirs.write('last')
  const error = new Error('broken')
  const reading = other.next()
  expect(text(await reading)).toBe('last')
  failed.destroy(error)
  await expect(other.next()).rejects.toBe(error)
  await expect(other.next()).rejects.toBe(error)
})

test('leaves no listener on the stream', () => {
  const [ours] = duplexPair()
  const before = ours.eventNames().map((name) => [name, ours.listenerCount(name)])
  new Inlet(ours).release()
  expect(ours.eventNames().map((name) => [name, ours.listenerCount(name)])).toEqual(before)
})
