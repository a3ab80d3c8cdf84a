// The command example's server with real processes: lines both ways, who waits for whom, and that nobody is left behind.
// RFC 6455 §7.4.1 (1000 behind the end of a process, 1001, 1003, 1011), §10.2 (who may connect).

import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { dial } from '../../src/index.ts'
import { type ExampleServer, serveExample, startScript } from './script.ts'
import { Talker } from './talker.ts'

/** Serves a program of JavaScript. */
const serveScript = (program: string) =>
  serveExample('command', ['--', process.execPath, '--input-type=module', '-e', program])
const serveShell = (program: string) => serveExample('command', ['--', 'sh', '-c', program])
const open = ({ port }: ExampleServer) => Talker.open(`ws://localhost:${port}/command`)

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // Of an orphan that has ended a zombie may be left, until somebody asks for it.
    return process.platform !== 'linux' || !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** Waits for the processes to be gone, however busy the machine is. */
async function gone(...pids: number[]): Promise<void> {
  for (const pid of pids) {
    expect(pid).toBeGreaterThan(1)
    for (let i = 0; isAlive(pid); i++) {
      if (i === 200) throw new Error(`process ${pid} is still there`)
      await sleep(50)
    }
  }
}

/** The process ids in the first lines that a program printed. */
async function pidsOf(talker: Talker, count = 1): Promise<number[]> {
  await talker.until(({ messages }) => messages.length >= count)
  const pids = talker.messages.slice(0, count).map(Number)
  for (const pid of pids) expect(isAlive(pid)).toBe(true)
  return pids
}

describe('lines', () => {
  test('go to the process and come back, in order, each a message', async () => {
    const talker = await open(await serveExample('command', ['--', 'cat']))
    const texts = [
      '',
      ' two  words ',
      'naïve 你好 👩‍🚀',
      ...Array.from({ length: 1000 }, (_, i) => `line ${i}`),
    ]
    for (const text of texts) talker.socket.send(text)
    await talker.until(({ messages }) => messages.length >= texts.length)
    expect(talker.messages).toEqual(texts)
  })

  test('of stderr have a prefix, and the last needs no end', async () => {
    const talker = await open(await serveShell(`echo out; echo wrong >&2; printf 'crlf\\r\\nrest'; exit 3`))
    expect(await talker.closed).toEqual({ code: 1000, reason: 'exit status 3' })
    expect(talker.messages.filter((line) => line.startsWith('stderr: '))).toEqual(['stderr: wrong'])
    expect(talker.messages.filter((line) => !line.startsWith('stderr: '))).toEqual(['out', 'crlf', 'rest'])
  })

  test('that are too long come in pieces that cut no character', async () => {
    const talker = await open(
      await serveScript(`process.stdout.write('x' + '👋'.repeat(10_000) + '\\nend\\n')`),
    )
    expect((await talker.closed).code).toBe(1000)
    expect(talker.messages.length).toBe(4)
    expect(talker.messages.slice(0, 3).map(({ length }) => length)).toEqual([8191, 8192, 3618])
    expect(talker.messages.slice(0, 3).join('')).toBe(`x${'👋'.repeat(10_000)}`)
    expect(talker.messages[3]).toBe('end')
  })

  test('are texts: a binary message is closed with 1003, and the process ends', async () => {
    const talker = await open(await serveShell('echo $$; exec cat'))
    const pids = await pidsOf(talker)
    talker.socket.send(Buffer.from('binary'))
    expect(await talker.closed).toEqual({ code: 1003, reason: 'text only' })
    await gone(...pids)
  })
})

describe('the end of the process', () => {
  test('closes with 1000 behind everything it said, for our own client too', async () => {
    const server = await serveScript(
      `for (let i = 0; i < 50_000; i++) process.stdout.write('line ' + i + '\\n')`,
    )
    const conn = await dial(`ws://localhost:${server.port}/command`)
    let count = 0
    for await (const message of conn) expect(message.text()).toBe(`line ${count++}`)
    expect(count).toBe(50_000)
    expect(await conn.closed).toEqual({ code: 1000, reason: 'exit status 0', wasClean: true })
  })

  test('tells the signal that ended it', async () => {
    const talker = await open(await serveShell('kill -9 $$'))
    expect(await talker.closed).toEqual({ code: 1000, reason: 'ended by SIGKILL' })
  })

  test('does not wait for what it left behind in its group, which ends too', async () => {
    const talker = await open(await serveShell('sleep 600 & echo $!'))
    const pids = await pidsOf(talker)
    expect(await talker.closed).toEqual({ code: 1000, reason: 'exit status 0' })
    await gone(...pids)
  })

  test('comes at once with 1011 where there is no such command; the server lives on', async () => {
    const server = await serveExample('command', ['--', 'no-such-command-anywhere'])
    for (let i = 0; i < 2; i++) {
      expect(await (await open(server)).closed).toEqual({
        code: 1011,
        reason: 'the command does not run: ENOENT',
      })
    }
  })
})

