// Messages that are pushed to a function, owned or lent: their order, what stops reading, and what a function may do in its call.
// RFC 6455 §5.6; §7.4.1 (1011).

import { describe, expect, test } from 'vitest'
import type { Message } from '../../src/codec/message.ts'
import { counted, failure, Solo, watch } from './connections.ts'

const KiB = 1024
const modes = [
  ['owned', false],
  ['lent', true],
] as const
const expired = failure('ERR_WS_MESSAGE_EXPIRED') as Error
const concurrent = failure('ERR_WS_CONCURRENT_READ') as Error

describe.each(modes)('%s messages', (_, borrow) => {
  test('come in order, whole, fragmented, and cut by reads', async () => {
    const solo = new Solo()
    const texts: string[] = []
    solo.conn.onMessage((message) => void texts.push(`${message.type} ${message.text()}`), { borrow })
    await solo.receive(solo.frame(1, 'a'), solo.frame(9, 'p'), solo.frame(2, 'b', false), solo.frame(0, 'c'))
    const cut = solo.frame(1, 'dä'.repeat(100))
    await solo.receive(cut.subarray(0, 50))
    await solo.receive(cut.subarray(50), solo.frame(1))
    expect(texts).toEqual(['1 a', '2 bc', `1 ${'dä'.repeat(100)}`, '1 '])
    expect(solo.log).toEqual(['pong p'])
  })

  test('that wait already come first, not inside of the call that sets the function', async () => {
    const solo = new Solo()
    await solo.receiveTexts('1', '2')
    const texts: string[] = []
    solo.conn.onMessage((message) => void texts.push(message.text()), { borrow })
    expect(texts).toEqual([])
    solo.transport.receive(solo.frame(1, '3'))
    await solo.receiveTexts('4')
    expect(texts).toEqual(['1', '2', '3', '4'])
  })

  test('that wait make a paused transport go on once they are taken', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(2, counted(70 * KiB)))
    expect(solo.transport.isPaused).toBe(true)
    let count = 0
    solo.conn.onMessage(() => void count++, { borrow })
    await solo.settle()
    expect([count, solo.transport.isPaused]).toEqual([1, false])
  })

  test('leave no read to others: those are refused, and so is the function while one waits', async () => {
    const solo = new Solo()
    const read = solo.conn.readMessage()
    expect(() => solo.conn.onMessage(() => {}, { borrow })).toThrow(concurrent)
    await solo.receiveTexts('for the read')
    expect((await read).text()).toBe('for the read')
    solo.conn.onMessage(() => {}, { borrow })
    await expect(solo.conn.readMessage()).rejects.toEqual(concurrent)
    await expect(solo.conn.nextReader()).rejects.toEqual(concurrent)
    await expect(solo.conn[Symbol.asyncIterator]().next()).rejects.toEqual(concurrent)
    await expect(solo.conn.batches().next()).rejects.toEqual(concurrent)
    expect(solo.clock.timerCount).toBe(0)
  })

  test('end with null: later ones wait to be read, and with another function, which gets them', async () => {
    const solo = new Solo()
    const texts: string[] = []
    solo.conn.onMessage((message) => void texts.push(`a${message.text()}`), { borrow })
    await solo.receiveTexts('1')
    solo.conn.onMessage((message) => void texts.push(`b${message.text()}`), { borrow })
    await solo.receiveTexts('2')
    solo.conn.onMessage(null)
    await solo.receiveTexts('3')
    texts.push(await solo.conn.readText())
    expect(texts).toEqual(['a1', 'b2', '3'])
  })

  test('end inside of the function’s own call: those of the same read wait to be read', async () => {
    const solo = new Solo()
    const texts: string[] = []
    solo.conn.onMessage(
      (message) => {
        texts.push(message.text())
        solo.conn.onMessage(null)
      },
      { borrow },
    )
    await solo.receiveTexts('1', '2', '3')
    expect(texts).toEqual(['1'])
    const [two, three] = [await solo.conn.readMessage(), await solo.conn.readMessage()]
    expect([two.text(), three.text(), two === three]).toEqual(['2', '3', false])
  })

  test('end inside of the function’s own call, which reads the next one of the same read', async () => {
    for (const how of ['message', 'reader', 'loop', 'limited', 'batch'] as const) {
      const solo = new Solo()
      let text: Promise<string> | undefined
      solo.conn.onMessage(
        () => {
          solo.conn.onMessage(null)
          if (how === 'message') text = solo.conn.readText()
          if (how === 'reader')
            text = solo.conn
              .nextReader()
              .then((reader) => reader.read())
              .then((piece) => Buffer.from(piece!).toString())
          if (how === 'limited') solo.conn.setReadTimeout(1000)
          if (how === 'loop' || how === 'limited')
            text = solo.conn[Symbol.asyncIterator]()
              .next()
              .then(({ value }) => value!.text())
          if (how === 'batch')
            text = solo.conn
              .batches()
              .next()
              .then(({ value }) => value![0].text())
        },
        { borrow },
      )
      await solo.receive(solo.frame(1, '1'), solo.frame(1, '2'), solo.frame(1, '3', false))
      expect([how, await text]).toEqual([how, '2'])
      await solo.receive(solo.frame(0, '!'))
      expect(await solo.conn.readText()).toBe('3!')
    }
  })

  test('may change to the other way inside of the call', async () => {
    const solo = new Solo()
    const met: Message[] = []
    const texts: string[] = []
    const second = (message: Message) => {
      texts.push(message.text())
      met.push(message)
    }
    solo.conn.onMessage(
      (message) => {
        second(message)
        solo.conn.onMessage(second, { borrow: !borrow })
      },
      { borrow },
    )
    await solo.receiveTexts('1', '2', '3')
    expect(texts).toEqual(['1', '2', '3'])
    const [, two, three] = met
    if (borrow) expect([two.text(), three.text()]).toEqual(['2', '3'])
    else for (const message of [two, three]) expect(() => message.text()).toThrow(expired)
  })

  test('behind terminate() in the call do not come', async () => {
    const solo = new Solo()
    let count = 0
    solo.conn.onMessage(
      () => {
        count++
        solo.conn.terminate()
      },
      { borrow },
    )
    await solo.receive(solo.frame(1, '1'), solo.frame(1, '2'), solo.frame(1, 'part of a third', false))
    expect(count).toBe(1)
    expect((await solo.conn.closed).code).toBe(1006)
    solo.conn.onMessage(null)
    await expect(solo.conn.nextReader()).rejects.toEqual(failure('ERR_WS_ABNORMAL_CLOSURE'))
  })

  test('go on behind close() in the call, until the peer’s Close', async () => {
    const solo = new Solo()
    const texts: string[] = []
    let closed: Promise<{ wasClean: boolean }> | undefined
    solo.conn.onMessage(
      (message) => {
        texts.push(message.text())
        closed = solo.conn.close()
      },
      { borrow },
    )
    await solo.receive(solo.frame(1, '1'), solo.frame(1, '2'))
    await solo.receiveTexts('3')
    await solo.receiveClose(1000)
    solo.transport.receiveEnd()
    expect((await closed)?.wasClean).toBe(true)
    expect(texts).toEqual(['1', '2', '3'])
  })

  test.each(['throws', 'rejects'] as const)(
    'a function that %s ends the connection with 1011',
    async (how) => {
      const solo = new Solo()
      const error = new Error('mine')
      let count = 0
      solo.conn.onMessage(
        how === 'throws'
          ? () => {
              count++
              throw error
            }
          : async () => {
              count++
              await undefined
              throw error
            },
        { borrow },
      )
      await solo.receiveTexts('1')
      await solo.receiveTexts('2', '3')
      expect(solo.log).toEqual(['close 1011'])
      expect(count).toBe(1)
      solo.transport.receiveEnd()
      const info = await solo.conn.closed
      expect(info).toMatchObject({ code: 1011, wasClean: false })
      expect(info.error).toEqual(failure('ERR_WS_HANDLER', { cause: error }))
      expect([solo.clock.timerCount, solo.transport.misuse]).toEqual([0, []])
    },
  )

  test('a function that throws gets none of the rest of the read, nor of those that waited', async () => {
    const solo = new Solo()
    await solo.receiveTexts('1', '2')
    let count = 0
    const fails = () => {
      count++
      throw new Error('mine')
    }
    solo.conn.onMessage(fails, { borrow })
    await solo.settle()
    expect(count).toBe(1)
    const other = new Solo()
    other.conn.onMessage(fails, { borrow })
    await other.receiveTexts('1', '2', '3')
    expect(count).toBe(2)
  })

  test('the end of its own connection is no failure of the function', async () => {
    const solo = new Solo()
    solo.conn.onMessage(
      async () => {
        await solo.conn.close()
        await solo.conn.writeMessage('too late')
      },
      { borrow },
    )
    await solo.receiveTexts('1')
    await solo.receiveClose(1000)
    solo.transport.receiveEnd()
    expect(await solo.conn.closed).toEqual({ code: 1000, reason: '', wasClean: true })
    await solo.settle()
    expect(solo.log).toEqual(['close 1000'])
  })

  test('a function whose write comes behind our Close still gets what arrives', async () => {
    const solo = new Solo()
    const texts: string[] = []
    solo.conn.onMessage(
      async (message) => {
        texts.push(message.text())
        await solo.conn.writeMessage('echo')
      },
      { borrow },
    )
    const closed = solo.conn.close(1000, '', { drain: true })
    await solo.receiveTexts('1')
    await solo.receiveTexts('2')
    await solo.receiveClose(1000)
    solo.transport.receiveEnd()
    expect((await closed).code).toBe(1000)
    expect(texts).toEqual(['1', '2'])
  })
})

