// Messages of gorilla/websocket that our readers read piece by piece, before they are complete.
// RFC 6455 §5.4. gorilla sends a fragment whenever its write buffer is full, and here waits for a word from us between them.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { type Conn, type MessageReader, PingMessage } from '../../src/index.ts'
import { patternOf, same } from '../integration/bytes.ts'
import { describeWithGorilla, roles } from './gorilla.ts'

const MIB = 1 << 20
const LARGE = 20 * MIB
/** Of gorilla's; a part that is longer has arrived but for so many bytes at its end. */
const FRAGMENT = 1_000
const PART = 5_000

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function heldBytes(): number {
  // The memory of buffers is given back behind the collection that finds them dead.
  for (let i = 0; i < 3; i++) collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** Reads until `count` bytes or more are here. */
async function readAtLeast(reader: MessageReader, count: number): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for (let length = 0; length < count; ) {
    const piece = await reader.read()
    if (piece === null) throw new Error(`the message has ${length} bytes`)
    pieces.push(piece)
    length += piece.length
  }
  return Buffer.concat(pieces)
}

async function readAll(reader: MessageReader): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of reader) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** Sends one message back piece by piece, and calls `each` behind every piece with the bytes so far. */
async function echoOnce(conn: Conn, each: (bytes: number) => void): Promise<void> {
  const reader = await conn.nextReader()
  const writer = await conn.nextWriter(reader.type)
  let bytes = 0
  for await (const piece of reader) {
    await writer.write(piece)
    bytes += piece.length
    each(bytes)
  }
  await writer.close()
}

