// The WebSocket that Node 22 brings, in a process of its own, as the client of our Upgrader.
// It is undici's, an implementation that shares no code with ws.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { Conn } from '../../src/index.ts'
import { describeWithNode22 } from './node-22.ts'
import { echo, type ServeOptions, serve } from './serve.ts'

const run = promisify(execFile)
const script = new URL('node-22-client.mjs', import.meta.url).pathname

describeWithNode22("Node 22's own WebSocket", (node) => {
  /** Serves one conversation; gives what the client printed and our end of the connection. */
  async function converse(
    conversation: string,
    handler: (conn: Conn) => unknown,
    options?: ServeOptions<unknown>,
  ) {
    let conn: Conn | undefined
    const { url } = await serve((opened: Conn) => {
      conn = opened
      return handler(opened)
    }, options)
    const { stdout, stderr } = await run(node, [script, url, conversation], { timeout: 20_000 })
    expect(stderr.replace(/^.*(ExperimentalWarning|--trace-warnings).*\n/gm, '')).toBe('')
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    return { lines, conn: conn! }
  }

  test('gets its texts and binary messages back', async () => {
    const { lines, conn } = await converse('echo', echo)
    expect(lines).toEqual([
      ...Array.from({ length: 4 }, () => ['text', true]),
      ...[0, 1, 125, 126, 65_535, 65_536, 1 << 20].map((length) => ['binary', length, true]),
      // Our answer carries the code alone.
      ['close', 1000, '', true],
    ])
    expect(await conn.closed).toEqual({ code: 1000, reason: 'done', wasClean: true })
  })

  test('closes without a code', async () => {
    const { lines, conn } = await converse('close without a code', echo)
    expect(lines).toEqual([['close', 1005, '', true]])
    expect(await conn.closed).toEqual({ code: 1005, reason: '', wasClean: true })
  })

  test('closes with a code and a reason', async () => {
    const { lines, conn } = await converse('close with 4000', echo)
    expect(lines).toEqual([['close', 4000, '', true]])
    expect(await conn.closed).toEqual({ code: 4000, reason: 'goodbye 👋', wasClean: true })
  })

  test('gets the subprotocol that the server likes best, and no extension', async () => {
    const { lines } = await converse('subprotocol', echo, { subprotocols: ['second', 'first'] })
    expect(lines).toEqual([
      ['protocol', 'second'],
      ['extensions', ''],
      ['close', 1000, '', true],
    ])
  })

  test('hears our close, and answers our ping before it', async () => {
    let trip = Number.NaN
    const { lines, conn } = await converse('listen', async (conn) => {
      trip = await conn.ping()
      await conn.close(4001, 'enough')
    })
    expect(trip).toBeGreaterThan(0)
    expect(lines).toEqual([['open'], ['close', 4001, 'enough', true]])
    expect(await conn.closed).toMatchObject({ code: 4001, wasClean: true })
  })

  test('hears the end of a connection without a Close frame as 1006', async () => {
    const { lines } = await converse('listen', async (conn) => {
      await conn.ping()
      conn.terminate()
    })
    expect(lines[0]).toEqual(['open'])
    expect(lines.at(-1)).toEqual(['close', 1006, '', false])
  })
})
