// What is checked of a page of documentation: its blocks of code and its tables, each with the heading it stands under.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A block of code. */
export interface Snippet {
  /** `README.md: Writing`, or `README.md: Writing 2` for the second one under a heading. */
  readonly name: string
  readonly language: string
  readonly code: string
}

/** A table: the cells of its head, and those of its rows. */
export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export function readPage(path: string): string {
  return readFileSync(`${root}${path}`, 'utf8')
}

/** The blocks of code in the languages. */
export function snippetsOf(path: string, languages: readonly string[]): Snippet[] {
  const found: Snippet[] = []
  const blocks = /^#+ ([^\n]*)$|^```(\w+)\n(.*?)^```$/gms
  let heading = ''
  let count = 0
  for (const [, title, language, code] of readPage(path).matchAll(blocks)) {
    if (title !== undefined) {
      heading = title
      count = 0
    } else if (languages.includes(language)) {
      const name = `${path}: ${heading}${++count === 1 ? '' : ` ${count}`}`
      found.push({ name, language, code })
    }
  }
  return found
}

export function tablesOf(path: string): Table[] {
  const tables = readPage(path).match(/(?:^\|.*\|\n)+/gm) ?? []
  return tables.map((text) => {
    const [head, , ...rows] = text
      .trimEnd()
      .split('\n')
      .map((line) =>
        line
          .slice(1, -1)
          .split('|')
          .map((cell) => cell.trim()),
      )
    return { head, rows }
  })
}

/** What stands in backticks. */
export function codesIn(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code)
}
