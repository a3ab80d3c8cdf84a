// The filewatch example's server with a real file: what viewers see when it changes, vanishes, returns or cannot be shown.
// RFC 6455 §5.6 (a version is a text), §7.4.1 (1001).

import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { dial } from '../../src/index.ts'
import { type ExampleServer, serveExample, startScript } from './script.ts'
import { Talker } from './talker.ts'

interface Version {
  name: string
  text?: string
  modified?: number
  note?: string
}

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'filewatch-'))
  file = join(folder, 'watched.txt')
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
})

/** Puts a whole text in the place of the file, so that nobody sees half of it. */
function replaceFile(text: string): void {
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
}

const view = ({ port }: ExampleServer) => Talker.open(`ws://localhost:${port}/file`)
const parse = (message: string | undefined) => JSON.parse(message ?? '{}') as Version
const newest = ({ messages }: Talker) => parse(messages.at(-1))
const shows = (talker: Talker, text: string) => talker.until(() => newest(talker).text === text)
const notes = (talker: Talker, note: RegExp) => talker.until(() => note.test(newest(talker).note ?? ''))

describe('a viewer', () => {
  test('gets the file at once, and anew after each change', async () => {
    writeFileSync(file, 'one 👋\n')
    const server = await serveExample('filewatch', [file])
    const viewer = await view(server)
    await shows(viewer, 'one 👋\n')
    const { name, modified } = newest(viewer)
    expect(name).toBe('watched.txt')
    expect(Math.abs(modified! - Date.now())).toBeLessThan(60_000)
    writeFileSync(file, 'two\n')
    await shows(viewer, 'two\n')
    writeFileSync(file, 'three\n', { flag: 'a' })
    await shows(viewer, 'two\nthree\n')
    writeFileSync(file, '')
    await shows(viewer, '')
    const late = await view(server)
    await shows(late, '')
    expect(late.messages.length).toBe(1)
  })

  test('sees a file of the same name in its place, as editors write it', async () => {
    writeFileSync(file, 'old')
    const viewer = await view(await serveExample('filewatch', [file]))
    await shows(viewer, 'old')
    for (let i = 0; i < 3; i++) {
      replaceFile(`new ${i}`)
      await shows(viewer, `new ${i}`)
    }
  })

  test('is told that the file is not there, and sees it when it is; its folder may vanish with it', async () => {
    const viewer = await view(await serveExample('filewatch', [file]))
    await notes(viewer, /not there/)
    writeFileSync(file, 'here')
    await shows(viewer, 'here')
    rmSync(file)
    await notes(viewer, /not there/)
    writeFileSync(file, 'here again')
    await shows(viewer, 'here again')
    rmSync(folder, { recursive: true })
    await notes(viewer, /not there/)
    mkdirSync(folder)
    writeFileSync(file, 'and again')
    await shows(viewer, 'and again')
    // The new folder is not the watched one: the clock sees what happens in it.
    writeFileSync(file, 'and once more')
    await shows(viewer, 'and once more')
  })

  test('is told that the file is too large, is none or may not be read', async () => {
    writeFileSync(file, 'x'.repeat(1024 * 1024))
    const viewer = await view(await serveExample('filewatch', [file]))
    await viewer.until(() => newest(viewer).text?.length === 1024 * 1024)
    writeFileSync(file, 'x', { flag: 'a' })
    await notes(viewer, /^The file is too large: more than 1048576 bytes are not shown\.$/)
    rmSync(file)
    mkdirSync(file)
    await notes(viewer, /not a file/)
    rmSync(file, { recursive: true })
    writeFileSync(file, 'secret')
    await shows(viewer, 'secret')
    // Nothing is forbidden to root.
    if (process.getuid?.() === 0) return
    chmodSync(file, 0)
    await notes(viewer, /may not be read/)
  })

  test('is told nothing twice, and nothing of other files', async () => {
    writeFileSync(file, 'same')
    const viewer = await view(await serveExample('filewatch', [file]))
    await shows(viewer, 'same')
    writeFileSync(join(folder, 'other.txt'), 'other')
    replaceFile('last')
    await shows(viewer, 'last')
    expect(viewer.messages.map((message) => parse(message).text)).toEqual(['same', 'last'])
  })

  test('who is slow misses versions, but never the newest; others get them meanwhile', async () => {
    const large = (n: number) => `${n} `.padEnd(1_000_000, 'x')
    const numberOf = (message: string) => Number.parseInt(parse(message).text!, 10)
    writeFileSync(file, large(0))
    const server = await serveExample('filewatch', [file])
    const [quick, slow] = [await view(server), await view(server)]
    await Promise.all([quick, slow].map((viewer) => viewer.until(({ messages }) => messages.length === 1)))
    slow.socket.pause()
    const last = 16
    for (let n = 1; n <= last; n++) {
      replaceFile(large(n))
      await quick.until(() => newest(quick).text === large(n))
    }
    slow.socket.resume()
    await slow.until(() => newest(slow).text === large(last))
    const seen = slow.messages.map(numberOf)
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
    // As many as the buffers of the systems between held, and the newest.
    expect(seen.length).toBeLessThan(last)
  })
})

describe('the server', () => {
  test('reads on though it only writes: our own client is answered, pings and all', async () => {
    writeFileSync(file, 'text')
    const server = await serveExample('filewatch', [file])
    const conn = await dial(`ws://localhost:${server.port}/file`)
    expect((await conn.readMessage()).json<Version>().text).toBe('text')
    for (let i = 0; i < 1000; i++) await conn.writeMessage('x'.repeat(512))
    expect(await conn.ping()).toBeGreaterThan(0)
    expect((await conn.close()).code).toBe(1000)
  })

  test('closes with 1001 on SIGTERM and ends with 0', async () => {
    const server = await serveExample('filewatch', [file])
    const viewer = await view(server)
    await notes(viewer, /not there/)
    expect(await server.stop()).toBe(0)
    expect(await viewer.closed).toEqual({ code: 1001, reason: 'the server is stopping' })
  })

  test.each([[[]], [['one', 'two']]])(
    'says how it is used with the files %j, and ends with 1',
    async (files) => {
      const script = startScript('filewatch/server.mjs', ['--port', '0', ...files])
      expect(await script.ended).toBe(1)
      expect(script.output()).toBe('Which file?\nUsage: node examples/filewatch/server.mjs --port N FILE\n')
    },
  )
})
