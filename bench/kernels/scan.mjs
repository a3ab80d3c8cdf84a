// The batch scan (RFC 6455 §5.2): 64 KiB reads full of whole masked frames, beside ws's Receiver fed the same bytes.
// Every iteration works on a fresh copy, as all of them unmask in place; the copy is timed too and subtracted from all.
// The Receiver also makes a Buffer and an event per message, which a kernel leaves to the codec above it.

import assert from 'node:assert'
import * as layout from '../../dist.esm/kernel/layout.js'
import { formatSize } from '../report.mjs'
import { loadWs, unmask } from '../ws-parts.mjs'
import { measure } from './measure.mjs'

export const title = 'Scan, 64 KiB of frames'
export const unit = 'ns per frame'
export const baseline = 'ws Receiver'
export const names = ['js', 'wasm', 'ws Receiver, no bufferutil', baseline]

const SIZES = [20, 125, 1024, 16384, 65000]
const KEY = Buffer.from([0x37, 0xfa, 0x21, 0x3d])
const OPCODES = { binary: 2, 'ASCII text': 1 }

const { Receiver: WithoutBufferutil } = loadWs({ bufferutil: false })
const { Receiver: WithBufferutil } = loadWs({ bufferutil: true })

export async function* rows({ js, wasm }, effort) {
  for (const [kind, opcode] of Object.entries(OPCODES)) {
    for (const size of SIZES) {
      const frames = Math.floor(layout.WINDOW_BYTES / frame(opcode, size).length)
      const masked = Buffer.concat(Array(frames).fill(frame(opcode, size, KEY)))
      const plain = Buffer.concat(Array(frames).fill(frame(opcode, size)))
      const { copy, ...others } = await measure(competitorsFor(masked, plain, frames, js, wasm), effort)
      yield {
        label: `${kind} ${formatSize(size)}`,
        figures: Object.fromEntries(Object.entries(others).map(([name, ns]) => [name, (ns - copy) / frames])),
      }
    }
  }
}

/** A client's frame; without a key it looks as it must once it is unmasked in place: only its payload differs. */
function frame(opcode, size, key) {
  const long = size > 125
  const bytes = Buffer.alloc((long ? 8 : 6) + size, 'The quick brown fox. ')
  bytes[0] = 0x80 | opcode
  bytes[1] = 0x80 | (long ? 126 : size)
  if (long) bytes.writeUInt16BE(size, 2)
  bytes.set(KEY, bytes.length - size - 4)
  if (key) unmask(bytes.subarray(bytes.length - size), key)
  return bytes
}

function competitorsFor(masked, plain, frames, js, wasm) {
  const bytes = Buffer.allocUnsafeSlow(masked.length)
  const competitors = {
    js: scanning(js, masked, bytes, frames),
    wasm: scanning(wasm, masked, bytes, frames),
    'ws Receiver, no bufferutil': receiving(WithoutBufferutil, masked, bytes, frames),
    [baseline]: receiving(WithBufferutil, masked, bytes, frames),
  }
  for (const [name, run] of Object.entries(competitors)) {
    run(1)
    assert.deepStrictEqual(bytes, plain, `${name} does not unmask every frame`)
  }
  return {
    ...competitors,
    copy(times) {
      for (let i = 0; i < times; i++) bytes.set(masked)
    },
  }
}

function scanning(kernel, masked, bytes, frames) {
  const state = new Uint32Array(layout.STATE_WORDS)
  state[layout.STATE_CONFIG] = layout.CONFIG_MASKED
  state[layout.STATE_LIMIT_LO] = 16 << 20
  state[layout.STATE_MAX_FRAGMENTS] = 131072
  return (times) => {
    for (let i = 0; i < times; i++) {
      bytes.set(masked)
      kernel.scan(bytes, 0, bytes.length, state)
    }
    assert.strictEqual(state[layout.STATE_ROW_COUNT], frames, `${kernel.name} does not find every frame`)
  }
}

function receiving(Receiver, masked, bytes, frames) {
  const receiver = new Receiver({ isServer: true })
  let messages = 0
  receiver.on('message', () => messages++)
  return (times) => {
    messages = 0
    for (let i = 0; i < times; i++) {
      bytes.set(masked)
      receiver.write(bytes)
    }
    assert.strictEqual(messages, frames * times, 'ws does not find every frame')
  }
}
