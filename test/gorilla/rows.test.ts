// The table of rows.md and the names of the tests, kept together: each row is shown where it says, and each name is a row.
// A test's name begins with the functions of gorilla/websocket that it shows ("TestJSON, TestDeprecatedJSON: …").

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const NONE = '—'

interface Row {
  readonly name: string
  readonly section: string
  readonly checks: string
  /** A file, or a folder where any of its files will do; or {@link NONE}. */
  readonly path: string
  readonly difference: string
}

const rows: readonly Row[] = readFileSync(join(root, 'test/gorilla/rows.md'), 'utf8')
  .split(/^## /m)
  .slice(1)
  .flatMap((text) => {
    const [section, ...lines] = text.split('\n')
    return lines
      .filter((line) => line.startsWith('| ') && !/^\| (?:---|function|name) /.test(line))
      .map((line) => {
        const [, name, checks, path, difference] = line.split('|').map((cell) => cell.trim())
        return { section, name, checks, path, difference }
      })
  })

const NAME = String.raw`x?(?:Test|Example|Benchmark)[A-Z]\w*`
/** In front may stand the ids of docs/bad-input.md, or the function's file. */
const FRONT = String.raw`(?:(?:[A-Z]\d+, )*[A-Z]\d+: |\w+_test\.go, )?`
const names = new RegExp(`['"\`]${FRONT}((?:${NAME}, )*${NAME})(?=['"\`:])`, 'g')

/** Each name that stands at the front of a test's, and the files that have it. */
const shown = new Map<string, Set<string>>()
for (const entry of readdirSync(join(root, 'test'), { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name).slice(root.length)
  if (!entry.isFile() || !path.endsWith('.test.ts') || path.includes('node_modules')) continue
  if (path === 'test/gorilla/rows.test.ts') continue
  for (const [, list] of readFileSync(join(root, path), 'utf8').matchAll(names))
    for (const name of list.split(', ')) shown.set(name, (shown.get(name) ?? new Set()).add(path))
}

test('the table has a row for each function of gorilla’s, once, with what it checks and where that is shown', () => {
  const functions = rows.filter(({ section }) => section.endsWith('.go'))
  expect(functions.length).toBe(82)
  expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length)
  for (const { name, checks, path, difference } of rows) {
    expect(name).toMatch(new RegExp(`^${NAME}$`))
    expect(checks, name).not.toBe('')
    if (path === NONE) expect(difference, name).not.toBe('')
    else expect(path, name).toMatch(/^test\b/)
  }
})

test('every row is shown by a test that is named after it, where the table says', () => {
  const missing = rows.filter(({ name, path }) => {
    if (path === NONE) return false
    const files = [...(shown.get(name) ?? [])]
    return !files.some((file) => file === path || file.startsWith(`${path}/`))
  })
  expect(missing.map(({ name, path }) => `${name} in ${path}`)).toEqual([])
})

test('every test that is named so is a row, and none is said to be absent', () => {
  const known = new Set(rows.filter(({ path }) => path !== NONE).map(({ name }) => name))
  const unknown = [...shown].filter(([name]) => !known.has(name))
  expect(unknown.map(([name, files]) => `${name} in ${[...files].join(', ')}`)).toEqual([])
})

test('the benchmarks that the table points to are there', () => {
  const measured = rows.flatMap(({ difference }) => difference.match(/bench\/[\w./-]*\w/g) ?? [])
  expect(measured.length).toBeGreaterThan(1)
  expect(measured.filter((path) => !existsSync(join(root, path)))).toEqual([])
})
