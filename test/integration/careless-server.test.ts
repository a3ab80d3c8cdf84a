// A server in a process of its own, whose application handles no error at all: nothing that peers do ends the process.
// RFC 6455 §7.1.7 (failing a connection concerns that one alone); Node ends a process for an unhandled error or rejection.

import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { frame, RawPeer, requestText } from './raw-peer.ts'
import { answerTo } from './refused.ts'

const script = new URL('careless-server.mjs', import.meta.url).pathname

interface Careless {
  readonly child: ChildProcess
  readonly port: number
  /** What the process wrote to its standard error. */
  warnings(): string
}

/** Starts it; `shell` is put in front of the program. */
async function start(shell = ''): Promise<Careless> {
  const child = spawn('sh', ['-c', `${shell} exec "$0" "$1"`, process.execPath, script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => {
    child.kill()
  })
  let warnings = ''
  child.stderr.on('data', (text) => {
    warnings += text
  })
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.once('data', (line) => resolve(Number(line)))
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${warnings}`)))
  })
  return { child, port, warnings: () => warnings }
}

/** An open connection echoes: whoever asks the process for service gets it. */
async function expectEcho(peer: RawPeer): Promise<void> {
  peer.send(frame('client', 1, 'still here'))
  expect((await peer.frame()).payload.toString()).toBe('still here')
}

describe('N10: nobody listens for an error, and the process lives', () => {
  const leave: Record<string, (peer: RawPeer) => unknown> = {
    'a reset': (peer) => peer.socket.resetAndDestroy(),
    'an end': (peer) => peer.socket.end(),
    'a bad frame': (peer) => peer.send(Uint8Array.of(0xff, 0xff, 0xff)),
    'a Close frame': (peer) => peer.send(frame('client', 8, '')),
    'half a message': (peer) => peer.socket.end(frame('client', 1, 'half').subarray(0, 8)),
    'a message too long': (peer) =>
      peer.send(Uint8Array.of(0x82, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)),
  }

  test('N10: whatever peers do, at whatever moment', async () => {
    const { child, port, warnings } = await start()
    const witness = await RawPeer.open(port, '/echo')
    for (const path of ['/echo', '/forgets', '/upgrade']) {
      for (const action of Object.values(leave)) {
        for (const wait of [0, 5]) {
          const peer = await RawPeer.connect(port)
          peer.send(requestText(path))
          await sleep(wait)
          action(peer)
          await sleep(wait)
          peer.socket.destroy()
        }
      }
    }
    await expectEcho(witness)
    await expectEcho(await RawPeer.open(port, '/echo'))
    expect(child.exitCode).toBeNull()
    expect(warnings()).toBe('')
  })

  test('N5, N10: its own mistakes are warnings', async () => {
    const { child, port, warnings } = await start()
    const witness = await RawPeer.open(port, '/echo')
    for (const path of ['/throws', '/rejects', '/onError']) {
      const peer = await RawPeer.open(port, path)
      expect(await peer.closeFrame()).toEqual({ code: 1011, reason: '' })
    }
    expect(await answerTo(port, requestText('/authorize'))).toMatch(/^HTTP\/1.1 500 /)
    await expectEcho(witness)
    expect(child.exitCode).toBeNull()
    for (const mistake of ['the handler', 'the async handler', 'authorize', 'onError']) {
      await expect.poll(warnings).toContain(`a mistake of ${mistake}`)
    }
  })
})

describe.skipIf(process.platform === 'win32')('a server that may open no more files', () => {
  test('K5: serves on, and takes new connections as soon as it can', async () => {
    const { child, port, warnings } = await start('ulimit -n 64 &&')
    const witness = await RawPeer.open(port, '/echo')
    const peers = await Promise.all(Array.from({ length: 100 }, () => RawPeer.connect(port)))
    for (const peer of peers) peer.send(requestText('/echo'))
    // Some got a connection, those for whom there was no file descriptor an end.
    const heads = await Promise.all(peers.map((peer) => peer.head().catch(() => 'no head')))
    const opened = peers.filter((_, i) => heads[i].startsWith('HTTP/1.1 101 '))
    expect(opened.length).toBeGreaterThan(5)
    expect(opened.length).toBeLessThan(64)
    for (const peer of [witness, ...opened]) await expectEcho(peer)
    for (const peer of opened) peer.socket.destroy()
    await expect
      .poll(async () => {
        const head = await RawPeer.open(port, '/echo').catch((error) => String(error))
        return typeof head
      })
      .toBe('object')
    await expectEcho(witness)
    expect(child.exitCode).toBeNull()
    expect(warnings()).toBe('')
  })
})