describe('a function that returns a promise', () => {
  /** A function whose promises the test settles, and what it got. */
  function slow(solo: Solo, borrow = false): { texts: string[]; next: () => void } {
    const texts: string[] = []
    const waiting: (() => void)[] = []
    solo.conn.onMessage(
      (message) => {
        texts.push(message.text())
        return new Promise<void>((resolve) => waiting.push(resolve))
      },
      { borrow },
    )
    return { texts, next: () => waiting.shift()?.() }
  }

  test.each(modes)(
    'stops reading until it settles; what was read already still comes (%s)',
    async (_, borrow) => {
      const solo = new Solo()
      const { texts, next } = slow(solo, borrow)
      await solo.receiveTexts('1', '2')
      expect([texts, solo.transport.isPaused]).toEqual([['1', '2'], true])
      await solo.receiveTexts('3')
      next()
      await solo.settle()
      expect([texts, solo.transport.isPaused]).toEqual([['1', '2'], true])
      next()
      await solo.settle()
      expect([texts, solo.transport.isPaused]).toEqual([['1', '2', '3'], true])
      next()
      await solo.settle()
      expect(solo.transport.isPaused).toBe(false)
    },
  )

  test('keeps a transport paused that was so before, until what waited is done with', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'a'.repeat(40_000)), solo.frame(1, 'b'.repeat(40_000)))
    const { texts, next } = slow(solo)
    await solo.settle()
    expect([texts.length, solo.transport.calls]).toEqual([2, ['pause']])
    next()
    next()
    await solo.settle()
    expect(solo.transport.calls).toEqual(['pause', 'resume'])
  })

  test('that is settled already, or undefined, or no promise at all, stops nothing for long', async () => {
    const solo = new Solo()
    const results: unknown[] = [undefined, null, 7, Promise.resolve(), solo.conn.writeMessage('x')]
    solo.conn.onMessage(() => results.shift())
    for (let i = 0; i < 5; i++) await solo.receiveTexts('x')
    expect([results.length, solo.transport.isPaused]).toEqual([0, false])
  })

  test('may be another library’s thenable, even a bad one', async () => {
    const solo = new Solo()
    solo.conn.onMessage(() => ({
      // biome-ignore lint/suspicious/noThenProperty: what some promises are
      then(resolve: () => void) {
        resolve()
        resolve()
      },
    }))
    await solo.receiveTexts('1')
    await solo.receiveTexts('2')
    expect([solo.transport.isPaused, solo.conn.state]).toEqual([false, 'open'])
    let go = () => {}
    const results: unknown[] = [
      // biome-ignore lint/suspicious/noThenProperty: it says so twice, and that counts once
      { then: (resolve: () => void) => [resolve(), resolve()] },
      new Promise<void>((resolve) => {
        go = resolve
      }),
    ]
    solo.conn.onMessage(() => results.shift())
    await solo.receiveTexts('a', 'b')
    expect(solo.transport.isPaused).toBe(true)
    go()
    await solo.settle()
    const error = new Error('mine')
    solo.conn.onMessage(() => ({
      // biome-ignore lint/suspicious/noThenProperty: what some promises are
      then() {
        throw error
      },
    }))
    await solo.receiveTexts('3')
    solo.transport.receiveEnd()
    expect((await solo.conn.closed).error).toEqual(failure('ERR_WS_HANDLER', { cause: error }))
  })

  test.each(modes)('may wait for a pong: reading goes on for that (%s)', async (_, borrow) => {
    const solo = new Solo()
    const texts: string[] = []
    let isInside = 0
    let most = 0
    solo.conn.onMessage(
      async (message) => {
        texts.push(message.text())
        most = Math.max(most, ++isInside)
        if (texts.length === 1) await solo.conn.ping('x')
        isInside--
      },
      { borrow },
    )
    await solo.receiveTexts('1')
    // These come before the pong, and wait for the function.
    await solo.receiveTexts('2')
    await solo.receiveTexts('3')
    expect([texts, solo.transport.isPaused]).toEqual([['1'], false])
    await solo.receive(solo.frame(1, '4'), solo.frame(10, 'x'), solo.frame(1, '5'))
    expect([texts, most, isInside]).toEqual([['1', '2', '3', '4', '5'], 1, 0])
    await solo.receiveTexts('6')
    expect([texts.at(-1), solo.transport.isPaused]).toEqual(['6', false])
  })

  test('may wait for a pong that does not come: no more than 1 MiB is read for it', async () => {
    const solo = new Solo()
    let count = 0
    solo.conn.onMessage(async () => {
      if (++count === 1) await solo.conn.ping('x', { timeout: 1000 }).catch(() => {})
    })
    await solo.receiveTexts('1')
    let sent = 0
    while (!solo.transport.isPaused && sent < 100) {
      await solo.receive(solo.frame(2, counted(60_000)))
      sent++
    }
    expect([sent, count]).toEqual([Math.ceil((1024 * KiB) / 60_064), 1])
    await solo.clock.advance(1000)
    expect([count, solo.transport.isPaused]).toEqual([1 + sent, false])
  })

  test.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])('may wait for close() (drain: %s, lent: %s)', async (drain, borrow) => {
    const solo = new Solo()
    const texts: string[] = []
    let ended: unknown
    solo.conn.onMessage(
      async (message) => {
        texts.push(message.text())
        if (texts.length === 1) ended = await solo.conn.close(1000, '', { drain })
      },
      { borrow },
    )
    await solo.receiveTexts('1')
    await solo.receiveTexts('2')
    await solo.receiveClose(1000)
    solo.transport.receiveEnd()
    await solo.settle()
    expect(ended).toEqual({ code: 1000, reason: '', wasClean: true })
    if (drain) expect(texts).toEqual(['1', '2'])
    expect(solo.clock.timerCount).toBe(0)
  })

  test('may take the function away and read on by itself', async () => {
    const solo = new Solo()
    let text: string | undefined
    solo.conn.onMessage(async () => {
      await undefined
      solo.conn.onMessage(null)
      text = await solo.conn.readText()
    })
    await solo.receiveTexts('1')
    await solo.receiveTexts('2')
    expect([text, solo.transport.isPaused]).toEqual(['2', false])
  })

  test('that never settles does not stop the function that comes after it', async () => {
    const solo = new Solo()
    solo.conn.onMessage(() => new Promise(() => {}))
    await solo.receiveTexts('1')
    expect(solo.transport.isPaused).toBe(true)
    await solo.receiveTexts('2')
    const { texts, next } = slow(solo)
    await solo.settle()
    expect(texts).toEqual(['2'])
    next()
    await solo.receiveTexts('3')
    expect(texts).toEqual(['2', '3'])
  })

  test('of a function that was replaced counts no more, however it settles', async () => {
    const solo = new Solo()
    const first = slow(solo)
    await solo.receiveTexts('1')
    const second = slow(solo)
    await solo.receiveTexts('2')
    expect(solo.transport.isPaused).toBe(true)
    first.next()
    await solo.receiveTexts('3')
    expect([second.texts, solo.transport.isPaused]).toEqual([['2'], true])
    second.next()
    await solo.settle()
    expect(second.texts).toEqual(['2', '3'])
  })

  test('is no reason for the end of the connection to wait', async () => {
    const solo = new Solo({ closeTimeout: 50 })
    slow(solo)
    await solo.receiveTexts('1')
    solo.transport.gone(new Error('reset'))
    expect((await solo.conn.closed).code).toBe(1006)
    expect(solo.clock.timerCount).toBe(0)
  })
})

