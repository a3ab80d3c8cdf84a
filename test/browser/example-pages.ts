// What the tests of the examples' pages share: a server of its own for each test, and pages that write down their complaints.
// The browser is one for all tests of a file.

import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import { launchChromium } from './chromium.ts'

export interface OpenedPage {
  readonly page: Page
  /** Warnings and errors of the page's console, and exceptions. */
  readonly complaints: string[]
}

/** Starts the browser of a `describe`; gives a function that opens a page in a context of its own. */
export function usePages(): (url: string) => Promise<OpenedPage> {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())
  return async (url) => {
    const context = await browser.newContext()
    onTestFinished(() => context.close())
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(url)
    return { page, complaints }
  }
}

/** The texts of the lines in the page's log. */
export function linesOf(page: Page): Promise<string[]> {
  return page
    .locator('#output li')
    .evaluateAll((items) => items.map((item) => `${item.className}: ${item.textContent}`))
}

/** Waits until the page's state is this one. */
export async function waitForState(page: Page, name: string): Promise<void> {
  await page.locator(`#state[data-state="${name}"]`).waitFor()
}

/** Everything in the page fits into its window: nothing is cut off, nothing has to be scrolled to. */
export async function expectToFit(page: Page): Promise<void> {
  for (const size of [
    { width: 1280, height: 720 },
    { width: 360, height: 640 },
  ]) {
    await page.setViewportSize(size)
    const real = await page.evaluate(() => {
      const { scrollWidth, scrollHeight } = document.documentElement
      return { width: scrollWidth, height: scrollHeight }
    })
    expect(real).toEqual(size)
  }
}
