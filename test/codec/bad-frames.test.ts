// What a server and a client make of each way to break the protocol: everything before it, one fault, one Close frame.
// RFC 6455 §7.1.7; the ids are those of docs/bad-input.md.

import { describe, expect, test } from 'vitest'
import type { DecoderEvent } from '../../src/codec/events.ts'
import { Protocol } from '../../src/codec/protocol.ts'
import { join } from '../fuzz/frames.ts'
import { kernelWays } from '../kernel/kernels.ts'
import { decodeAll } from '../reference/decode.ts'
import { waysToCut } from '../vectors/replay.ts'
import { badInputs, frameTo, type Role } from './bad-inputs.ts'
import { difference, plainEvent } from './plain-events.ts'

const roles = ['server', 'client'] as const
const otherRole = { server: 'client', client: 'server' } as const

/** Good frames with every kind of event. */
const goodFrames = (role: Role) =>
  join([frameTo(role, 0x81, '"good"'), frameTo(role, 0x89, '"ping"'), frameTo(role, 0x8a)])

describe.each(kernelWays)('%s', (_, kernel) => {
  test.each(badInputs.map((input) => [input.name, input] as const))('%s', (__, input) => {
    const { bytes, error, closeCode, role: only, options } = input
    for (const role of only === undefined ? roles : [only]) {
      const before = goodFrames(role)
      const stream = join([before, bytes(role), goodFrames(role), frameTo(role, 0x88)])
      const expected = decodeAll(stream, { ...options, role })
      const fault = expected.at(-1)!
      expect(fault).toMatchObject({ type: 0, error, closeCode })
      expect(fault.offset).toBeGreaterThanOrEqual(before.length)

      for (const cuts of waysToCut(stream.length)) {
        const our = new Protocol({ ...options, role, kernel })
        const events: DecoderEvent[] = []
        for (let i = 0; i <= cuts.length; i++)
          events.push(...our.receive(stream.slice(cuts[i - 1] ?? 0, cuts[i])))
        const found = difference(expected, events.map(plainEvent))
        if (found !== undefined) throw new Error(`${role}, cut at ${cuts.slice(0, 5)}: ${found}`)
        expect([our.state, our.gatheredBytes]).toEqual(['closed', 0])

        const answers = decodeAll(our.output(), { role: otherRole[role] })
        const pings = expected.filter(({ type }) => type === 9)
        expect(answers.map(({ type }) => type)).toEqual([...pings.map(() => 10), 8])
        const close = answers.at(-1)!
        expect(close.closeCode).toBe(closeCode)
        expect(events.at(-1)).toMatchObject({
          error: { message: `websocket: ${close.reason}`, remote: true },
        })
      }
    }
  })
})