describe('the end of the peer', () => {
  test.each(['close', 'terminate'] as const)('ends a process that reads its input (%s)', async (way) => {
    const talker = await open(await serveShell('echo $$; exec cat'))
    const pids = await pidsOf(talker)
    talker.socket[way]()
    await gone(...pids)
  })

  test('ends processes that do not care: by SIGTERM, by SIGKILL with their children, and in mid-sentence', async () => {
    const programs = [
      'echo $$; sleep 600 & echo $!; trap "kill $!; exit" TERM; wait',
      'trap "" TERM; echo $$; sleep 600 & echo $!; wait',
      'echo $$; echo $$; exec yes',
    ]
    const ends = programs.map(async (program) => {
      const talker = await open(await serveShell(program))
      const pids = await pidsOf(talker, 2)
      talker.socket.terminate()
      await gone(...pids)
    })
    await Promise.all(ends)
  })
})

describe('pressure', () => {
  /** Waits until `measure` gives the same, other than `from`, for a while: something stands still. */
  async function standsStill(measure: () => number, from: number): Promise<number> {
    for (let last = from; ; ) {
      await sleep(300)
      const now = measure()
      if (now === last && now !== from) return now
      last = now
    }
  }

  test('of a peer that does not read stops the process, until the peer reads', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'command-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'count')
    writeFileSync(file, '')
    const server = await serveScript(
      `import { appendFileSync, writeSync } from 'node:fs'
       const kilobyte = 'x'.repeat(1000)
       for (let i = 0; ; i++) {
         writeSync(1, i + ' ' + kilobyte + '\\n')
         if (i % 100 === 99) appendFileSync(${JSON.stringify(file)}, '.')
       }`,
    )
    const talker = await open(server)
    await talker.until(({ messages }) => messages.length > 100)
    talker.socket.pause()
    const count = () => statSync(file).size * 100
    const stuck = await standsStill(count, 0)
    talker.socket.resume()
    await talker.until(({ messages }) => messages.length > stuck + 1000)
    expect(count()).toBeGreaterThan(stuck)
    expect(talker.messages.every((line, i) => line.startsWith(`${i} `))).toBe(true)
  })

  /** Does not read its input before it gets SIGUSR1. */
  const lateReader = 'sleep 600 & trap "kill $!" USR1; echo $$; wait'
  const long = 'y'.repeat(59_999)
  const COUNT = 600

  test('of a process that does not read its input stops the peer, until it reads', async () => {
    const server = await serveShell(`${lateReader}; head -c ${COUNT * 60_000} | wc -c`)
    const talker = await open(server)
    const [pid] = await pidsOf(talker)
    for (let i = 0; i < COUNT; i++) talker.socket.send(long)
    expect(await standsStill(() => talker.socket.bufferedAmount, 0)).toBeGreaterThan(60_000)
    expect(talker.messages.length).toBe(1)
    process.kill(pid, 'SIGUSR1')
    expect(await talker.closed).toEqual({ code: 1000, reason: 'exit status 0' })
    expect(talker.messages.slice(1).map((line) => line.trim())).toEqual([String(COUNT * 60_000)])
  })

  test('does not hide that the peer has gone', async () => {
    const talker = await open(await serveShell(lateReader))
    const pids = await pidsOf(talker)
    for (let i = 0; i < COUNT; i++) talker.socket.send(long)
    await standsStill(() => talker.socket.bufferedAmount, 0)
    talker.socket.terminate()
    await gone(...pids)
  })
})

describe('the server', () => {
  test('lets only pages of its own machine connect, and tells them the command', async () => {
    const { port, url } = await serveExample('command', ['--', 'cat', '-u'])
    expect(await (await fetch(`${url}command-line`)).text()).toBe('cat -u')
    const statusWith = async (headers: Record<string, string>) => {
      const socket = new WebSocket(`ws://localhost:${port}/command`, { headers })
      socket.on('error', () => {})
      const [, response] = await once(socket, 'unexpected-response')
      socket.terminate()
      return response.statusCode
    }
    // A page elsewhere, and one whose own name points to this machine.
    expect(await statusWith({ origin: 'http://elsewhere.example' })).toBe(403)
    const rebound = `elsewhere.example:${port}`
    expect(await statusWith({ origin: `http://${rebound}`, host: rebound })).toBe(403)
    const asked = request({ port, host: 'localhost', path: '/command-line', headers: { host: rebound } })
    const [response] = await once(asked.end(), 'response')
    response.resume()
    expect(response.statusCode).toBe(403)
  })

  test('closes with 1001 on SIGTERM, ends the processes and ends with 0', async () => {
    const server = await serveShell('echo $$; sleep 600 & echo $!; wait')
    const talkers = [await open(server), await open(server)]
    const pids = (await Promise.all(talkers.map((talker) => pidsOf(talker, 2)))).flat()
    expect(await server.stop()).toBe(0)
    for (const { closed } of talkers)
      expect(await closed).toEqual({ code: 1001, reason: 'the server is stopping' })
    await gone(...pids)
  })

  test('says how it is used where there is no command, and ends with 1', async () => {
    const script = startScript('command/server.mjs', ['--port', '0'])
    expect(await script.ended).toBe(1)
    expect(script.output()).toBe(
      'Which command?\nUsage: node examples/command/server.mjs --port N -- COMMAND [ARGUMENT…]\n',
    )
  })
})