describe('a lent message', () => {
  test('has expired when the function has returned; a copy has not', async () => {
    const solo = new Solo()
    await solo.receiveTexts('waits')
    const kept: Message[] = []
    const copies: Message[] = []
    solo.conn.onMessage(
      (message) => {
        kept.push(message)
        copies.push(message.copy())
      },
      { borrow: true },
    )
    await solo.receiveTexts('first')
    await solo.receive(solo.frame(2, 'sec', false), solo.frame(0, 'ond'))
    for (const message of kept)
      for (const read of [
        () => message.data,
        () => message.text(),
        () => message.source,
        () => message.copy(),
      ])
        expect(read).toThrow(expired)
    expect(copies.map((copy) => copy.text())).toEqual(['waits', 'first', 'second'])
  })

  test('has expired behind the first await of an async function', async () => {
    const solo = new Solo()
    let late: unknown
    solo.conn.onMessage(
      async (message) => {
        await undefined
        try {
          message.text()
        } catch (error) {
          late = error
        }
      },
      { borrow: true },
    )
    await solo.receiveTexts('x')
    expect(late).toEqual(expired)
  })

  test('can be sent back in the call', async () => {
    const solo = new Solo()
    solo.conn.onMessage((message) => void solo.conn.writeMessage(message), { borrow: true })
    await solo.receive(solo.frame(1, 'a'), solo.frame(2, 'b', false), solo.frame(0, 'c'))
    expect(solo.log).toEqual(['text a', 'binary bc'])
  })

  test('that had to wait behind a slow function is good for its own call', async () => {
    const solo = new Solo()
    const texts: string[] = []
    const kept: Message[] = []
    solo.conn.onMessage(
      async (message) => {
        kept.push(message)
        texts.push(message.text())
        if (texts.length === 1) await solo.conn.ping('x')
      },
      { borrow: true },
    )
    await solo.receiveTexts('1')
    await solo.receiveTexts('2', '3')
    await solo.receive(solo.frame(10, 'x'))
    expect(texts).toEqual(['1', '2', '3'])
    for (const message of kept) expect(() => message.text()).toThrow(expired)
  })
})

