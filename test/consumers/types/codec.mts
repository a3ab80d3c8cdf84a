// What a browser's worker writes; compiled without the types of Node.

import { Decoder, type DecoderEvent, HeadParser, judgeRequest, kernelName, Protocol } from 'gibbon-ws/codec'
import kernel from 'gibbon-ws/kernel.wasm'

const protocol = new Protocol({ role: 'server', readLimit: 1 << 20 })
const events: DecoderEvent[] = protocol.receive(new Uint8Array(0))
for (const event of events) {
  if (event.type === 1 || event.type === 2) protocol.sendMessage(event)
  else if (event.type === 0) event.error.code satisfies string
}
const output: Uint8Array = protocol.output()
const parser = new HeadParser('request')
if (parser.head !== undefined && 'key' in judgeRequest(parser.head))
  new Decoder({ role: 'client' }).push(output)
kernelName() satisfies 'js' | 'wasm' | 'native'
kernel satisfies WebAssembly.Module

// @ts-expect-error the declarations were found: what they do not have is an error
protocol.socket
