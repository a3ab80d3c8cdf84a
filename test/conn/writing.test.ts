// Writing messages: what leaves, when it leaves, and that everything written in one turn leaves in one write.
// RFC 6455 §5.2, §5.6.

import { describe, expect, test } from 'vitest'
import { UNCHECKED, VALID_UTF8 } from '../../src/codec/message.ts'
import { counted, failure, received, Solo, watch } from './connections.ts'
import { microtasks } from './fake-clock.ts'

const KiB = 1024

describe('one turn, one write:', () => {
  test('nothing leaves before the turn ends', async () => {
    const solo = new Solo()
    solo.conn.writeMessage('one')
    solo.conn.writeMessage('two')
    await microtasks()
    expect(solo.transport.writes).toEqual([])
    solo.clock.endTurn()
    expect(solo.transport.writes.length).toBe(1)
    expect(solo.log).toEqual(['text one', 'text two'])
  })

  test('messages, pings, pongs and a Close frame leave together', async () => {
    const solo = new Solo()
    solo.transport.receive(solo.frame(9, 'asked'))
    solo.conn.writeMessage('text')
    solo.conn.ping('ping')
    solo.conn.writeControl(10, 'pong')
    solo.conn.writeControl(8)
    await solo.settle()
    expect(solo.transport.writes.length).toBe(1)
    expect(solo.log).toEqual(['pong asked', 'text text', 'ping ping', 'pong pong', 'close 1005'])
  })

  test('also across awaits of the messages written', async () => {
    const solo = new Solo()
    const writer = (async () => {
      for (let i = 0; i < 100; i++) await solo.conn.writeMessage(`${i}`)
    })()
    await microtasks()
    await writer
    solo.clock.endTurn()
    expect(solo.transport.writes.length).toBe(1)
    expect(solo.sent.map(({ text }) => text)).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`))
  })

  test('the answers of a loop to a chunk of messages leave together', async () => {
    const solo = new Solo()
    const loop = (async () => {
      for await (const message of solo.conn) await solo.conn.writeMessage(message)
    })()
    await solo.receive(...Array.from({ length: 50 }, (_, i) => solo.frame(1, `message ${i}`)))
    expect(solo.transport.writes.length).toBe(1)
    expect(solo.sent.map(({ text }) => text)).toEqual(Array.from({ length: 50 }, (_, i) => `message ${i}`))
    await solo.receiveClose()
    await loop
  })

  test('each turn has its own', async () => {
    const solo = new Solo()
    for (let i = 0; i < 3; i++) {
      solo.conn.writeMessage(`${i}`)
      await solo.settle()
    }
    expect(solo.transport.writes.length).toBe(3)
    expect(solo.clock.endTurn()).toBe(false)
  })

  test('64 KiB go at once, without waiting for its end', () => {
    const solo = new Solo()
    for (let i = 0; i < 6; i++) {
      solo.conn.writeMessage(counted(10 * KiB))
      expect(solo.transport.writes.length).toBe(0)
    }
    solo.conn.writeMessage(counted(10 * KiB))
    expect(solo.transport.writes.length).toBe(1)
    expect(solo.conn.bufferedAmount).toBe(0)
    solo.clock.endTurn()
    expect(solo.transport.writes.length).toBe(1)
    expect(solo.sent.length).toBe(7)
  })
})

describe.each([['server'], ['client']] as const)('a %s', (role) => {
  test('sends strings as text, bytes as binary, and either as what it is told', async () => {
    const solo = new Solo({ role })
    solo.conn.writeMessage('string')
    solo.conn.writeMessage(counted(3))
    solo.conn.writeMessage(1, new TextEncoder().encode('bytes'))
    solo.conn.writeMessage(2, 'string')
    solo.conn.writeMessage('')
    solo.conn.writeMessage(new Uint8Array(0))
    await solo.settle()
    expect(solo.sent.map(({ type, data }) => [type, Buffer.from(data!).toString('latin1')])).toEqual([
      [1, 'string'],
      [2, '\0\x07\x0e'],
      [1, 'bytes'],
      [2, 'string'],
      [1, ''],
      [2, ''],
    ])
  })

  test('sends received messages as they are', async () => {
    const solo = new Solo({ role })
    await solo.receive(solo.frame(1, 'käse'), solo.frame(2, counted(50 * KiB)))
    solo.conn.writeMessage(await solo.conn.readMessage())
    solo.conn.writeMessage((await solo.conn.readMessage()).copy())
    await solo.settle()
    const [text, binary] = solo.sent
    expect([text.type, text.text]).toEqual([1, 'käse'])
    expect([binary.type, Buffer.compare(binary.data!, counted(50 * KiB))]).toEqual([2, 0])
  })

  test('N2: sends messages of every size, in order', async () => {
    const solo = new Solo({ role })
    const sizes = [
      0,
      1,
      125,
      126,
      127,
      32 * KiB,
      32 * KiB + 1,
      65_535,
      65_536,
      65_537,
      200_000,
      3,
      1024 * KiB,
      1,
    ]
    for (const size of sizes) solo.conn.writeMessage(counted(size))
    await solo.settle()
    expect(solo.sent.map(({ data }) => data!.length)).toEqual(sizes)
    for (const { data } of solo.sent) expect(Buffer.compare(data!, counted(data!.length))).toBe(0)
  })

  test('F8: sends lone surrogates as U+FFFD', async () => {
    const solo = new Solo({ role })
    const texts = [
      '\ud800',
      'a\udc00b',
      '\udc00\ud800',
      '😀\ud83d',
      `${'x'.repeat(100)}\ud83d`,
      '\ud83d'.repeat(30_000),
    ]
    for (const text of texts) solo.conn.writeMessage(text)
    await solo.settle()
    const wellFormed = texts.map((text) => text.replace(/\p{Surrogate}/gu, '\ufffd'))
    expect(solo.sent.map(({ text }) => text)).toEqual(wellFormed)
  })

  test('F6: keeps a leading U+FEFF', async () => {
    const solo = new Solo({ role })
    await solo.receiveTexts('\ufeffmark')
    solo.conn.writeMessage('\ufeffmark')
    solo.conn.writeMessage((await solo.conn.readMessage()).text())
    await solo.settle()
    expect(solo.sent.map(({ text }) => text)).toEqual(['\ufeffmark', '\ufeffmark'])
  })
})

describe('a text given as bytes', () => {
  test.each([
    ['a byte that no text has', Uint8Array.of(0x61, 0xff)],
    ['a surrogate', Uint8Array.of(0xed, 0xa0, 0x80)],
    ['a character cut at the end', Uint8Array.of(0x61, 0xe2, 0x82)],
    ['a bad byte behind 100 KB', new Uint8Array(100_001).fill(0x61, 0, 100_000).fill(0x80, 100_000)],
  ])('is refused for %s: nothing is sent, the connection lives', async (_, bytes) => {
    const solo = new Solo()
    await expect(solo.conn.writeMessage(1, bytes)).rejects.toEqual(
      failure('ERR_WS_INVALID_UTF8', { remote: false }),
    )
    await solo.conn.writeMessage('fine')
    await solo.settle()
    expect(solo.log).toEqual(['text fine'])
    expect(solo.conn.state).toBe('open')
  })

  test('is checked in a received message that was not checked when it came, and only there', async () => {
    const solo = new Solo()
    const bad = Uint8Array.of(0xff)
    await expect(solo.conn.writeMessage(received(1, bad, UNCHECKED))).rejects.toEqual(
      failure('ERR_WS_INVALID_UTF8'),
    )
    await solo.conn.writeMessage(received(2, bad, UNCHECKED))
    // A message cannot really be like this: it shows that no second check is made.
    await solo.conn.writeMessage(received(1, bad, VALID_UTF8))
    await solo.settle()
    expect([...solo.transport.written]).toEqual([0x82, 1, 0xff, 0x81, 1, 0xff])
  })

  test('is not checked where checkUtf8 is off', async () => {
    const solo = new Solo({ checkUtf8: false })
    await solo.conn.writeMessage(1, Uint8Array.of(0xff))
    await solo.settle()
    expect([...solo.transport.written]).toEqual([0x81, 1, 0xff])
  })
})

describe('a random source that fails', () => {
  test('J5: lets nothing leave; the write rejects, and the next one works when it has recovered', async () => {
    let isBroken = true
    const cause = new Error('no entropy')
    const random = {
      fill(bytes: Uint8Array) {
        if (isBroken) throw cause
        bytes.fill(7)
      },
    }
    const solo = new Solo({ role: 'client', random })
    const refused = failure('ERR_WS_RANDOM_SOURCE', { cause })
    await expect(solo.conn.writeMessage('secret')).rejects.toEqual(refused)
    await expect(solo.conn.writeMessage(counted(100 * KiB))).rejects.toEqual(refused)
    await expect(solo.conn.ping()).rejects.toEqual(refused)
    await expect(solo.conn.writeControl(9)).rejects.toEqual(refused)
    await solo.settle()
    expect(solo.transport.writes).toEqual([])
    isBroken = false
    await solo.conn.writeMessage('now')
    await solo.settle()
    expect(solo.log).toEqual(['text now'])
  })

  test('ends the connection when an answer is due', async () => {
    const random = {
      fill() {
        throw new Error('no entropy')
      },
    }
    const solo = new Solo({ role: 'client', random })
    const read = watch(solo.conn.readMessage())
    await solo.receive(solo.frame(9, 'ping'))
    expect(read.error).toEqual(failure('ERR_WS_RANDOM_SOURCE'))
    await solo.clock.advance(5000)
    expect(await solo.conn.closed).toMatchObject({ code: 1006, wasClean: false })
    expect(solo.transport.writes).toEqual([])
  })

  test('does not let a closing handshake pass as clean that was not answered', async () => {
    const random = {
      fill() {
        throw new Error('no entropy')
      },
    }
    const solo = new Solo({ role: 'client', random })
    await solo.receiveClose(1000)
    solo.transport.receiveEnd()
    await solo.clock.advance(5000)
    expect(solo.transport.writes).toEqual([])
    expect((await solo.conn.closed).wasClean).toBe(false)
  })

  test('that fails while pongs wait for a slow peer does not throw into the transport', async () => {
    let left = 1
    const random = {
      fill() {
        if (left-- <= 0) throw new Error('no entropy')
      },
    }
    const solo = new Solo({ role: 'client', random })
    solo.transport.holds = true
    // The pool has 1024 keys: these use them up, and leave more than 64 KiB waiting.
    for (let i = 0; i < 1024; i++) solo.conn.writeMessage(counted(70))
    await solo.settle()
    await solo.receive(solo.frame(9, 'ping'))
    solo.transport.holds = false
    expect(() => solo.transport.handOver()).not.toThrow()
    await solo.clock.advance(5000)
    expect(await solo.conn.closed).toMatchObject({ code: 1006, wasClean: false })
  })
})
