// Lint step: every name that the two entries export, and every public member of it, has a doc comment.
// Reads the emitted declarations line by line: tsc writes one member a line, its comment right above it.

import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const dist = resolve(process.argv[2] ?? join(root, 'dist.cjs'))
const entries = ['index.d.ts', 'codec.d.ts'].map((name) => join(dist, name))

const files = new Map()

/** Lines of a declaration file. */
function linesOf(path) {
  if (!files.has(path)) files.set(path, readFileSync(path, 'utf8').split('\n'))
  return files.get(path)
}

function target(path, specifier) {
  return join(dirname(path), specifier).replace(/\.(?:ts|js)$/, '.d.ts')
}

const declaration = /^export (?:declare )?(?:abstract )?(?:class|interface|type|function|const|enum) (\w+)/

/** What a file exports: name → the file and the name in it that declare it. */
function exportsOf(path) {
  const found = new Map()
  for (const line of linesOf(path)) {
    const name = declaration.exec(line)?.[1]
    if (name !== undefined) found.set(name, { path, name })
  }
  const text = linesOf(path).join('\n')
  for (const [, list, specifier] of text.matchAll(/^export (?:type )?(\*|\{[^}]*\}) from '([^']+)'/gm)) {
    const theirs = exportsOf(target(path, specifier))
    if (list === '*') {
      for (const [name, where] of theirs) found.set(name, where)
      continue
    }
    for (const item of list.slice(1, -1).split(',')) {
      const [name, alias = name] = item
        .trim()
        .replace(/^type /, '')
        .split(' as ')
      if (name === '') continue
      const where = theirs.get(name)
      if (where === undefined) throw new Error(`${path}: ${name} is not in ${specifier}`)
      found.set(alias, where)
    }
  }
  return found
}

/** Whether a comment that says something ends on the line above. */
function isDocumented(lines, at) {
  let from = at - 1
  if (!lines[from]?.trim().endsWith('*/')) return false
  while (from > 0 && !lines[from].trim().startsWith('/**')) from--
  return /\w/.test(lines.slice(from, at).join(' '))
}

/** The member a line declares: one of the first level, no comment, neither private nor forbidden (`?: never`). */
function memberOf(line) {
  const text = /^ {4}([^ /*})].*)$/.exec(line)?.[1]
  if (text === undefined || /^(?:private |protected |#)|\?: never;$/.test(text)) return undefined
  const name = text.replace(/^(?:(?:static|abstract|readonly|accessor|get|set) )+(?=[\w[])/, '')
  return /^(?:\[.*?\]|\w+)/.exec(name)?.[0] ?? text
}

/** Public members of the class, interface or object type declared at `at`, and whether one of their lines has a doc. */
function membersAt(lines, at) {
  const members = new Map()
  if (/^export (?:declare )?(?:function|const)/.test(lines[at]) || !lines[at].endsWith('{')) return members
  for (let i = at + 1; i < lines.length && !/^\}(?:$|.*;$)/.test(lines[i]); i++) {
    // A union of object types: the next one may have members of the same names.
    const name = memberOf(lines[i])
    if (name !== undefined) members.set(name, members.get(name) || isDocumented(lines, i))
  }
  return members
}

const undocumented = new Set()
const leaking = new Set()
let count = 0
for (const entry of entries) {
  if (!existsSync(entry)) {
    console.error(`docs: no ${relative(root, entry)}: npm run build`)
    process.exit(1)
  }
  for (const { path, name } of exportsOf(entry).values()) {
    const lines = linesOf(path)
    const at = lines.findIndex((line) => declaration.exec(line)?.[1] === name)
    const file = relative(dist, path).replace(/\.d\.ts$/, '.ts')
    const all = [[name, isDocumented(lines, at)]]
    for (const [member, isFine] of membersAt(lines, at)) all.push([`${name}.${member}`, isFine])
    for (const [each, isFine] of all) {
      count++
      if (!isFine) undocumented.add(`src/${file}: ${each} has no doc comment`)
    }
    if (lines.some((line) => line.includes('@internal'))) leaking.add(`src/${file}: @internal is declared`)
  }
}
for (const fault of [...undocumented, ...leaking].sort()) console.error(fault)
console.log(`docs: ${count} exported names and members, ${undocumented.size} undocumented`)
process.exit(undocumented.size + leaking.size === 0 ? 0 : 1)
