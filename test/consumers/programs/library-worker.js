// A worker's program: all of gibbon-ws where there are no sockets, connections over a pipe included, and what its parts that need sockets say.

import * as library from 'gibbon-ws'

async function failureOf(action) {
  try {
    await action()
    return 'none'
  } catch (error) {
    return `${error.name} ${error.code} ${error.message}`
  }
}

async function report() {
  const { Dialer, defaultDialer, dial, Upgrader } = library
  const failures = {
    Upgrader: await failureOf(() => new Upgrader()),
    Dialer: await failureOf(() => new Dialer()),
    dial: await failureOf(() => dial('ws://localhost/')),
    'defaultDialer.dial': await failureOf(() => defaultDialer.dial('ws://localhost/')),
  }
  // What is nobody's business must not disturb either: a rejection that is not waited for.
  dial('ws://localhost/')
  const { formatCloseMessage, kernelName, pipe, WebSocketError } = library
  const [server, client] = pipe()
  const writer = await client.nextWriter(1)
  await writer.write('one,')
  await writer.write('two')
  await writer.close()
  const reader = await server.nextReader()
  const reply = await server.nextWriter(1)
  for await (const piece of reader) await reply.write(piece)
  await reply.write('.')
  await reply.close()
  const echo = await client.readText()
  const { code } = await client.close()
  const works = [
    formatCloseMessage(1000, 'bye').join(),
    kernelName(),
    new WebSocketError('ERR_WS_OPCODE') instanceof WebSocketError,
    echo,
    code,
  ]
  postMessage(JSON.stringify({ names: Object.keys(library).sort(), failures, works }))
}

report()
