// What a program without any runtime's types writes as CommonJS: no DOM, no Node.

import { type DecoderEvent, Encoder } from 'gibbon-ws/codec'

import codec = require('gibbon-ws/codec')

const decoder: codec.Decoder = new codec.Decoder({ role: 'client' })
const events: DecoderEvent[] = decoder.push(new Uint8Array([0x81, 0x00]))
events.length satisfies number
new Encoder({ role: 'client' })

// @ts-expect-error the declarations were found: what they do not have is an error
decoder.socket
