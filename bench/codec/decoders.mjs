// Who decodes: our Decoder on each kernel, ws's Receiver with and without bufferutil, websocket-driver's parser.
// Each becomes a function that takes the bytes of one read and hands every message in them to a Reader.

import { createRequire } from 'node:module'
import { nodeText } from '../../dist.cjs/node/text.js'
import { Decoder, getKernel } from '../../dist.esm/codec.js'
import { loadWs } from '../ws-parts.mjs'

const require = createRequire(import.meta.url)

const makers = {
  js: (reader) => ourDecoder('js', reader),
  'js, borrowed': (reader) => borrowing('js', reader),
  wasm: (reader) => ourDecoder('wasm', reader),
  'wasm, borrowed': (reader) => borrowing('wasm', reader),
  'ws-': (reader) => wsReceiver(false, reader),
  ws: (reader) => wsReceiver(true, reader),
  'websocket-driver': driver,
}

/** @returns `(bytes) => void`; the bytes are the decoder's from then on */
export function makeDecoder(side, reader) {
  return makers[side](reader)
}

function ourDecoder(kernel, reader) {
  const decoder = new Decoder({ role: 'server', kernel: getKernel(kernel), text: nodeText })
  return (bytes) => {
    const events = decoder.push(bytes)
    for (let i = 0; i < events.length; i++) {
      const event = events[i]
      if (event.type === 2) reader.binary(event.data)
      else if (event.type === 1) reader.text(event.text())
      else throw new Error(`unexpected event ${event.type}`, { cause: event.error })
    }
  }
}

/** Messages that are good until the sink returns, read where they stand. */
function borrowing(kernel, reader) {
  const decoder = new Decoder({ role: 'server', kernel: getKernel(kernel), text: nodeText })
  function sink(event) {
    if (event.type === 2) reader.range(event.source, event.start, event.byteLength)
    else if (event.type === 1) reader.text(event.text())
    else throw new Error(`unexpected event ${event.type}`, { cause: event.error })
  }
  return (bytes) => decoder.pushEach(bytes, sink)
}

/**
 * Set up as its WebSocketServer does it. A text is a Buffer there, of which the application makes a string. As a
 * Writable it ends each write on the next tick; reads that follow at once share that tick, which flatters it a little.
 */
function wsReceiver(bufferutil, reader) {
  const { Receiver } = loadWs({ bufferutil })
  const receiver = new Receiver({
    allowSynchronousEvents: true,
    binaryType: 'nodebuffer',
    extensions: {},
    isServer: true,
    maxBufferedChunks: 256 * 1024,
    maxFragments: 16 * 1024,
    maxPayload: 100 * 1024 * 1024,
    skipUTF8Validation: false,
  })
  receiver.on('message', (data, isBinary) => {
    if (isBinary) reader.binary(data)
    else reader.text(data.toString())
  })
  receiver.on('error', (error) => {
    throw error
  })
  return (bytes) => {
    receiver.write(bytes)
  }
}

/** After a handshake of its own, fed through its stream as a socket would. Its texts are strings already. */
function driver(reader) {
  const connection = require('websocket-driver').server()
  connection.on('connect', () => connection.start())
  connection.messages.on('data', (data) => {
    if (typeof data === 'string') reader.text(data)
    else reader.binary(data)
  })
  connection.on('error', (error) => {
    throw error
  })
  connection.io.write(
    Buffer.from(
      'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    ),
  )
  return (bytes) => {
    connection.io.write(bytes)
  }
}
