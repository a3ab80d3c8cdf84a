// Messages that are pushed to a function, owned or lent: their order, how that begins and ends, and functions that fail.
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