describe('discard()', () => {
  test('drops what waits and what comes, and goes on with control frames', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(2, counted(70 * KiB)))
    solo.conn.discard()
    await solo.settle()
    expect(solo.transport.isPaused).toBe(false)
    const ping = solo.conn.ping('x')
    await solo.receive(solo.frame(1, 'a'), solo.frame(9, 'p'), solo.frame(2, 'b', false), solo.frame(10, 'x'))
    expect(await ping).toBe(0)
    await solo.receive(solo.frame(0, 'c'))
    await solo.receiveClose(1000)
    solo.transport.receiveEnd()
    expect((await solo.conn.closed).wasClean).toBe(true)
    expect(solo.log).toEqual(['ping x', 'pong p', 'close 1000'])
  })

  test('ends with onMessage(null)', async () => {
    const solo = new Solo()
    solo.conn.discard()
    await solo.receiveTexts('dropped')
    solo.conn.onMessage(null)
    await solo.receiveTexts('kept')
    expect(await solo.conn.readText()).toBe('kept')
  })

  test('leaves the message that is being read', async () => {
    const solo = new Solo()
    await solo.receive(solo.frame(1, 'a', false))
    const reader = await solo.conn.nextReader()
    solo.conn.discard()
    await solo.receive(solo.frame(0, 'b'))
    expect(await reader.read()).toBe(null)
    expect(solo.held()).toBe(0)
  })
})

