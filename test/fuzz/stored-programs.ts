// Programs as lines of JSON, so that one that failed can be kept: its seed means another once the generator changes.
// The stream, which RFC 6455 §5.2 lays out, is in hex.

import { hex } from '../codec/plain-events.ts'
import type { ReferenceOptions } from '../reference/events.ts'
import type { Program } from './programs.ts'

/** Numbers that JSON has not are written as strings. */
const numbers = ['readLimit', 'maxFragments'] as const

export function programLine({ options, bytes, ...rest }: Program): string {
  const settings: Record<string, unknown> = { ...options }
  for (const name of numbers)
    if (settings[name] === Number.POSITIVE_INFINITY) settings[name] = String(settings[name])
  return JSON.stringify({ options: settings, ...rest, bytes: hex(bytes, '') })
}

export function parseProgram(line: string): Program {
  const stored: { options: ReferenceOptions; bytes: string } & Omit<Program, 'options' | 'bytes'> =
    JSON.parse(line)
  const { options } = stored
  for (const name of numbers) if (name in options) options[name] = Number(options[name])
  const bytes = Uint8Array.from(stored.bytes.match(/../g) ?? [], (hex) => Number.parseInt(hex, 16))
  return { ...stored, options, bytes }
}
