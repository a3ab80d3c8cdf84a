// The filewatch example as a user meets it: a page in a real browser that follows a real file.
// RFC 6455 §7.2.3 (coming back after a loss).

import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { serveExample, startServer } from '../examples/script.ts'
import { describeInChromium } from './chromium.ts'
import { expectToFit, usePages, waitForState } from './example-pages.ts'

describeInChromium("the filewatch example's page", () => {
  const open = usePages()
  let file: string

  beforeEach(() => {
    const folder = mkdtempSync(join(tmpdir(), 'filewatch-'))
    file = join(folder, 'watched.txt')
    onTestFinished(() => rmSync(folder, { recursive: true }))
  })

  function write(text: string): void {
    writeFileSync(`${file}.new`, text)
    renameSync(`${file}.new`, file)
  }
  const expectText = (page: Page, text: string) =>
    expect.poll(() => page.locator('#output').textContent(), { timeout: 10_000 }).toBe(text)
  const expectNote = (page: Page, note: string) =>
    expect.poll(() => page.locator('#note').textContent(), { timeout: 10_000 }).toBe(note)

  test('shows the file, each change of it, that it has vanished and that it is back', async () => {
    write('<b>one</b> 👋\n')
    const { url } = await serveExample('filewatch', [file])
    const { page, complaints } = await open(url)
    await expectText(page, '<b>one</b> 👋\n')
    expect(await page.title()).toBe('watched.txt')
    expect(await page.locator('#changed').textContent()).toMatch(/^Last changed .+\.$/)
    write('two\n')
    await expectText(page, 'two\n')
    rmSync(file)
    await expectNote(page, 'The file is not there. It will be shown when it is.')
    expect(await page.locator('#output.stale').textContent()).toBe('two\n')
    write('three\n')
    await expectText(page, 'three\n')
    await expectNote(page, '')
    expect(await page.locator('#output.stale').count()).toBe(0)
    await expectToFit(page)
    expect(complaints).toEqual([])
  })

  test('stays at the end of a file that grows, and where its reader is otherwise', async () => {
    const lines = (count: number) => Array.from({ length: count }, (_, i) => `line ${i}\n`).join('')
    write(lines(200))
    const { url } = await serveExample('filewatch', [file])
    const { page } = await open(url)
    await expectText(page, lines(200))
    const place = () =>
      page.locator('#output').evaluate((pre) => [pre.scrollTop, pre.scrollHeight - pre.clientHeight])
    expect((await place())[0]).toBe(0)
    await page.locator('#output').evaluate((pre) => pre.scrollTo(0, 100))
    write(lines(300))
    await expectText(page, lines(300))
    expect((await place())[0]).toBe(100)
    await page.locator('#output').evaluate((pre) => pre.scrollTo(0, pre.scrollHeight))
    write(lines(400))
    await expectText(page, lines(400))
    const [top, end] = await place()
    expect(end - top).toBeLessThan(2)
  })

  test('greys what it shows while the server is gone, and comes back', async () => {
    write('before')
    const first = await startServer('filewatch', [file])
    const { page } = await open(first.url)
    await expectText(page, 'before')
    await first.stop()
    await waitForState(page, 'waiting')
    expect(await page.locator('#output.stale').textContent()).toBe('before')
    write('after')
    const second = await startServer('filewatch', [file], first.port)
    try {
      await expectText(page, 'after')
      await waitForState(page, 'open')
      expect(await page.locator('#output.stale').count()).toBe(0)
    } finally {
      await second.stop()
    }
  })
})
