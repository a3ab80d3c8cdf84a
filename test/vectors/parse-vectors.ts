// Reads the vectors of this folder: Markdown with one stream of bytes and its events under each heading.
// The notation is described in README.md; the events are those of RFC 6455 §5.5 and §5.6.

import type { PlainEvent, ReferenceOptions } from '../reference/events.ts'
import { mask } from '../reference/mask.ts'

export interface Vector {
  readonly name: string
  readonly options: ReferenceOptions
  readonly bytes: Uint8Array
  readonly events: readonly PlainEvent[]
}

const TYPES: Record<string, number> = { text: 1, binary: 2, ping: 9, pong: 10 }
const TOKEN = /\s*(?:#[^\n]*|([0-9a-fA-F]{2})|("(?:[^"\\]|\\.)*")|([()])|\*(\d+)|\^([0-9a-fA-F]{8})|$)/y

/** Bytes of the notation: hex pairs, strings, groups in parentheses, `*count`, `^maskingkey`, comments from `#`. */
export function parseBytes(source: string): Uint8Array {
  const groups: number[][][] = [[]]
  const tokens = new RegExp(TOKEN)
  while (tokens.lastIndex < source.length) {
    const at = tokens.lastIndex
    const token = tokens.exec(source)
    const group = groups[groups.length - 1]
    if (token === null || group === undefined)
      throw new Error(`not the notation of bytes: ${source.slice(at)}`)
    const [, hex, string, parenthesis, count, key] = token
    if (hex !== undefined) group.push([Number.parseInt(hex, 16)])
    else if (string !== undefined) group.push([...new TextEncoder().encode(JSON.parse(string))])
    else if (parenthesis === '(') groups.push([])
    else if (parenthesis === ')') {
      groups.pop()
      groups[groups.length - 1].push(group.flat())
    } else if (count !== undefined || key !== undefined) {
      const item = group.pop()
      if (item === undefined) throw new Error(`nothing to repeat or to mask: ${source.slice(at)}`)
      group.push(
        count === undefined ? [...mask(new Uint8Array(item), parseBytes(key))] : repeat(item, Number(count)),
      )
    }
  }
  if (groups.length !== 1) throw new Error(`unbalanced parentheses: ${source}`)
  return new Uint8Array(groups[0].flat())
}

function repeat(item: number[], count: number): number[] {
  return Array.from({ length: count }, () => item).flat()
}

function parseEvent(line: string): PlainEvent {
  const fault = /^fault (\d{4}) (ERR_WS_\w+) at (\d+)$/.exec(line)
  if (fault !== null)
    return { type: 0, error: fault[2], closeCode: Number(fault[1]), offset: Number(fault[3]) }
  const close = /^close (\d{4})(?: (".*"))?$/.exec(line)
  if (close !== null) return { type: 8, closeCode: Number(close[1]), reason: JSON.parse(close[2] ?? '""') }
  const [, kind, payload] = /^(text|unchecked text|binary|ping|pong)(?: (.*))?$/.exec(line) ?? []
  if (kind === undefined) throw new Error(`not an event: ${line}`)
  const data = parseBytes(payload ?? '')
  if (kind === 'unchecked text') return { type: 1, data, text: undefined }
  if (kind !== 'text') return { type: TYPES[kind], data }
  return { type: 1, data, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data) }
}

function parseOptions(section: string): ReferenceOptions {
  const line = /^Received by a (server|client)(?:; (.*))?\.$/m.exec(section)
  if (line === null) throw new Error(`who receives it? ${section}`)
  const options: Record<string, unknown> = { role: line[1] }
  for (const option of line[2]?.split(', ') ?? []) {
    const [, name, value] =
      /^(readLimit|maxFragments|lenientLength|checkUtf8) (\d+|true|false)$/.exec(option) ?? []
    if (name === undefined) throw new Error(`not an option: ${option}`)
    options[name] = JSON.parse(value)
  }
  return options as unknown as ReferenceOptions
}

/** The vectors of one Markdown file: a section without a block of bytes is prose. */
export function parseVectors(markdown: string): Vector[] {
  const vectors: Vector[] = []
  for (const section of markdown.split(/^## /m).slice(1)) {
    const bytes = /^```bytes\n([\s\S]*?)^```$/m.exec(section)
    const events = /^```events\n([\s\S]*?)^```$/m.exec(section)
    if (bytes === null || events === null) throw new Error(`bytes and events are missing: ${section}`)
    const lines = events[1].split('\n').filter((line) => line.trim() !== '')
    vectors.push({
      name: section.slice(0, section.indexOf('\n')).trim(),
      options: parseOptions(section),
      bytes: parseBytes(bytes[1]),
      events: lines.map(parseEvent),
    })
  }
  return vectors
}
