// The exported names of Go's package github.com/gorilla/websocket, read out of its sources: `Name`, or `Type.Member`.
// gofmt has one way to write a declaration, so lines and their indentation tell enough.

import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** Where Debian's package of it is. */
const folder = '/usr/share/gocode/src/github.com/gorilla/websocket'

/** Whether the sources are installed. */
export const hasSources: boolean = existsSync(folder)

/** Names of constants, variables, functions, types, methods, and of the fields of structs and methods of interfaces. */
export function namesInSources(): string[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.go') && !name.endsWith('_test.go'))
  return [...new Set(files.flatMap((name) => namesIn(readFileSync(`${folder}/${name}`, 'utf8'))))].sort()
}

export function namesIn(source: string): string[] {
  const names: string[] = []
  /** What the lines inside of a block belong to: '' for a group of constants or variables, else the type. */
  let block: string | undefined
  for (const line of source.split('\n')) {
    if (line === '}' || line === ')') block = undefined
    const inside = /^\t([A-Z]\w*(?:, [A-Z]\w*)*)\b(?!\.)/.exec(line)
    if (block !== undefined && inside !== null) {
      for (const name of inside[1].split(', ')) names.push(block === '' ? name : `${block}.${name}`)
    }
    const found =
      /^func ([A-Z]\w*)\(/.exec(line) ??
      /^(?:const|var) ([A-Z]\w*)\b/.exec(line) ??
      /^type ([A-Z]\w*)/.exec(line)
    if (found !== null) names.push(found[1])
    const method = /^func \(\w+ \*?([A-Z]\w*)\) ([A-Z]\w*)\(/.exec(line)
    if (method !== null) names.push(`${method[1]}.${method[2]}`)
    if (/^(?:const|var) \($/.test(line)) block = ''
    const type = /^type ([A-Z]\w*) (?:struct|interface) \{$/.exec(line)
    if (type !== null) block = type[1]
    else if (/^(?:type|func) .*\{$/.test(line)) block = undefined
  }
  return names
}
