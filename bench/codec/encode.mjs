// Encoding a message (RFC 6455 §5.2, §5.3): from its bytes to bytes ready for a socket, masked as a client's or not.
// Nobody changes what is to be sent, so there is nothing to copy afresh and nothing to subtract.

import assert from 'node:assert'
import { nodeText } from '../../dist.cjs/node/text.js'
import { Decoder, Encoder, getKernel } from '../../dist.esm/codec.js'
import { formatSize } from '../report.mjs'
import { loadWs } from '../ws-parts.mjs'
import { BINARY, makePayload } from './frames.mjs'

export const title = 'Encode a binary message'
export const unit = 'ns per message'
export const baseline = 'ws'
/** Ours takes and releases what is encoded after each message; "16 a write" after sixteen, as a busy turn does. */
export const sides = ['js', 'wasm', 'wasm, 16 a write', 'ws-', baseline]

const FIN_BINARY = 0x82
const A_WRITE = 16
const ALL = [20, 125, 1024, 16384]
const FEW = [20, 1024, 16384]
/** Beyond what is copied next to its header. */
const LARGE = 65536

export function cases(quick) {
  const sizes = quick ? FEW : ALL
  return [
    ...sizes.map((size) => caseOf(size, true)),
    ...sizes.map((size) => caseOf(size, false)),
    { ...caseOf(LARGE, false), label: `${formatSize(LARGE)} unmasked, no copy` },
  ]
}

function caseOf(size, masked) {
  return { label: `${formatSize(size)} ${masked ? 'masked' : 'unmasked'}`, size, masked }
}

export function open({ size, masked }, side) {
  const payload = makePayload(BINARY, size, 1)
  if (side.startsWith('ws')) return openSender(loadWs({ bufferutil: side === 'ws' }), payload, masked)
  const [kernel, batch] = side.split(', ')
  return openEncoder(kernel, payload, masked, batch === undefined ? 1 : A_WRITE)
}

/** Where a socket would take what is ready: what nobody takes, V8 need not make. */
let socket

function openEncoder(kernel, payload, masked, aWrite) {
  const role = masked ? 'client' : 'server'
  const encoder = new Encoder({ role, kernel: getKernel(kernel), text: nodeText })

  encoder.frame(FIN_BINARY, payload, 0, payload.length, true)
  const segments = encoder.take()
  const parts = segments.map(({ bytes, start, end }) => bytes.subarray(start, end))
  check(Buffer.concat(parts), payload, masked)
  if (payload.length >= LARGE) assert.strictEqual(segments.at(-1).bytes, payload, 'the payload was copied')
  encoder.release(segments)

  return {
    run(times) {
      for (let i = 0; i < times; i++) {
        for (let j = 0; j < aWrite; j++) encoder.frame(FIN_BINARY, payload, 0, payload.length, true)
        const segments = encoder.take()
        socket = segments
        encoder.release(segments)
      }
      assert(socket.length > 0)
    },
    units: aWrite,
  }
}

/** Options as its Sender.send passes them; a Buffer of the application is never changed. */
function openSender({ Sender }, payload, masked) {
  const frame = () =>
    Sender.frame(payload, {
      fin: true,
      generateMask: undefined,
      mask: masked,
      maskBuffer: undefined,
      opcode: 2,
      readOnly: true,
      rsv1: false,
    })
  check(Buffer.concat(frame()), payload, masked)
  return {
    run(times) {
      for (let i = 0; i < times; i++) socket = frame()
      assert(socket.length > 0)
    },
    units: 1,
  }
}

function check(frame, payload, masked) {
  const decoder = new Decoder({ role: masked ? 'server' : 'client', kernel: getKernel('js') })
  const [message, ...others] = decoder.push(frame)
  assert(others.length === 0 && message.type === 2 && payload.equals(message.data), 'the frame is wrong')
}
