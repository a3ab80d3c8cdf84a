// The echo example as a user meets it: its own server process, and its page driven in a real browser.
// RFC 6455 §5.6 (messages come back as they were), §7.1.5 (a Close frame without a code is 1005 on both sides).

import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type EchoServer, startEchoServer } from '../examples/echo-server.ts'
import { describeInChromium, launchChromium } from './chromium.ts'

describeInChromium("the echo example's page", () => {
  let browser: Browser
  let server: EchoServer
  let page: Page
  let complaints: string[]

  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())

  beforeEach(async () => {
    server = await startEchoServer()
    page = await browser.newPage()
    complaints = []
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(server.url)
  })
  afterEach(async () => {
    await page.close()
    await server.stop()
  })

  const press = (name: string) => page.getByRole('button', { name, exact: true }).click()
  const lines = () =>
    page
      .locator('#output li')
      .evaluateAll((items) => items.map((item) => [...item.children].map((c) => c.textContent)))
  /** Waits for the log to have `count` lines and gives them without their times. */
  async function log(count: number): Promise<string[]> {
    await page
      .locator('#output li')
      .nth(count - 1)
      .waitFor()
    return (await lines()).map(([, kind, text]) => `${kind} ${text}`.trimEnd())
  }
  async function send(text: string): Promise<void> {
    await page.getByRole('textbox').fill(text)
    await press('Send')
  }

  test('opens, sends a text with emoji and CJK, shows it coming back, and closes without a code', async () => {
    const url = server.url.replace('http:', 'ws:')
    const text = 'astronaut 👩‍🚀, 你好，世界, naïve'
    await press('Open')
    expect(await log(1)).toEqual([`OPEN ${url}echo`])
    await send(text)
    expect(await log(3)).toEqual([`OPEN ${url}echo`, `SEND ${text}`, `RESPONSE ${text}`])
    await press('Close')
    expect((await log(4))[3]).toBe('CLOSE 1005')
    expect(complaints).toEqual([])
  })

  test('opens again after a close, on the same living server', async () => {
    for (const round of [0, 1]) {
      await press('Open')
      await log(4 * round + 1)
      await send(`round ${round}`)
      expect((await log(4 * round + 3)).slice(-2)).toEqual([`SEND round ${round}`, `RESPONSE round ${round}`])
      await press('Close')
      expect((await log(4 * round + 4)).at(-1)).toBe('CLOSE 1005')
    }
    expect(complaints).toEqual([])
    expect(server.exitCode()).toBeNull()
  })

  test('shows what comes back as text, never as markup', async () => {
    const markup = '<img src=x onerror="document.title = \'run\'"><b>bold</b>'
    await press('Open')
    await log(1)
    await send(markup)
    expect((await log(3))[2]).toBe(`RESPONSE ${markup}`)
    expect(await page.locator('#output img').count()).toBe(0)
    expect(await page.title()).toBe('WebSocket echo')
  })

  test('sends and shows an empty text, and one longer than a socket reads at once', async () => {
    const long = 'naïve, déjà vu; '.repeat(10_000)
    await press('Open')
    await log(1)
    await send('')
    expect((await log(3)).slice(1)).toEqual(['SEND', 'RESPONSE'])
    await send(long)
    expect((await log(5)).slice(3)).toEqual([`SEND ${long.trimEnd()}`, `RESPONSE ${long.trimEnd()}`])
  })

  test('shows the 1001 of a server that stops, and an error when it is gone', async () => {
    await press('Open')
    await log(1)
    await server.stop()
    expect((await log(2))[1]).toMatch(/^CLOSE 1001 /)
    await press('Open')
    const kinds = (await log(4)).slice(2).map((line) => line.split(' ', 2).join(' '))
    expect(kinds).toEqual(['ERROR the', 'CLOSE 1006'])
  })

  test('offers only what can be done: nothing to send or to close before it is open', async () => {
    const enabled = () =>
      page
        .getByRole('button')
        .evaluateAll((all) => all.map((b) => [b.textContent, !(b as HTMLButtonElement).disabled]))
    expect(await enabled()).toEqual([
      ['Open', true],
      ['Send', false],
      ['Close', false],
    ])
    await press('Open')
    await log(1)
    expect(await enabled()).toEqual([
      ['Open', false],
      ['Send', true],
      ['Close', true],
    ])
  })
})
