// docs/coming-from-gorilla.md has every exported name of Go's package, and every name of ours that it has exists.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { findGorilla } from '../../scripts/find-gorilla.mjs'
import { clean, DocsConsumer } from './consumer.ts'
import { hasSources, namesIn, namesInSources } from './gorilla.ts'
import { codesIn, readPage, snippetsOf, tablesOf } from './pages.ts'

const page = 'docs/coming-from-gorilla.md'

/** Every name of gorilla's main branch; those that Debian's older package has not are marked. */
const listed = readPage('test/docs/gorilla-names.txt')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const [name, ...mark] = line.split(' ')
    return { name, isNewer: mark.length > 0 }
  })

const tables = tablesOf(page).filter(({ head }) => head[1] === 'here' && head[2] === 'what differs')

describe('names of gorilla/websocket', () => {
  test('are found in sources of Go', () => {
    const source = [
      'const (\n\tOne = 1\n\ttwo = 2\n)',
      'var Three = errors.New("x")',
      'type Four struct {\n\t// A comment.\n\tFive, Six int\n\tio.Reader\n\tseven int\n}',
      'type Eight interface {\n\tNine() int\n}',
      'func Ten() {\n\tEleven := 1\n}',
      'func (f *Four) Twelve(x int) {\n}',
    ].join('\n\n')
    const names = [
      'One',
      'Three',
      'Four',
      'Four.Five',
      'Four.Six',
      'Eight',
      'Eight.Nine',
      'Ten',
      'Four.Twelve',
    ]
    expect(namesIn(source)).toEqual(names)
  })

  test.runIf(hasSources)('the list has all that the sources have, and no others but newer ones', () => {
    const names = namesInSources()
    expect(names.length).toBeGreaterThan(80)
    expect(listed.filter(({ isNewer }) => !isNewer).map(({ name }) => name)).toEqual(names)
  })

  test('the page has every name of the list, and no others', () => {
    const ofGo = tables.filter(({ head }) => head[0] === 'Go')
    const named = ofGo.flatMap(({ rows }) => rows.flatMap(([go]) => codesIn(go)))
    expect([...named].sort()).toEqual(listed.map(({ name }) => name).sort())
  })
})

describe('names of ours', () => {
  let consumer: DocsConsumer
  beforeAll(() => {
    consumer = new DocsConsumer()
  })
  afterAll(() => consumer?.remove())

  /** Interfaces whose type parameter has no default. */
  const generic = ['AttachOptions', 'UpgradeOptions']

  /** A line of TypeScript that compiles only where the package has the name. */
  function proofOf(name: string, at: number): string {
    if (/^ERR_WS_\w+$/.test(name)) return `export const n${at}: gibbon.ErrorCode = '${name}'`
    const found = /^([A-Za-z]+)(?:\.([A-Za-z]+)|\[(Symbol\.[A-Za-z]+)\])?(?:\(\))?$/.exec(name)
    if (found === null) throw new Error(`no name: ${name}`)
    const [, owner, member, symbol] = found
    if (member === undefined && symbol === undefined)
      return `export type { ${owner} as N${at} } from 'gibbon-ws'`
    const type = `gibbon.${owner}${generic.includes(owner) ? '<unknown>' : ''}`
    return `export type N${at} = ${type}[${symbol === undefined ? `'${member}'` : `typeof ${symbol}`}]`
  }

  function compileNames(names: readonly string[]): string {
    const lines = names.map((name, at) => proofOf(name, at))
    consumer.write('names.mts', ["import * as gibbon from 'gibbon-ws'", ...lines].join('\n'))
    return consumer.compile(['names.mts'])
  }

  test('every name in the column beside gorilla’s is exported, or a member of what is', () => {
    const names = new Set(tables.flatMap(({ rows }) => rows.flatMap(([, here]) => codesIn(here))))
    expect(names.size).toBeGreaterThan(120)
    expect(compileNames([...names])).toBe(clean)
  })

  test('every error code of the page is one', () => {
    const codes = new Set(readPage(page).match(/ERR_WS_\w+/g))
    expect(codes.size).toBeGreaterThan(20)
    expect(compileNames([...codes])).toBe(clean)
  })

  test('a name that is none is found', () => {
    for (const name of ['nextReeder()', 'Conn.nextReeder()', 'Conn[Symbol.iterator]', 'ERR_WS_NOTHING'])
      expect(compileNames([name]), name).not.toBe(clean)
  })
})

describe('programs in Go', () => {
  const found = findGorilla()
  const cache = fileURLToPath(new URL('../../build/go-cache/', import.meta.url))
  const missing = 'no Go with gorilla/websocket: `npm run setup` installs both as root on Debian'
  const mustRun = found !== undefined || process.env.CI !== undefined
  if (!mustRun) console.warn(`SKIPPED: programs in Go (${missing})`)

  for (const { name, code } of snippetsOf(page, ['go'])) {
    test.runIf(mustRun)(`${name} compiles`, { timeout: 300_000 }, () => {
      if (found === undefined) throw new Error(missing)
      const folder = mkdtempSync(join(tmpdir(), 'docs-go-'))
      onTestFinished(() => rmSync(folder, { recursive: true }))
      writeFileSync(join(folder, 'main.go'), code)
      const { status, stderr } = spawnSync(found.go, ['build', '-o', join(folder, 'program'), 'main.go'], {
        cwd: folder,
        env: { ...found.env, GOCACHE: cache },
        encoding: 'utf8',
      })
      expect(`${stderr}exit status ${status}`).toBe(clean)
    })
  }
})
