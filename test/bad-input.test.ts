// The table of docs/bad-input.md and the names of the tests, kept together: each row is shown by a test, and each id is a row.
// A test's name begins with the ids that it shows ("C6, C7: …"); a heading of test/vectors is the name of a test.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const textOf = (path: string) => readFileSync(join(root, path), 'utf8')

interface Row {
  readonly id: string
  readonly section: string
  readonly cells: readonly string[]
}

/** The rows of the document's tables, in order. */
function tableRows(): Row[] {
  const rows: Row[] = []
  for (const section of textOf('docs/bad-input.md').split(/^## /m).slice(1)) {
    for (const line of section.split('\n')) {
      const cells = line.split('|').map((cell) => cell.trim())
      if (/^[A-Z]\d+$/.test(cells[1] ?? '')) rows.push({ id: cells[1], section, cells: cells.slice(1, -1) })
    }
  }
  return rows
}

/** Ids at the front of a name, where a name begins in this text: behind a quote, or as a heading. */
function idsIn(text: string, start: RegExp): string[] {
  const names = new RegExp(`${start.source}((?:[A-Z]\\d+, )*[A-Z]\\d+): `, 'gm')
  return [...text.matchAll(names)].flatMap(([, ids]) => ids.split(', '))
}

/** id → the files that have a test named after it. */
function usedIds(): Map<string, Set<string>> {
  const used = new Map<string, Set<string>>()
  for (const entry of readdirSync(join(root, 'test'), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name).slice(root.length)
    if (!entry.isFile() || path.includes('node_modules') || path === 'test/bad-input.test.ts') continue
    const isVector = path.startsWith('test/vectors/') && path.endsWith('.md')
    if (!isVector && !path.endsWith('.ts')) continue
    for (const id of idsIn(textOf(path), isVector ? /^## / : /['"`]/))
      used.set(id, (used.get(id) ?? new Set()).add(path))
  }
  return used
}

const rows = tableRows()

test('the table has a row for each id, in order, with an input, a reaction and a source', () => {
  expect(rows.length).toBeGreaterThan(100)
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
  for (const [i, { id, section, cells }] of rows.entries()) {
    expect(cells.length, id).toBe(4)
    for (const cell of cells) expect(cell, id).not.toBe('')
    expect(section.startsWith(`${id[0]}. `), `${id} stands in its section`).toBe(true)
    const before = rows[i - 1]?.id ?? 'A0'
    const follows = before[0] === id[0] ? Number(id.slice(1)) > Number(before.slice(1)) : before[0] < id[0]
    expect(follows, `${id} stands behind ${before}`).toBe(true)
  }
})

test('every row of the table has a test that is named after it', () => {
  const used = usedIds()
  expect(rows.map(({ id }) => id).filter((id) => !used.has(id))).toEqual([])
})

test('every id in the name of a test is a row of the table', () => {
  const known = new Set(rows.map(({ id }) => id))
  const unknown = [...usedIds()].filter(([id]) => !known.has(id))
  expect(unknown.map(([id, paths]) => `${id} in ${[...paths].join(', ')}`)).toEqual([])
})