test('onMessage(null) where there is no function changes nothing', async () => {
  const solo = new Solo()
  await solo.receive(solo.frame(1, 'a', false))
  const reader = await solo.conn.nextReader()
  solo.conn.onMessage(null)
  await solo.receive(solo.frame(0, 'b'))
  expect(Buffer.from((await reader.read())!).toString()).toBe('ab')
})

test.each([[undefined], ['text'], [{}], [1]])('onMessage(%s) throws at once', (fn) => {
  const solo = new Solo()
  const set = () => solo.conn.onMessage(fn as unknown as null)
  expect(set).toThrow(TypeError)
  expect(set).toThrow(failure('ERR_WS_ARGUMENT') as Error)
})

test('a loop is as it was before and after messages were pushed', async () => {
  const solo = new Solo()
  const texts: string[] = []
  await solo.receiveTexts('1')
  for await (const message of solo.conn) {
    texts.push(message.text())
    break
  }
  solo.conn.onMessage((message) => void texts.push(message.text()))
  await solo.receiveTexts('2')
  solo.conn.onMessage(null)
  const loop = (async () => {
    for await (const message of solo.conn) texts.push(message.text())
  })()
  await solo.receiveTexts('3', '4')
  await solo.receiveClose()
  await loop
  expect(texts).toEqual(['1', '2', '3', '4'])
})

test('reads that are watched behind the end of a pushed connection fail as reads do', async () => {
  const solo = new Solo()
  solo.conn.onMessage(() => {})
  await solo.receiveClose(1000)
  solo.conn.onMessage(null)
  const read = watch(solo.conn.readMessage())
  await solo.settle()
  expect(read.error).toEqual(failure('ERR_WS_CLOSED'))
})
