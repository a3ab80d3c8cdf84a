// The chat example's server with real chatters: who hears what, in which order, and whom it does without.
// RFC 6455 §7.4.1 (1001, 1003, 1009) and IANA's registry (1013, §7.4.2).

import { describe, expect, test } from 'vitest'
import { dial, Message } from '../../src/index.ts'
import { type ExampleServer, serveExample } from './script.ts'
import { Talker } from './talker.ts'

const join = (server: ExampleServer, name: string) =>
  Talker.open(`ws://localhost:${server.port}/chat?name=${encodeURIComponent(name)}`)

/** Sends the texts in one write to the socket. */
function sendTogether({ socket }: Talker, texts: readonly string[]): void {
  const raw = (socket as unknown as { _socket: { cork(): void; uncork(): void } })._socket
  raw.cork()
  for (const text of texts) socket.send(text)
  raw.uncork()
}

const numbered = (count: number, text: string) => Array.from({ length: count }, (_, i) => `${text} ${i}`)

describe('everybody', () => {
  test('is told who comes, who talks and who leaves, in the same order', async () => {
    const server = await serveExample('chat')
    const ann = await join(server, 'Ann')
    const bob = await join(server, 'Bob')
    await ann.line('* Bob joined, 2 here')
    const eve = await join(server, 'Eve')
    const talkers = [ann, bob, eve]
    await ann.line('* Eve joined, 3 here')
    for (const [i, { socket }] of talkers.entries())
      for (const text of numbered(100, `from ${i}`)) socket.send(text)
    const isSaid = ({ lines }: Talker) => lines.filter((line) => line.includes(': from')).length === 300
    await Promise.all(talkers.map((talker) => talker.until(isSaid)))
    const said = (talker: Talker) => talker.lines.filter((line) => line.includes(': from'))
    expect(said(bob)).toEqual(said(ann))
    expect(said(eve)).toEqual(said(ann))
    for (const [i, name] of ['Ann', 'Bob', 'Eve'].entries()) {
      const own = said(ann).filter((line) => line.startsWith(`${name}: `))
      expect(own).toEqual(numbered(100, `${name}: from ${i}`))
    }
    eve.socket.close(1000)
    await ann.line('* Eve left, 2 here')
    bob.socket.terminate()
    await ann.line('* Bob left, 1 here')
  })

  test('hears one line from a text of several, none from an empty one, and names that say what they are', async () => {
    const server = await serveExample('chat')
    const ann = await join(server, '* Ann\n: 你好')
    await ann.line('* Ann 你好 joined, 1 here')
    for (const text of ['', ' \n ', 'two\nlines \r\n of 👋']) ann.socket.send(text)
    await ann.line('Ann 你好: two lines of 👋')
    expect(ann.lines.length).toBe(2)
    const nobody = await Talker.open(`ws://localhost:${server.port}/chat`)
    await nobody.line('* somebody joined, 2 here')
  })

  test('gets what is said in one turn in few messages, and all of it from our own client too', async () => {
    const server = await serveExample('chat')
    const ann = await join(server, 'Ann')
    const conn = await dial(`ws://localhost:${server.port}/chat?name=Bob`)
    await ann.line('* Bob joined, 2 here')
    const before = ann.messages.length
    sendTogether(ann, numbered(100, 'line'))
    await ann.line('Ann: line 99')
    const frames = ann.messages.slice(before)
    expect(frames.flatMap((frame) => frame.split('\n'))).toEqual(numbered(100, 'Ann: line'))
    expect(frames.length).toBeLessThan(50)
    const heard: string[] = []
    for await (const message of conn) {
      expect(message).toBeInstanceOf(Message)
      heard.push(...message.text().split('\n'))
      if (heard.at(-1) === 'Ann: line 99') break
    }
    expect(heard).toEqual(['* Bob joined, 2 here', ...numbered(100, 'Ann: line')])
    expect((await conn.close()).code).toBe(1000)
  })
})

describe('a chatter', () => {
  test('may say 512 bytes at once; 513 are closed with 1009, and a binary message with 1003', async () => {
    const server = await serveExample('chat')
    const ann = await join(server, 'Ann')
    const long = 'é'.repeat(256)
    ann.socket.send(long)
    await ann.line(`Ann: ${long}`)
    ann.socket.send(`${long}.`)
    expect((await ann.closed).code).toBe(1009)
    const bob = await join(server, 'Bob')
    bob.socket.send(Buffer.from('text'))
    expect(await bob.closed).toEqual({ code: 1003, reason: 'text only' })
    expect((await join(server, 'Eve')).socket.readyState).toBe(1)
  })

  test('is no slow one for a burst of others, however long', async () => {
    const server = await serveExample('chat')
    const ann = await join(server, 'Ann')
    const bob = await join(server, 'Bob')
    await ann.line('* Bob joined, 2 here')
    sendTogether(ann, numbered(3000, 'a'))
    sendTogether(bob, numbered(3000, 'b'))
    await Promise.all(
      [ann, bob].map((talker) =>
        talker.until(({ lines }) => lines.filter((line) => /: [ab]/.test(line)).length === 6000),
      ),
    )
    expect(ann.lines.filter((line) => line.startsWith('*'))).toEqual([
      '* Ann joined, 1 here',
      '* Bob joined, 2 here',
    ])
  })

  test('who does not read is closed with 1013 while the others go on, in order and without a gap', async () => {
    const server = await serveExample('chat')
    const ann = await join(server, 'Ann')
    const bob = await join(server, 'Bob')
    await ann.line('* Bob joined, 2 here')
    const mute = await join(server, 'Mute')
    await ann.line('* Mute joined, 3 here')
    mute.socket.pause()
    const dropped = '* Mute was too slow, 2 here'
    const filler = 'x'.repeat(480)
    let count = 0
    // Until the buffers of the systems between are full: some megabytes.
    while (!ann.lines.slice(-400).includes(dropped)) {
      sendTogether(
        ann,
        Array.from({ length: 100 }, () => `${count++} ${filler}`),
      )
      const last = `Ann: ${count - 1} ${filler}`
      await ann.until(({ messages }) => messages.slice(-20).some((message) => message.includes(last)))
    }
    ann.socket.send('done')
    await bob.line('Ann: done')
    const numbers = bob.lines.filter((line) => line.endsWith('x')).map((line) => Number(line.split(' ')[1]))
    expect(numbers).toEqual(Array.from({ length: count }, (_, i) => i))
    mute.socket.resume()
    expect(await mute.closed).toEqual({ code: 1013, reason: 'too slow' })
    expect(mute.lines).not.toContain('Ann: done')
  })
})

test('SIGTERM closes everybody with 1001 and ends the server with 0', async () => {
  const server = await serveExample('chat')
  const talkers = await Promise.all(['Ann', 'Bob', 'Eve'].map((name) => join(server, name)))
  const ends = Promise.all(talkers.map(({ closed }) => closed))
  expect(await server.stop()).toBe(0)
  for (const end of await ends) expect(end).toEqual({ code: 1001, reason: 'the server is stopping' })
  expect(server.script.output()).toMatch(
    /^The chat is running: http:\/\/localhost:\d+\/ \(Ctrl-C stops it\)\n$/,
  )
})
