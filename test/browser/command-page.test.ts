// The command example as a user meets it: a terminal in a real browser, with real processes behind it.
// RFC 6455 §7.4.1: 1000 behind the end of the process.

import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { serveExample } from '../examples/script.ts'
import { describeInChromium } from './chromium.ts'
import { expectToFit, linesOf, usePages, waitForState } from './example-pages.ts'

describeInChromium("the command example's page", () => {
  const open = usePages()

  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()
  async function enter(page: Page, line: string): Promise<void> {
    await page.getByRole('textbox').fill(line)
    await page.getByRole('textbox').press('Enter')
  }
  async function log(page: Page, count: number): Promise<string[]> {
    await page
      .locator('#output li')
      .nth(count - 1)
      .waitFor({ state: 'attached' })
    return linesOf(page)
  }

  test('runs cat, line by line, until it is stopped, and again', async () => {
    const { url } = await serveExample('command', ['--', 'cat', '-u'])
    const { page, complaints } = await open(url)
    await expect.poll(() => page.locator('#command').textContent()).toBe('cat -u')
    for (const round of [0, 1]) {
      const from = round * 6
      await press(page, 'Start')
      await log(page, from + 1)
      await enter(page, 'hello 👋')
      await log(page, from + 3)
      await enter(page, '<b>bold</b>')
      await log(page, from + 5)
      await press(page, 'Stop')
      expect((await log(page, from + 6)).slice(from)).toEqual([
        'note: started',
        'input: hello 👋',
        'output: hello 👋',
        'input: <b>bold</b>',
        'output: <b>bold</b>',
        'note: closed with 1000',
      ])
    }
    await expectToFit(page)
    expect(complaints).toEqual([])
  })

  test('shows what goes to stderr, and how the process ended', async () => {
    const { url } = await serveExample('command', ['--', 'sh', '-c', 'read line; echo "$line" >&2; exit 2'])
    const { page, complaints } = await open(url)
    await press(page, 'Start')
    await waitForState(page, 'open')
    await enter(page, 'wrong')
    expect((await log(page, 4)).slice(1)).toEqual([
      'input: wrong',
      'stderr: wrong',
      'note: closed with 1000: exit status 2',
    ])
    expect(complaints).toEqual([])
  })

  test('gives earlier lines back with the arrow keys, and offers only what can be done', async () => {
    const { url } = await serveExample('command', ['--', 'cat'])
    const { page } = await open(url)
    const enabled = () =>
      page
        .getByRole('button')
        .evaluateAll((all) => all.map((b) => [b.textContent, !(b as HTMLButtonElement).disabled]))
    expect(await enabled()).toEqual([
      ['Enter', false],
      ['Start', true],
      ['Stop', false],
    ])
    await press(page, 'Start')
    await waitForState(page, 'open')
    expect(await enabled()).toEqual([
      ['Enter', true],
      ['Start', false],
      ['Stop', true],
    ])
    for (const line of ['one', 'two', 'two']) await enter(page, line)
    const input = page.getByRole('textbox')
    const seen: string[] = []
    for (const key of ['ArrowUp', 'ArrowUp', 'ArrowUp', 'ArrowDown', 'ArrowDown', 'ArrowDown']) {
      await input.press(key)
      seen.push(await input.inputValue())
    }
    expect(seen).toEqual(['two', 'one', 'one', 'two', '', ''])
  })
})
