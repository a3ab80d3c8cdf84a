// The chat example as its users meet it: two pages in a real browser that talk through a server of their own.
// RFC 6455 §7.2.3 (coming back after a loss).

import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { serveExample, startServer } from '../examples/script.ts'
import { Talker } from '../examples/talker.ts'
import { describeInChromium } from './chromium.ts'
import { expectToFit, linesOf, usePages, waitForState } from './example-pages.ts'

describeInChromium("the chat example's page", () => {
  const open = usePages()

  async function rename(page: Page, name: string): Promise<void> {
    await page.getByRole('textbox', { name: 'Your name' }).fill(name)
    await page.getByRole('textbox', { name: 'Message' }).focus()
    await page
      .locator('#output li', { hasText: `${name} joined` })
      .first()
      .waitFor()
  }
  async function say(page: Page, text: string): Promise<void> {
    await page.getByRole('textbox', { name: 'Message' }).fill(text)
    await page.getByRole('button', { name: 'Send', exact: true }).click()
  }
  const waitForLine = (page: Page, text: string) =>
    page.locator('#output li', { hasText: text }).first().waitFor({ timeout: 10_000 })
  const said = async (page: Page) => (await linesOf(page)).filter((line) => !line.startsWith('note'))

  test('lets two talk, under their names, and says how many are here', async () => {
    const { url } = await serveExample('chat')
    const [one, other] = [await open(url), await open(url)]
    await rename(one.page, 'Ann')
    await rename(other.page, 'Bob 👋')
    await expect.poll(() => one.page.locator('#people').textContent()).toBe('2 are here.')
    await say(one.page, 'hello, 你好')
    await waitForLine(other.page, 'hello, 你好')
    await say(other.page, '<b>markup</b>: it stays text')
    await waitForLine(one.page, '<b>markup</b>: it stays text')
    await say(one.page, 'bye')
    await waitForLine(other.page, 'bye')
    expect(await said(one.page)).toEqual([
      'mine: Ann: hello, 你好',
      'said: Bob 👋: <b>markup</b>: it stays text',
      'mine: Ann: bye',
    ])
    expect(await said(other.page)).toEqual([
      'said: Ann: hello, 你好',
      'mine: Bob 👋: <b>markup</b>: it stays text',
      'said: Ann: bye',
    ])
    await other.page.close()
    await expect.poll(() => one.page.locator('#people').textContent()).toBe('You are alone.')
    expect([...one.complaints, ...other.complaints]).toEqual([])
  })

  test('sends nothing empty, and says of what is too long that it is', async () => {
    const { url, port } = await serveExample('chat')
    const { page, complaints } = await open(url)
    await rename(page, 'Ann')
    const listener = await Talker.open(`ws://localhost:${port}/chat?name=Eve`)
    await say(page, '   ')
    await say(page, '你'.repeat(171))
    await expect.poll(() => page.locator('#note').textContent()).toMatch(/too long/)
    await say(page, '你'.repeat(170))
    await listener.line(`Ann: ${'你'.repeat(170)}`)
    expect(await page.locator('#note').textContent()).toBe('')
    expect(listener.lines).toEqual(['* Eve joined, 2 here', `Ann: ${'你'.repeat(170)}`])
    expect(complaints).toEqual([])
  })

  test('shows the lines of a message that has several, keeps to the newest, and fits', async () => {
    const { url, port } = await serveExample('chat')
    const { page, complaints } = await open(url)
    await waitForState(page, 'open')
    const talker = await Talker.open(`ws://localhost:${port}/chat?name=Eve`)
    for (let i = 0; i < 600; i++) talker.socket.send(`line ${i}`)
    await waitForLine(page, 'line 599')
    const lines = await said(page)
    expect(lines.length).toBe(500)
    expect(lines).toEqual(Array.from({ length: 500 }, (_, i) => `said: Eve: line ${i + 100}`))
    await expectToFit(page)
    expect(complaints).toEqual([])
  })

  test('comes back after the server has gone and returned', async () => {
    const first = await startServer('chat')
    const { page } = await open(first.url)
    await rename(page, 'Ann')
    // A pause may be over before the test looks: all that the page says is kept.
    await page.evaluate(() => {
      const state = document.querySelector('#state') as HTMLElement
      const said: string[] = []
      Object.assign(window, { said })
      const note = () => said.push(state.textContent ?? '')
      new MutationObserver(note).observe(state, { childList: true, characterData: true, subtree: true })
    })
    const said = () => page.evaluate(() => (window as unknown as { said: string[] }).said)
    await first.stop()
    await expect.poll(said).toContainEqual(expect.stringMatching(/^the server is stopping; again in \d+ s$/))
    await expect.poll(said).toContainEqual(expect.stringMatching(/^not connected; again in \d+ s$/))
    expect(await page.getByRole('button', { name: 'Send', exact: true }).isDisabled()).toBe(true)
    const second = await startServer('chat', [], first.port)
    try {
      await waitForState(page, 'open')
      await say(page, 'back again')
      await waitForLine(page, 'back again')
      await expect
        .poll(async () => (await linesOf(page)).slice(-3))
        .toEqual([
          'note lost: The connection is lost; what is said meanwhile is missed.',
          'note: Ann joined, 1 here',
          'mine: Ann: back again',
        ])
    } finally {
      await second.stop()
    }
  })
})