describeWithGorilla('our readers and gorilla/websocket', (gorilla) => {
  describe.each(roles)('%s', (_, role) => {
    test.each([1, 2])('a message of type %i is read while it waits for our pings', async (type) => {
      const { conn, go } = await gorilla.pair(role, { go: { writeBufferSize: FRAGMENT } })
      go.readToEnd()
      const parts = Array.from({ length: 5 }, (_, i) => Buffer.from(patternOf(PART / 2, i).toString('hex')))
      await go.writeParts(type, parts.slice(0, 1), { open: true })
      const reader = await conn.nextReader()
      expect([reader.type, reader.isText]).toEqual([type, type === 1])
      let read = Buffer.alloc(0)
      for (const [i, part] of parts.entries()) {
        if (i > 0) await go.writeParts(type, [part], { resume: true, open: true })
        read = Buffer.concat([read, await readAtLeast(reader, (i + 1) * PART - FRAGMENT - read.length)])
        expect(read.length).toBeLessThanOrEqual((i + 1) * PART)
        await conn.writeControl(PingMessage, `part ${i} is here`)
        expect(await go.heard('ping')).toBe(`part ${i} is here`)
      }
      let isEnded = false
      const rest = readAll(reader).finally(() => {
        isEnded = true
      })
      // The pongs have come, the end has not.
      await conn.ping()
      expect(isEnded).toBe(false)
      await go.writeParts(type, [], { resume: true })
      expect(same(Buffer.concat([read, await rest]), Buffer.concat(parts))).toBe(true)
      expect(await reader.read()).toBe(null)
    })

    test('a message is read while it waits for a message of ours', async () => {
      const { conn, go } = await gorilla.pair(role, { go: { writeBufferSize: FRAGMENT } })
      await go.writeParts(2, [patternOf(PART)], { open: true })
      const reader = await conn.nextReader()
      const first = await readAtLeast(reader, PART - FRAGMENT)
      await conn.writeMessage('go on')
      expect((await go.read()).data.toString()).toBe('go on')
      await go.writeParts(2, [patternOf(300, 2)], { resume: true })
      const whole = Buffer.concat([first, await readAll(reader)])
      expect(same(whole, Buffer.concat([patternOf(PART), patternOf(300, 2)]))).toBe(true)
    })

    test('what is not read of a message is skipped, whatever reads the next one', async () => {
      const { conn, go } = await gorilla.pair(role, {
        go: { writeBufferSize: FRAGMENT },
        ours: { readLimit: LARGE },
      })
      const written = (async () => {
        for (let n = 0; n < 5; n++) {
          await go.writeParts(2, [patternOf(PART), patternOf(PART)])
          await go.write(1, `behind ${n}`)
        }
        await go.writeLarge(8 * MIB)
        await go.write(1, 'behind much')
      })()
      const whole = Buffer.concat([patternOf(PART), patternOf(PART)])
      const partly = async () => {
        const reader = await conn.nextReader()
        const piece = await reader.read()
        expect(same(piece!, whole.subarray(0, piece!.length))).toBe(true)
        return reader
      }
      const first = await partly()
      expect(await conn.readText()).toBe('behind 0')
      expect(await first.read()).toBe(null)
      await partly()
      expect((await readAll(await conn.nextReader())).toString()).toBe('behind 1')
      await partly()
      for await (const message of conn) {
        expect(message.text()).toBe('behind 2')
        break
      }
      // Nothing of it is read.
      await conn.nextReader()
      expect(await conn.readText()).toBe('behind 3')
      await partly()
      for await (const batch of conn.batches()) {
        expect(batch[0].text()).toBe('behind 4')
        break
      }
      const large = await conn.nextReader()
      expect((await large.read())!.length).toBeLessThan(MIB)
      expect(await conn.readText()).toBe('behind much')
      await written
    })

    test('the rest of a message that is still to come is skipped', async () => {
      const { conn, go } = await gorilla.pair(role, { go: { writeBufferSize: FRAGMENT } })
      await go.writeParts(2, [patternOf(PART)], { open: true })
      const reader = await conn.nextReader()
      await readAtLeast(reader, 1)
      const next = conn.nextReader()
      expect(await reader.read()).toBe(null)
      await go.writeParts(2, [patternOf(PART)], { resume: true })
      await go.write(1, 'next')
      expect((await readAll(await next)).toString()).toBe('next')
    })

    test.each([1, 1_000, 100_000])('pieces are put into %i bytes of ours', async (room) => {
      const { conn, go } = await gorilla.pair(role, { go: { writeBufferSize: FRAGMENT } })
      const bytes = patternOf(room === 1 ? 3_000 : 200_001)
      const written = go.writeParts(2, [bytes])
      const reader = await conn.nextReader()
      const into = new Uint8Array(room)
      const read = Buffer.alloc(bytes.length)
      let length = 0
      for (;;) {
        const piece = await reader.read({ into })
        if (piece === null) break
        expect(piece.buffer).toBe(into.buffer)
        expect(piece.length).toBeGreaterThan(0)
        read.set(piece, length)
        length += piece.length
      }
      await written
      expect([length, same(read, bytes)]).toEqual([bytes.length, true])

      await go.write(1, 'whole')
      const whole = new Uint8Array(5)
      await conn.readMessage({ into: whole })
      expect(Buffer.from(whole).toString()).toBe('whole')
    })

    test('empty messages have no pieces', async () => {
      const { conn, go } = await gorilla.pair(role)
      await go.writeParts(2, [])
      await go.writeParts(1, ['', ''])
      for (const type of [2, 1]) {
        const reader = await conn.nextReader()
        expect([reader.type, await reader.read()]).toEqual([type, null])
      }
    })

    test.each<[string, number, string]>([
      ['a Close frame', 1000, 'ERR_WS_CLOSED'],
      ['the end of the transport', 1006, 'ERR_WS_ABNORMAL_CLOSURE'],
    ])('%s inside of a message is no end of it', async (_, closeCode, code) => {
      const { conn, go } = await gorilla.pair(role, { go: { writeBufferSize: FRAGMENT } })
      await go.writeParts(2, [patternOf(PART)], { open: true })
      const reader = await conn.nextReader()
      if (closeCode === 1006) await go.terminate()
      else await go.close(closeCode)
      const first = await readAtLeast(reader, PART - FRAGMENT)
      expect(same(first, patternOf(PART).subarray(0, first.length))).toBe(true)
      await expect(readAll(reader)).rejects.toMatchObject({ code, closeCode })
      await expect(reader.read()).rejects.toMatchObject({ code, closeCode })
      await expect(conn.nextReader()).rejects.toMatchObject({ code, closeCode })
    })

    test.each([
      ['fragments of 4 KiB', 4_096],
      ['fragments of 1 MiB', MIB],
      ['one frame', LARGE + 1],
    ])('20 MiB in %s are sent back, and little of them is held', async (_, writeBufferSize) => {
      const { conn, go } = await gorilla.pair(role, {
        go: { writeBufferSize },
        ours: { readLimit: LARGE },
      })
      const before = heldBytes()
      let most = 0
      let measured = 0
      const echoed = echoOnce(conn, (bytes) => {
        if (bytes < measured) return
        measured += 4 * MIB
        most = Math.max(most, heldBytes() - before)
      })
      const [{ count }] = await Promise.all([go.readLarge(LARGE), go.writeLarge(LARGE), echoed])
      expect(count).toBe(LARGE)
      expect(measured).toBeGreaterThan(LARGE)
      expect(most).toBeLessThan(4 * MIB)
    })

    test('20 MiB wait on its side until it reads what we send back', async () => {
      const { conn, go } = await gorilla.pair(role, { ours: { readLimit: LARGE, highWaterMark: 65_536 } })
      let sent = 0
      const echoed = echoOnce(conn, (bytes) => {
        sent = bytes
      })
      const written = go.writeLarge(LARGE)
      // Both ways are full once nothing moves any more.
      let [seen, still] = [-1, 0]
      while (still < 10) {
        await new Promise((resolve) => setTimeout(resolve, 10))
        still = sent === seen && sent > 0 ? still + 1 : 0
        seen = sent
      }
      expect(sent).toBeLessThan(LARGE)
      expect(conn.bufferedAmount).toBeLessThan(MIB)
      expect((await go.readLarge(LARGE)).count).toBe(LARGE)
      await Promise.all([written, echoed])
    })
  })
})
